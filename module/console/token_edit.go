package console

import (
	"net/http"
	"slices"
	"strings"
)

func (p tokenPages) askEdit(v *visit) error {
	t, err := v.token(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	f := &form{}
	f.set("name", t.Name)
	f.set("scopes", t.Scopes...)
	f.set("allowedNetworks", strings.Join(t.Networks, "\n"))
	f.set("modified", t.Modified)
	return p.showEdit(v, http.StatusOK, t, f)
}

func (p tokenPages) showEdit(v *visit, status int, t *accessToken, f *form) error {
	content, err := p.formOf(v, f)
	if err != nil {
		return err
	}
	content.Token, content.Cancel = t, to(p.Path, t.ID)
	content.Action = content.Cancel + "/edit"
	return v.show(status, "token_form", Page{Title: "Change " + t.Name, Section: p.Section, Content: content})
}

func (p tokenPages) edit(v *visit) error {
	f := v.readForm()
	t, err := v.token(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	if f.changedMeanwhile(t) {
		return p.showEdit(v, http.StatusConflict, t, f)
	}
	body := map[string]any{"name": f.text("name"), "scopes": list(f.Values["scopes"]), "allowedNetworks": list(f.words("allowedNetworks"))}
	switch err := v.api.Call(http.MethodPut, to(tokensPath, t.ID), body, nil); {
	case f.refuse(err):
		return p.showEdit(v, f.Refusal.Status, t, f)
	case err != nil:
		return err
	}
	return v.done(to(p.Path, t.ID), "edited")
}

// changedMeanwhile reports whether somebody else has changed the token since the form was opened. The form keeps what was
// typed and says what is stored; sent again, it takes the place of that.
func (f *form) changedMeanwhile(t *accessToken) bool {
	if f.raw("modified") == t.Modified {
		return false
	}
	f.set("modified", t.Modified)
	stored := []Violation{
		{Path: "name", Message: "Stored now: " + t.Name},
		{Path: "scopes", Message: "Stored now: " + strings.Join(t.Scopes, ", ")},
	}
	if len(t.Networks) > 0 {
		stored = append(stored, Violation{Path: "allowedNetworks", Message: "Stored now: " + strings.Join(t.Networks, ", ")})
	}
	f.Refusal = &Refusal{
		Status: http.StatusConflict, Violations: stored,
		Message: "Somebody else changed the token since this form was opened. Nothing was saved yet. Saving again takes the place of what is stored.",
	}
	return true
}

// smaller is what the template that takes scopes away gets.
type smaller struct {
	tokenPages
	Form   *form
	Token  accessToken
	Scopes []scopeItem // Chosen: stays
	Here   string
}

func (p tokenPages) askSmaller(v *visit) error {
	t, err := v.token(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	f := &form{}
	f.set("modified", t.Modified)
	for _, value := range t.Scopes {
		if !slices.Contains(t.Unused, value) {
			f.Values["keep"] = append(f.Values["keep"], value)
		}
	}
	return p.showSmaller(v, http.StatusOK, t, f)
}

func (p tokenPages) showSmaller(v *visit, status int, t *accessToken, f *form) error {
	content := smaller{tokenPages: p, Form: f, Token: *t, Here: to(p.Path, t.ID)}
	for _, s := range v.named(*t) {
		content.Scopes = append(content.Scopes, scopeItem{Value: s.Value, Name: s.Name, Chosen: slices.Contains(f.Values["keep"], s.Value)})
	}
	return v.show(status, "token_smaller", Page{Title: "Make " + t.Name + " smaller", Section: p.Section, Content: content})
}

// makeSmaller only takes away: a scope that the token does not have now cannot be given by this form.
func (p tokenPages) makeSmaller(v *visit) error {
	f := v.readForm()
	t, err := v.token(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	if f.changedMeanwhile(t) {
		return p.showSmaller(v, http.StatusConflict, t, f)
	}
	keep := slices.DeleteFunc(slices.Clone(t.Scopes), func(value string) bool { return !slices.Contains(f.Values["keep"], value) })
	switch err := v.api.Call(http.MethodPut, to(tokensPath, t.ID), map[string]any{"scopes": list(keep)}, nil); {
	case f.refuse(err):
		return p.showSmaller(v, f.Refusal.Status, t, f)
	case err != nil:
		return err
	}
	return v.done(to(p.Path, t.ID), "smaller")
}
