package console

import (
	"net/http"
	"strings"
)

// ownDate is the preset that lets a date be typed.
const ownDate = "date"

// expiries are the presets of a new token, in the API's words, the shortest first. What ends by itself needs nobody to
// remember it, so never is not what is chosen before somebody chooses.
var expiries = []Choice{
	{"now+1d", "1 day"}, {"now+7d", "7 days"}, {"now+30d", "30 days"}, {"now+90d", "90 days"}, {"now+1y", "1 year"},
	{"", "Never"}, {ownDate, "On a date"},
}

const usualExpiry = "now+90d"

// tokenForm is what the template of a new token, or of a change of one, gets.
type tokenForm struct {
	tokenPages
	Form     *form
	Name     Field
	Networks Field
	Picker   Picker
	Expiry   Field
	Date     Field
	Expiries []Choice
	Token    *accessToken // that is changed; nil for a new one
	Action   string
	Cancel   string
}

func (p tokenPages) askNew(v *visit) error {
	f := &form{}
	f.set("expires", usualExpiry)
	return p.showNew(v, http.StatusOK, f)
}

func (p tokenPages) showNew(v *visit, status int, f *form) error {
	content, err := p.formOf(v, f)
	if err != nil {
		return err
	}
	content.Action, content.Cancel = p.Path+"/new", p.Path
	content.Expiry = f.Field("expires", "Expires", "")
	content.Expiry.Errors = f.errors("expirationDate")
	content.Date = f.Field("date", "Date and time, in UTC", "")
	content.Expiries = expiries
	return v.show(status, "token_form", Page{Title: "New " + p.One, Section: p.Section, Content: content})
}

// formOf is what a creation and a change have in common.
func (p tokenPages) formOf(v *visit, f *form) (tokenForm, error) {
	groups, err := v.scopes()
	if err != nil {
		return tokenForm{}, err
	}
	scopes := f.Needed("scopes", "Scopes", "What the token may do. Give it as little as it needs.")
	return tokenForm{
		tokenPages: p, Form: f,
		Name:     f.Needed("name", "Name", "Says what the token is for. It need not be unique."),
		Networks: f.Field("allowedNetworks", "Networks", "Addresses and prefixes such as 10.0.0.0/8 that it may be used from, one a line. Empty: from everywhere."),
		Picker:   pick(scopes, groups, p.Personal, f.Values["scopes"]),
	}, nil
}

func (p tokenPages) create(v *visit) error {
	f := v.readForm()
	body := map[string]any{"name": f.text("name"), "scopes": list(f.Values["scopes"]), "personalAccessToken": p.Personal}
	if networks := f.words("allowedNetworks"); len(networks) > 0 {
		body["allowedNetworks"] = networks
	}
	switch expires := f.text("expires"); expires {
	case "":
	case ownDate:
		body["expirationDate"] = strings.TrimSuffix(f.text("date"), "Z")
	default:
		body["expirationDate"] = expires
	}
	var made struct {
		ID      string `json:"id"`
		Token   string `json:"token"`
		Expires string `json:"expirationDate"`
	}
	switch err := v.api.Call(http.MethodPost, tokensPath, body, &made); {
	case f.refuse(err):
		return p.showNew(v, f.Refusal.Status, f)
	case err != nil:
		return err
	}
	return v.reveal(p.Section, secret{
		Title: "The " + p.One + " was created", Thing: f.text("name"), Text: made.Token, Expires: made.Expires,
		Command: v.curl("Api-Token", made.Token), Next: to(p.Path, made.ID), NextLabel: "To the token",
	})
}

// list is never null in a body.
func list(values []string) []string {
	if values == nil {
		return []string{}
	}
	return values
}

// set gives a form a value before somebody types one.
func (f *form) set(name string, values ...string) {
	if f.Values == nil {
		f.Values = map[string][]string{}
	}
	f.Values[name] = values
}
