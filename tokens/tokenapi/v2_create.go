package tokenapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens"
)

// tokenCreation is the body of a creation.
type tokenCreation struct {
	Name     string          `json:"name"`
	Scopes   []string        `json:"scopes"`
	Expires  json.RawMessage `json:"expirationDate"` // a text, or a number of milliseconds
	Personal bool            `json:"personalAccessToken"`
	Enabled  *bool           `json:"enabled"`
	Networks []string        `json:"allowedNetworks"`
}

// tokenCreated is the only answer that a secret is ever in.
type tokenCreated struct {
	ID      string  `json:"id"`
	Token   string  `json:"token"`
	Expires *string `json:"expirationDate,omitempty"`
}

func (c Config) createToken(w http.ResponseWriter, call *rest.Call) error {
	var body tokenCreation
	if err := call.Read(&body); err != nil {
		return err
	}
	request := tokens.CreateRequest{Attributes: tokens.Attributes{
		Name: body.Name, Scopes: body.Scopes, Personal: body.Personal, Networks: body.Networks,
	}}
	var wrong []rest.Violation
	expires, err := expiry(body.Expires, c.now())
	if err != nil {
		wrong = append(wrong, inBody(fieldExpiry, fault.Public(err)))
	}
	request.Expires = expires
	request.Disabled = body.Enabled != nil && !*body.Enabled
	created, err := c.create(call, request, wrong)
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusCreated, tokenCreated{
		ID: created.Record.ID, Token: created.Secret.Reveal(), Expires: date(created.Record.Expires),
	})
}

// fieldExpiry is what both the API and package tokens call the date.
const fieldExpiry = "expirationDate"

// expiry reads the date of a creation; zero for none.
func expiry(value json.RawMessage, now time.Time) (time.Time, error) {
	text := string(value)
	if text == "" || text == "null" {
		return time.Time{}, nil
	}
	if unquoted, err := jsonText(value); err == nil {
		text = unquoted
	} else if _, err := strconv.ParseInt(text, 10, 64); err != nil {
		return time.Time{}, fault.New(fault.Invalid, "Expected a text or a number of milliseconds.", nil)
	}
	return tokens.ParseExpiry(text, now)
}

func jsonText(value json.RawMessage) (text string, err error) {
	err = json.Unmarshal(value, &text)
	return text, err
}

func inBody(path, message string) rest.Violation {
	return rest.Violation{Path: path, Message: message, ParameterLocation: rest.InBody}
}

// create makes a token, or says everything that is wrong with the request at once: what was found wrong here and what the
// service finds. For the latter the service is shown a date long past, so that it refuses in any case.
func (c Config) create(call *rest.Call, request tokens.CreateRequest, wrong []rest.Violation) (tokens.Created, error) {
	if len(wrong) == 0 {
		return c.within(call).Create(call.Context(), request)
	}
	request.Expires = time.Unix(0, 0)
	_, err := c.within(call).Create(call.Context(), request)
	if err != nil && fault.KindOf(err) != fault.Invalid {
		return tokens.Created{}, err
	}
	for _, v := range rest.Of(err).Violations {
		if v.Path != fieldExpiry {
			wrong = append(wrong, v)
		}
	}
	return tokens.Created{}, &rest.Error{Status: http.StatusBadRequest, Message: "Constraints violated.", Violations: wrong}
}
