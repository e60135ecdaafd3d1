package console

import (
	"net/http"
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
	Expiry   Expiry
	Alerts   bool         // an installer's token may report crashes as well
	Token    *accessToken // that is changed; nil for a new one
	Action   string
	Cancel   string
}

func (p tokenPages) askNew(v *visit) error {
	f := &form{}
	f.set("expires", usualExpiry)
	f.set("alerts", "true")
	return p.showNew(v, http.StatusOK, f)
}

func (p tokenPages) showNew(v *visit, status int, f *form) error {
	content, err := p.formOf(v, f)
	if err != nil {
		return err
	}
	content.Action, content.Cancel = p.Path+"/new", p.Path
	content.Expiry, content.Alerts = f.expiry(expiries), f.has("alerts")
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
	body := map[string]any{"scopes": list(p.scopesIn(f)), "personalAccessToken": p.Personal}
	if networks := f.words("allowedNetworks"); len(networks) > 0 {
		body["allowedNetworks"] = networks
	}
	again := func(status int) error { return p.showNew(v, status, f) }
	return v.issue(f, tokensPath, body, again, func(made issued) error {
		return v.revealOnce(p.Section, tokenShown(p.One, f.text("name"), made, v.curl(made.Token, p.Try), p.Path))
	})
}

// scopesIn are those of a form: all that were picked, or those of a kind of tokens with only some of them to choose from.
func (p tokenPages) scopesIn(f *form) []string {
	if p.Scope == "" {
		return f.Values["scopes"]
	}
	scopes := []string{p.Scope}
	if f.has("alerts") {
		scopes = append(scopes, supportAlertScope)
	}
	return scopes
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
