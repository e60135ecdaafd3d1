package tokenapi

import (
	"net/http"
	"time"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens"
)

// duration is a period in v1.
type duration struct {
	Value *int64 `json:"value"`
	Unit  string `json:"unit"` // default MILLIS
}

// units of a duration.
var units = map[string]time.Duration{
	"DAYS": 24 * time.Hour, "HOURS": time.Hour, "MINUTES": time.Minute, "SECONDS": time.Second, "MILLIS": time.Millisecond, "": time.Millisecond,
}

// after adds the duration to a time. What is wrong with it is one violation.
func (d duration) after(now time.Time) (time.Time, *rest.Violation) {
	unit, known := units[d.Unit]
	most := (maxMillis - now.UnixMilli()) / max(unit.Milliseconds(), 1)
	switch {
	case !known:
		return time.Time{}, new(inBody("expiresIn.unit", "Expected one of DAYS, HOURS, MINUTES, SECONDS, MILLIS."))
	case d.Value == nil:
		return time.Time{}, new(inBody("expiresIn.value", "The number of units is missing."))
	case *d.Value < 1 || *d.Value > most:
		return time.Time{}, new(inBody("expiresIn.value", "Expected a number of at least 1 that ends before the year 10000."))
	}
	return time.UnixMilli(now.UnixMilli() + *d.Value*unit.Milliseconds()).UTC(), nil
}

func (c Config) createV1(w http.ResponseWriter, call *rest.Call) error {
	var body struct {
		Name      string    `json:"name"`
		Scopes    []string  `json:"scopes"`
		ExpiresIn *duration `json:"expiresIn"`
	}
	if err := call.Read(&body); err != nil {
		return err
	}
	request := tokens.CreateRequest{Attributes: tokens.Attributes{Name: body.Name, Scopes: body.Scopes}}
	var wrong []rest.Violation
	if body.ExpiresIn != nil {
		expires, violation := body.ExpiresIn.after(c.now())
		if request.Expires = expires; violation != nil {
			wrong = append(wrong, *violation)
		}
	}
	created, err := c.create(call, request, wrong)
	if err != nil {
		return err
	}
	return writeSecret(w, call, created.Secret)
}

// writeSecret answers in the form that the client prefers. The reference does not say how the texts look: plain text is
// the token and nothing else; CSV is RFC 4180 with a header line.
func writeSecret(w http.ResponseWriter, call *rest.Call, secret tokens.Secret) error {
	text := secret.Reveal()
	switch form := preferred(call.Header.Values("Accept"), "application/json", "text/plain", "text/csv"); form {
	case "text/plain":
		rest.WriteText(w, http.StatusCreated, form+"; charset=utf-8", text)
	case "text/csv":
		rest.WriteText(w, http.StatusCreated, form+"; charset=utf-8", "token\r\n"+text+"\r\n")
	default:
		return rest.Write(w, http.StatusCreated, struct {
			Token string `json:"token"`
		}{text})
	}
	return nil
}
