package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// clientForm is what the template of a new client, or of a change of one, gets.
type clientForm struct {
	Form        *form
	Name        Field
	Owner       Field
	Description Field
	Picker      Picker
	Owners      []string     // service users to choose from; none where they may not be listed
	Client      *oauthClient // that is changed; nil for a new one
	Presets     []clientPreset
	Action      string
	Cancel      string
}

// clientPreset is a set of scopes that a program for one purpose asks for.
type clientPreset struct {
	Key, Label string
	scopes     []string
}

// clientPresets are for programs that administer who may do what.
var clientPresets = []clientPreset{
	{"policies", "view and manage policies", []string{"iam-policies-management"}},
	{"account", "administer users, groups and policies", []string{
		"account-env-read", "account-idm-read", "account-idm-write", "iam-policies-management",
		"iam:bindings:read", "iam:bindings:write", "iam:boundaries:read", "iam:boundaries:write",
		"iam:effective-permissions:read", "iam:limits:read", "iam:policies:read", "iam:policies:write",
	}},
}

// askNew takes the scopes of a preset from the address, so that a link leads to a form that is half done.
func (p clientPages) askNew(v *visit) error {
	f := &form{}
	chosen := v.r.URL.Query().Get("for")
	if i := slices.IndexFunc(clientPresets, func(preset clientPreset) bool { return preset.Key == chosen }); i >= 0 {
		f.set("scopes", clientPresets[i].scopes...)
	}
	return p.showNew(v, http.StatusOK, f)
}

func (p clientPages) showNew(v *visit, status int, f *form) error {
	content, err := p.formOf(v, f)
	if err != nil {
		return err
	}
	content.Action, content.Cancel, content.Presets = clientsPage+"/new", clientsPage, clientPresets
	content.Owner.Required, content.Owner.Hint = false, content.Owner.Hint+" Empty: yourself."
	return v.show(status, "oauth_client_form", Page{Title: "New OAuth client", Section: "clients", Content: content})
}

// formOf is what a creation and a change have in common.
func (p clientPages) formOf(v *visit, f *form) (clientForm, error) {
	groups, err := v.clientScopes()
	if err != nil {
		return clientForm{}, err
	}
	scopes := f.Needed("scopes", "Scopes", "What the client may ask for. Each access token can do what its scopes and the owner's policies both allow.")
	return clientForm{
		Form:        f,
		Name:        f.Needed("name", "Name", "Says which program it is. It need not be unique."),
		Owner:       f.Needed("owner", "Owner", "The e-mail address of a user, or a service user: whom its access tokens act for."),
		Description: f.Field("description", "Description", ""),
		Picker:      pick(scopes, groups, false, f.Values["scopes"]),
		Owners:      v.serviceUsers(),
	}, nil
}

// clientScopes are all that OAuth clients can be given, by service. Each can be given by the API.
func (v *visit) clientScopes() ([]scopeGroup, error) {
	var list struct {
		Groups []scopeGroup `json:"groups"`
	}
	err := v.api.Get("/api/doorward/v1/scopes", url.Values{"kind": {"client"}}, &list)
	for _, g := range list.Groups {
		for i := range g.Scopes {
			g.Scopes[i].Creatable = true
		}
	}
	return list.Groups, err
}

// serviceUsers are the first hundred, to choose an owner from. Without the right to list them, an owner can be typed.
func (v *visit) serviceUsers() []string {
	here, err := v.place()
	if err != nil {
		return nil
	}
	var page struct {
		Results []struct {
			Email string `json:"email"`
		} `json:"results"`
	}
	if v.api.Get(to("/iam/v1/accounts", here.Account, "service-users"), nil, &page) != nil {
		return nil
	}
	var all []string
	for _, u := range page.Results {
		all = append(all, u.Email)
	}
	return all
}

// clientBody is what the API takes for a client. Nothing is left out: what the form has is what is wanted.
type clientBody struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Owner       *string  `json:"owner"` // nil: of a new one, the caller
	Scopes      []string `json:"scopes"`
}

func (f *form) client() clientBody {
	owner := f.text("owner")
	return clientBody{Name: f.text("name"), Description: f.text("description"), Owner: &owner, Scopes: list(f.Values["scopes"])}
}

func (p clientPages) create(v *visit) error {
	f := v.readForm()
	path, err := v.clientsPath()
	if err != nil {
		return err
	}
	body := f.client()
	if *body.Owner == "" {
		body.Owner = nil
	}
	var made clientWithSecret
	switch err := v.api.Call(http.MethodPost, path, body, &made); {
	case f.refuse(err):
		return p.showNew(v, f.Refusal.Status, f)
	case err != nil:
		return err
	}
	return p.reveal(v, "The OAuth client was created", made)
}

func (p clientPages) askEdit(v *visit) error {
	c, err := v.client()
	if err != nil {
		return err
	}
	f := &form{}
	f.set("name", c.Name)
	f.set("description", c.Description)
	f.set("owner", c.Owner)
	f.set("scopes", c.Scopes...)
	f.set("version", c.Version())
	return p.showEdit(v, http.StatusOK, c, f)
}

func (p clientPages) showEdit(v *visit, status int, c *oauthClient, f *form) error {
	content, err := p.formOf(v, f)
	if err != nil {
		return err
	}
	content.Client, content.Cancel = c, to(clientsPage, c.ID)
	content.Action = content.Cancel + "/edit"
	return v.show(status, "oauth_client_form", Page{Title: "Change " + c.Name, Section: "clients", Content: content})
}

func (p clientPages) edit(v *visit) error {
	f := v.readForm()
	c, err := v.client()
	if err != nil {
		return err
	}
	if f.clientChangedMeanwhile(c) {
		return p.showEdit(v, http.StatusConflict, c, f)
	}
	switch err := v.changeClient(c.ID, f.client()); {
	case f.refuse(err):
		return p.showEdit(v, f.Refusal.Status, c, f)
	case err != nil:
		return err
	}
	return v.done(to(clientsPage, c.ID), "edited")
}

// clientChangedMeanwhile reports whether somebody else has changed the client since the form was opened. The form keeps what
// was typed and says what is stored; sent again, it takes the place of that.
func (f *form) clientChangedMeanwhile(c *oauthClient) bool {
	if f.raw("version") == c.Version() {
		return false
	}
	f.set("version", c.Version())
	var stored []Violation
	for _, now := range []struct{ field, typed, stored string }{
		{"name", f.text("name"), c.Name}, {"owner", f.text("owner"), c.Owner}, {"description", f.text("description"), c.Description},
		{"scopes", strings.Join(slices.Sorted(slices.Values(f.Values["scopes"])), ", "), strings.Join(c.Scopes, ", ")},
	} {
		if now.typed != now.stored {
			stored = append(stored, Violation{Path: now.field, Message: "Stored now: " + now.stored})
		}
	}
	f.Refusal = &Refusal{
		Status: http.StatusConflict, Violations: stored,
		Message: "Somebody else changed the client since this form was opened. Nothing was saved yet. Saving again takes the place of what is stored.",
	}
	return true
}
