package console

import (
	"net/http"
	"net/url"
	"slices"
)

// groupDetail is what the template of one group gets.
type groupDetail struct {
	Group   groupInfo
	Here    string
	Listing *Listing // of its members
	Members []user
	Form    *form // by which a member is added
	Email   Field
	Bound   []boundPolicy
	Refusal *Refusal // why the bindings cannot be listed
	Rights  *effective
}

// boundPolicy is a policy of a group, on its terms.
type boundPolicy struct {
	Level   policyLevel
	Policy  policyRef
	Binding binding
	Path    string // of the page of the binding
}

// group is the one of the page's path. The API has no operation for one alone.
func (v *visit) group() (place, *groupInfo, error) {
	here, err := v.place()
	if err != nil {
		return place{}, nil, err
	}
	all, err := v.groups(here)
	if err != nil {
		return place{}, nil, err
	}
	id := v.r.PathValue("id")
	at := slices.IndexFunc(all, func(g groupInfo) bool { return g.UUID == id })
	if at < 0 {
		return place{}, nil, &Refusal{Status: http.StatusNotFound, Message: "There is no such group."}
	}
	return here, &all[at], nil
}

func showGroup(v *visit) error { return showGroupWith(v, http.StatusOK, &form{}) }

func showGroupWith(v *visit, status int, f *form) error {
	here, g, err := v.group()
	if err != nil {
		return err
	}
	path := to("/groups", g.UUID)
	members, err := v.members(here, g.UUID)
	if err != nil {
		return err
	}
	content := groupDetail{Group: *g, Here: path, Form: f, Email: f.Needed("email", "E-mail address of a user", ""), Listing: v.readListing(path)}
	content.Members = window(content.Listing, members, nil)
	if content.Bound, content.Refusal, err = v.policiesOf(here, g.UUID); err != nil {
		return err
	}
	if content.Rights, err = v.effective(here, "group", g.UUID, path+"/rights"); err != nil {
		return err
	}
	return v.show(status, "group", Page{Title: g.Name, Section: "groups", Content: content, Outcomes: v.groupOutcomes(g.UUID)})
}

// showGroupRights is all that the policies of a group grant.
func showGroupRights(v *visit) error {
	here, g, err := v.group()
	if err != nil {
		return err
	}
	path := to("/groups", g.UUID)
	rights, err := v.effective(here, "group", g.UUID, path+"/rights")
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "rights", Page{Title: "What " + g.Name + " may do", Section: "groups", Content: rightsOf{g.Name, path, rights}})
}

// groupOutcomes are what was done with a group. The member that came or went is in the address, for the way back.
func (v *visit) groupOutcomes(group string) map[string]Outcome {
	outcomes := map[string]Outcome{
		"created": {Message: "The group was created. Policies that are bound to it give its members rights."},
		"edited":  {Message: "The group was changed."},
		"joined":  {Message: "The user is a member now."},
		"left":    {Message: "The user is not a member any more."},
	}
	if id := v.r.URL.Query().Get("user"); id != "" {
		outcomes["joined"] = Outcome{outcomes["joined"].Message, to("/users", id, "groups", group, "remove")}
		outcomes["left"] = Outcome{outcomes["left"].Message, to("/users", id, "groups", group, "add")}
	}
	return outcomes
}

func (v *visit) members(here place, group string) ([]user, error) {
	var list struct {
		Items []user `json:"items"`
	}
	err := v.api.Get(here.of("groups", group, "users"), nil, &list)
	slices.SortFunc(list.Items, func(a, b user) int { return byText(a.Email, b.Email) })
	return list.Items, err
}

// maxAskedLevels bounds at how many levels the policies of a group are asked for.
const maxAskedLevels = 20

// policiesOf are the policies of a group at the account and in its environments. A refusal says why they cannot be told.
func (v *visit) policiesOf(here place, group string) ([]boundPolicy, *Refusal, error) {
	known, err := v.policies(here.environment())
	if err != nil {
		return nil, nil, err
	}
	levels, err := v.levels(here)
	if err != nil {
		return nil, nil, err
	}
	var all []boundPolicy
	for _, l := range levels[:min(len(levels), maxAskedLevels)] {
		var list struct {
			Details []binding `json:"bindingsDetails"`
		}
		switch err := v.api.Get(l.api("bindings", "groups", group), url.Values{"details": {"true"}}, &list); {
		case isRefusal(err, http.StatusForbidden):
			return nil, refused(err), nil
		case err != nil:
			return nil, nil, err
		}
		for _, b := range list.Details {
			all = append(all, boundPolicy{l, known.of(b.Policy), b, to("/bindings", l.Key(), b.Policy, group)})
		}
	}
	return all, nil, nil
}

func addMember(v *visit) error {
	f := v.readForm()
	here, err := v.place()
	if err != nil {
		return err
	}
	group := v.r.PathValue("id")
	var u user
	err = v.api.Get(here.of("users", f.text("email")), nil, &u)
	if err == nil {
		err = v.api.Call(http.MethodPost, here.of("users", u.UID), []string{group}, nil)
	}
	switch {
	case isRefusal(err, http.StatusNotFound):
		f.Refusal = refused(err)
		f.Refusal.Violations = []Violation{{Path: "email", Message: "There is no user with this address in the account. Create it first."}}
		return showGroupWith(v, http.StatusNotFound, f)
	case f.refuse(err):
		f.about("email")
		return showGroupWith(v, f.Refusal.Status, f)
	case err != nil:
		return err
	}
	return v.done(withQuery(to("/groups", group), url.Values{"user": {u.UID}}), "joined")
}

func askDeleteGroup(v *visit) error {
	here, g, err := v.group()
	if err != nil {
		return err
	}
	members, err := v.members(here, g.UUID)
	if err != nil {
		return err
	}
	bound, refusal, err := v.policiesOf(here, g.UUID)
	if err != nil {
		return err
	}
	path := to("/groups", g.UUID)
	question := confirmation{
		Title: "Delete the group?", Question: "The group goes, and what is bound to it:", Thing: g.Name,
		Action: path + "/delete", Cancel: path, Button: "Delete the group",
		Consequences: []string{plural(len(members), "user loses", "users lose") + " what they may do by this group alone."},
	}
	for _, b := range bound[:min(len(bound), 20)] {
		question.Consequences = append(question.Consequences, "The policy “"+b.Policy.Name+"” is no longer bound to it ("+b.Level.Label()+").")
	}
	switch {
	case refusal != nil:
		question.Consequences = append(question.Consequences, "Which policies are bound to it you may not see: "+refusal.Message)
	case len(bound) > 20:
		question.Consequences = append(question.Consequences, "And "+plural(len(bound)-20, "more binding", "more bindings")+".")
	case len(bound) == 0:
		question.Consequences = append(question.Consequences, "No policy is bound to it.")
	}
	question.Consequences = append(question.Consequences, "This cannot be undone.")
	return v.confirm("groups", question)
}

func deleteGroup(v *visit) error {
	here, err := v.place()
	if err != nil {
		return err
	}
	if err := v.api.Call(http.MethodDelete, here.of("groups", v.r.PathValue("id")), nil, nil); err != nil {
		return err
	}
	return v.done("/groups", "deleted")
}
