package console

import (
	"net/http"
	"slices"
	"strings"
)

// userForm is what the template of a new user, or of a change of a service user, gets.
type userForm struct {
	Form           *form
	Email, Name    *Field // nil: not asked for
	Description    *Field
	User           *user // that is changed; nil for a new one
	Lead, Button   string
	Action, Cancel string
}

func askNewUser(v *visit) error { return showNewUser(v, http.StatusOK, &form{}) }

func showNewUser(v *visit, status int, f *form) error {
	email := f.Needed("email", "E-mail address", "By which the user signs in elsewhere. Here nobody signs in with it: it is what groups and tokens are for.")
	name := f.Field("name", "Name", "")
	content := userForm{
		Form: f, Email: &email, Name: &name, Action: "/users/new", Cancel: "/users", Button: "Create the user",
		Lead: "A person. What it may do comes from the groups that it is in.",
	}
	return v.show(status, "user_form", Page{Title: "New user", Section: "users", Content: content})
}

func createUser(v *visit) error {
	f := v.readForm()
	here, err := v.place()
	if err != nil {
		return err
	}
	var made user
	switch err := v.api.Call(http.MethodPost, here.of("users"), map[string]string{"email": f.text("email"), "name": f.text("name")}, &made); {
	case f.refuse(err):
		f.about("email", "name")
		return showNewUser(v, f.Refusal.Status, f)
	case err != nil:
		return err
	}
	return v.done(to("/users", made.UID), "created")
}

func askNewServiceUser(v *visit) error { return showNewServiceUser(v, http.StatusOK, &form{}) }

func showNewServiceUser(v *visit, status int, f *form) error {
	content := serviceForm(f)
	content.Action, content.Cancel, content.Button = "/users/new-service", "/users?kind="+serviceUsers, "Create the service user"
	content.Lead = "For a program: groups give it rights as they give them to people, and OAuth clients and platform tokens act for it."
	return v.show(status, "user_form", Page{Title: "New service user", Section: "users", Content: content})
}

func serviceForm(f *form) userForm {
	name := f.Needed("name", "Name", "Says which program it is.")
	description := f.Field("description", "Description", "")
	return userForm{Form: f, Name: &name, Description: &description}
}

func createServiceUser(v *visit) error {
	f := v.readForm()
	here, err := v.place()
	if err != nil {
		return err
	}
	var made struct {
		UUID string `json:"uuid"`
	}
	switch err := v.api.Call(http.MethodPost, here.of("service-users"), describing(f), &made); {
	case f.refuse(err):
		f.about("name", "description")
		return showNewServiceUser(v, f.Refusal.Status, f)
	case err != nil:
		return err
	}
	return v.done(to("/users", made.UUID), "created")
}

// describing is the name and description of a form, as bodies of the API have them.
func describing(f *form) map[string]string {
	return map[string]string{"name": f.text("name"), "description": f.text("description")}
}

func askEditUser(v *visit) error {
	_, u, err := v.visited()
	if err != nil {
		return err
	}
	f := &form{}
	f.set("name", u.Name)
	f.set("description", u.Description)
	f.set("before", digestOf(u.Name, u.Description))
	return showEditUser(v, http.StatusOK, u, f)
}

func showEditUser(v *visit, status int, u *user, f *form) error {
	content := serviceForm(f)
	content.User, content.Cancel, content.Button = u, to("/users", u.UID), "Save"
	content.Action = content.Cancel + "/edit"
	return v.show(status, "user_form", Page{Title: "Change " + u.Title(), Section: "users", Content: content})
}

func editUser(v *visit) error {
	f := v.readForm()
	here, u, err := v.visited()
	if err != nil {
		return err
	}
	stored := []Violation{{Path: "name", Message: "Stored now: " + u.Name}, {Path: "description", Message: "Stored now: " + u.Description}}
	if f.isOutdated(digestOf(u.Name, u.Description), stored) {
		return showEditUser(v, http.StatusConflict, u, f)
	}
	switch err := v.api.Call(http.MethodPut, here.of("service-users", u.UID), describing(f), nil); {
	case f.refuse(err):
		f.about("name", "description")
		return showEditUser(v, f.Refusal.Status, u, f)
	case err != nil:
		return err
	}
	return v.done(to("/users", u.UID), "edited")
}

// about finds the field of a refusal that names none, as those of accounts are: by the words that the API has for it, and the
// first where there are none of them.
func (f *form) about(names ...string) {
	r := f.Refusal
	if len(r.Violations) > 0 || r.Status != http.StatusBadRequest && r.Status != http.StatusConflict {
		return
	}
	at := slices.IndexFunc(names, func(name string) bool {
		return strings.Contains(r.Message, "The "+name+" ") || strings.HasPrefix(r.Message, name+":")
	})
	r.Violations = []Violation{{Path: names[max(at, 0)], Message: r.Message}}
	r.Message = "Nothing was saved yet."
}
