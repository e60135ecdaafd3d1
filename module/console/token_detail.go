package console

import (
	"net/http"
	"slices"
)

// tokenDetail is what the template of one token gets.
type tokenDetail struct {
	tokenPages
	Token accessToken
	Named []namedScope // its scopes, with their names where these may be listed
	Here  string       // path of the page
}

// namedScope is a scope of a token.
type namedScope struct {
	Value, Name string
	Unused      bool
}

func (p tokenPages) show(v *visit) error {
	t, err := v.token(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	if here := to(p.Path, v.r.PathValue("id")); t.Personal != p.Personal {
		other := "/tokens"
		if t.Personal {
			other = "/personal-tokens"
		}
		if here != to(other, t.ID) {
			return v.done(to(other, t.ID), "")
		}
	}
	here := to(p.Path, t.ID)
	content := tokenDetail{tokenPages: p, Token: *t, Here: here, Named: v.named(*t)}
	return v.show(http.StatusOK, "token", Page{Title: t.Name, Section: p.Section, Content: content, Outcomes: p.outcomes(here)})
}

// token reads a token. Only its identifier is sent on: an address with a whole secret in it is refused by the API, and would
// be in the browser's history all the same.
func (v *visit) token(id string) (*accessToken, error) {
	t := new(accessToken)
	if err := v.api.Get(to(tokensPath, id), nil, t); err != nil {
		return nil, err
	}
	t.setState(v.console.config.Now())
	return t, nil
}

// named is the scopes of a token, those first that it has not used.
func (v *visit) named(t accessToken) []namedScope {
	names := map[string]string{}
	for _, g := range v.scopesIfAllowed() {
		for _, s := range g.Scopes {
			names[s.Value] = s.Name
		}
	}
	var all []namedScope
	for _, value := range t.Scopes {
		all = append(all, namedScope{value, names[value], slices.Contains(t.Unused, value)})
	}
	return all
}

// toggle switches a token on or off.
func (p tokenPages) toggle(enabled bool, outcome string) serve {
	return func(v *visit) error {
		id := v.r.PathValue("id")
		if err := v.api.Call(http.MethodPut, to(tokensPath, id), map[string]bool{"enabled": enabled}, nil); err != nil {
			return err
		}
		return v.done(to(p.Path, id), outcome)
	}
}

func (p tokenPages) askDelete(v *visit) error {
	t, err := v.token(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	here := to(p.Path, t.ID)
	question := confirmation{
		Title: "Delete the token?", Question: "Requests with this " + p.One + " will be refused from the moment on:", Thing: t.Name,
		Consequences: []string{
			"This cannot be undone. A token that is only disabled can be enabled again.",
			"The audit log keeps what was done with it.",
		},
		Action: here + "/delete", Cancel: here, Button: "Delete the token",
	}
	if last := when(t.LastUsed); last != nil {
		question.Consequences = append([]string{"It was last used at " + last.Shown + from(t.LastUsedIP) + "."}, question.Consequences...)
	}
	return v.confirm(p.Section, question)
}

func from(address string) string {
	if address == "" {
		return ""
	}
	return " from " + address
}

func (p tokenPages) delete(v *visit) error {
	if err := v.api.Call(http.MethodDelete, to(tokensPath, v.r.PathValue("id")), nil, nil); err != nil {
		return err
	}
	return v.done(p.Path, "deleted")
}

// personalSwitch is whether personal tokens are taken here, "on" or "off"; "" where this person may not know.
func (v *visit) personalSwitch() string {
	var settings struct {
		On bool `json:"personalAccessTokens"`
	}
	switch err := v.api.Get(settingsPath, nil, &settings); {
	case err != nil:
		return ""
	case settings.On:
		return "on"
	}
	return "off"
}

const settingsPath = "/api/doorward/v1/tokenSettings"

func (p tokenPages) switchPersonal(v *visit) error {
	on := v.readForm().text("on") == "true"
	err := v.api.Call(http.MethodPut, settingsPath, map[string]bool{"personalAccessTokens": on}, nil)
	if err != nil {
		return err
	}
	if on {
		return v.done(p.Path, "on")
	}
	return v.done(p.Path, "off")
}
