package console

import (
	"net/http"
	"strings"
)

// groupForm is what the template of a new group, or of a change of one, gets.
type groupForm struct {
	Form                         *form
	Name, Description, Federated Field
	Group                        *groupInfo // that is changed; nil for a new one
	Action, Cancel               string
}

func askNewGroup(v *visit) error { return showGroupForm(v, http.StatusOK, nil, &form{}) }

func showGroupForm(v *visit, status int, g *groupInfo, f *form) error {
	content := groupForm{
		Form:        f,
		Name:        f.Needed("name", "Name", "Unique in the account."),
		Description: f.Field("description", "Description", "Who is in it, and what for."),
		Federated: f.Field("federatedAttributeValues", "Values of an issuer's claim",
			"Whoever signs in at a trusted issuer with one of these values is a member. One a line."),
		Group: g, Action: "/groups/new", Cancel: "/groups",
	}
	title := "New group"
	if g != nil {
		content.Cancel, title = to("/groups", g.UUID), "Change "+g.Name
		content.Action = content.Cancel + "/edit"
	}
	return v.show(status, "group_form", Page{Title: title, Section: "groups", Content: content})
}

// groupBody is a group as the API takes it.
func groupBody(f *form) map[string]any {
	return map[string]any{
		"name": f.text("name"), "description": f.text("description"), "federatedAttributeValues": list(f.lines("federatedAttributeValues")),
	}
}

// lines are the values of a list of which each stands on a line of its own, blanks within them.
func (f *form) lines(name string) []string {
	var all []string
	for line := range strings.Lines(f.raw(name)) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

func createGroup(v *visit) error {
	f := v.readForm()
	here, err := v.place()
	if err != nil {
		return err
	}
	var made []groupInfo
	switch err := v.api.Call(http.MethodPost, here.of("groups"), []any{groupBody(f)}, &made); {
	case f.refuse(err):
		f.aboutGroup()
		return showGroupForm(v, f.Refusal.Status, nil, f)
	case err != nil:
		return err
	case len(made) != 1:
		return v.done("/groups", "")
	}
	return v.done(to("/groups", made[0].UUID), "created")
}

// aboutGroup is about for the words that the API has for the parts of a group.
func (f *form) aboutGroup() {
	member := "name"
	switch message := f.Refusal.Message; {
	case strings.Contains(message, "description"):
		member = "description"
	case strings.Contains(message, "federated"):
		member = "federatedAttributeValues"
	}
	f.about(member)
}

func askEditGroup(v *visit) error {
	_, g, err := v.group()
	if err != nil {
		return err
	}
	f := &form{}
	f.set("name", g.Name)
	f.set("description", g.Description)
	f.set("federatedAttributeValues", strings.Join(g.Federated, "\n"))
	f.set("before", g.digest())
	return showGroupForm(v, http.StatusOK, g, f)
}

func (g *groupInfo) digest() string { return digestOf(g.Name, g.Description, list(g.Federated)) }

func editGroup(v *visit) error {
	f := v.readForm()
	here, g, err := v.group()
	if err != nil {
		return err
	}
	stored := []Violation{
		{Path: "name", Message: "Stored now: " + g.Name},
		{Path: "description", Message: "Stored now: " + g.Description},
		{Path: "federatedAttributeValues", Message: "Stored now: " + strings.Join(g.Federated, ", ")},
	}
	if f.isOutdated(g.digest(), stored) {
		return showGroupForm(v, http.StatusConflict, g, f)
	}
	switch err := v.api.Call(http.MethodPut, here.of("groups", g.UUID), groupBody(f), nil); {
	case f.refuse(err):
		f.aboutGroup()
		return showGroupForm(v, f.Refusal.Status, g, f)
	case err != nil:
		return err
	}
	return v.done(to("/groups", g.UUID), "edited")
}
