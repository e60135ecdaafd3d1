package console

import (
	"net/http"
	"net/url"
	"slices"
)

// userDetail is what the template of one user gets.
type userDetail struct {
	User    user
	Here    string    // path of the page
	Form    *form     // by which groups are added
	Groups  *tickable // that the user is not in
	Refusal *Refusal  // why the groups cannot be listed; nil where they are
	Tokens  string    // path of the tokens that stand for the user
	Own     string    // and of the personal ones
	Rights  *effective
}

// user reads one with its groups. What is not an address of the API's is an identifier there.
func (v *visit) user(here place, id string) (*user, error) {
	u := new(user)
	if err := v.api.Get(here.of("users", id), nil, u); err != nil {
		return nil, err
	}
	slices.SortFunc(u.Groups, func(a, b memberGroup) int { return byText(a.Name, b.Name) })
	var service user
	switch err := v.api.Get(here.of("service-users", u.UID), nil, &service); {
	case isRefusal(err, http.StatusNotFound), isRefusal(err, http.StatusForbidden), isRefusal(err, http.StatusBadRequest):
	case err != nil:
		return nil, err
	default:
		u.Service, u.Name, u.Description, u.Created = true, service.Name, service.Description, service.Created
	}
	return u, nil
}

// visited is the user of the page's path.
func (v *visit) visited() (place, *user, error) {
	here, err := v.place()
	if err != nil {
		return place{}, nil, err
	}
	u, err := v.user(here, v.r.PathValue("id"))
	return here, u, err
}

func showUser(v *visit) error { return showUserWith(v, http.StatusOK, &form{}) }

func showUserWith(v *visit, status int, f *form) error {
	here, u, err := v.visited()
	if err != nil {
		return err
	}
	path := to("/users", u.UID)
	owner := withQuery("", url.Values{"owner": {u.Email}})
	content := userDetail{User: *u, Here: path, Form: f, Tokens: "/tokens" + owner, Own: "/personal-tokens" + owner}
	if content.Groups, err = v.groupsToChoose(here, f, u.isIn); err != nil {
		return err
	}
	if content.Rights, err = v.effective(here, "user", u.UID, path+"/rights"); err != nil {
		return err
	}
	return v.show(status, "user", Page{Title: u.Title(), Section: "users", Content: content, Outcomes: v.userOutcomes(path)})
}

// showUserRights is all that a user may do.
func showUserRights(v *visit) error {
	here, u, err := v.visited()
	if err != nil {
		return err
	}
	path := to("/users", u.UID)
	rights, err := v.effective(here, "user", u.UID, path+"/rights")
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "rights", Page{Title: "What " + u.Title() + " may do", Section: "users", Content: rightsOf{u.Title(), path, rights}})
}

func (u user) isIn(group string) bool {
	return slices.ContainsFunc(u.Groups, func(g memberGroup) bool { return g.UUID == group })
}

// userOutcomes are what was done with a user. The group that was added or left is in the address, for the way back.
func (v *visit) userOutcomes(path string) map[string]Outcome {
	outcomes := map[string]Outcome{
		"created": {Message: "The user was created. In groups it gets what their policies grant."},
		"edited":  {Message: "The user was changed."},
		"added":   {Message: "The user is in the groups now."},
		"joined":  {Message: "The user is in the group now."},
		"left":    {Message: "The user is not in the group any more."},
	}
	if group := v.r.URL.Query().Get("group"); group != "" {
		outcomes["joined"] = Outcome{outcomes["joined"].Message, to(path, "groups", group, "remove")}
		outcomes["left"] = Outcome{outcomes["left"].Message, to(path, "groups", group, "add")}
	}
	return outcomes
}

func addUserToGroups(v *visit) error {
	f := v.readForm()
	here, u, err := v.visited()
	if err != nil {
		return err
	}
	groups, err := v.chosenGroups(here, f)
	if err == nil {
		err = v.api.Call(http.MethodPost, here.of("users", u.UID), list(groups), nil)
	}
	switch {
	case f.refuse(err):
		f.about("groups")
		return showUserWith(v, f.Refusal.Status, f)
	case err != nil:
		return err
	}
	return v.done(to("/users", u.UID), "added")
}

// addUserToGroup and removeUserFromGroup are each other's undoing.
func addUserToGroup(v *visit) error {
	here, err := v.place()
	if err != nil {
		return err
	}
	id, group := v.r.PathValue("id"), v.r.PathValue("group")
	if err := v.api.Call(http.MethodPost, here.of("users", id), []string{group}, nil); err != nil {
		return err
	}
	return v.done(v.backFrom(id, group), "joined")
}

func removeUserFromGroup(v *visit) error {
	here, err := v.place()
	if err != nil {
		return err
	}
	id, group := v.r.PathValue("id"), v.r.PathValue("group")
	target := withQuery(here.of("users", id, "groups"), url.Values{"group-uuid": {group}})
	if err := v.api.Call(http.MethodDelete, target, nil, nil); err != nil {
		return err
	}
	return v.done(v.backFrom(id, group), "left")
}

// backFrom is the page where somebody changed a membership: the user's, or the group's.
func (v *visit) backFrom(user, group string) string {
	if v.readForm().text("back") == "group" {
		return withQuery(to("/groups", group), url.Values{"user": {user}})
	}
	return withQuery(to("/users", user), url.Values{"group": {group}})
}

func askDeleteUser(v *visit) error {
	_, u, err := v.visited()
	if err != nil {
		return err
	}
	path := to("/users", u.UID)
	question := confirmation{
		Title: "Delete the user?", Question: "Everything that acts for this user loses its rights:", Thing: u.Title(),
		Consequences: []string{
			"Tokens that stand for the user end with it.",
			"This cannot be undone: a new user of the same name is somebody else.",
			"The audit log keeps what the user did.",
		},
		Action: path + "/delete", Cancel: path, Button: "Delete the user",
	}
	if n := len(u.Groups); n > 0 {
		question.Consequences = append([]string{"It leaves " + plural(n, "group", "groups") + "."}, question.Consequences...)
	}
	return v.confirm("users", question)
}

func deleteUser(v *visit) error {
	here, u, err := v.visited()
	if err != nil {
		return err
	}
	if !u.Service {
		err = v.api.Call(http.MethodDelete, here.of("users", u.UID), nil, nil)
	} else {
		err = v.api.Call(http.MethodDelete, here.of("service-users", u.UID), nil, nil)
	}
	if err != nil {
		return err
	}
	if u.Service {
		return v.done("/users?kind="+serviceUsers, "deleted")
	}
	return v.done("/users", "deleted")
}
