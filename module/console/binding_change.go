package console

import (
	"net/http"
	"net/url"
	"strings"
)

// pairDetail is what the template of a policy and a group at a level gets.
type pairDetail struct {
	Level    policyLevel
	Policy   policyRef
	Group    option
	Here     string
	Bindings []pairBinding
	New      string // where the policy is bound to the group once more
}

// pairBinding is one of their bindings with what it comes to.
type pairBinding struct {
	bindingRow
	Bound          *bound
	Change, Unbind string // paths
}

// maxWorkedOut bounds for how many bindings of a pair the page says what they come to.
const maxWorkedOut = 10

// pair is what the path of a page names, with its bindings.
func (v *visit) pair() (at policyLevel, n names, rows []bindingRow, err error) {
	here, err := v.place()
	if err != nil {
		return at, n, nil, err
	}
	if at, err = policyLevelOf(v.r.PathValue("level")); err != nil {
		return at, n, nil, err
	}
	var found struct {
		Bindings []binding `json:"policyBindings"`
	}
	policy, group := v.r.PathValue("policy"), v.r.PathValue("group")
	if err = v.api.Get(at.api("bindings", policy, group), nil, &found); err != nil {
		return at, n, nil, err
	}
	if n, err = v.bindingNames(here, at); err != nil {
		return at, n, nil, err
	}
	for _, b := range found.Bindings {
		row := bindingRow{Level: at, Binding: b, Group: option{ID: group}}
		n.fill(&row)
		rows = append(rows, row)
	}
	if rows == nil {
		return at, n, nil, &Refusal{Status: http.StatusNotFound, Message: "The policy is not bound to this group at this level."}
	}
	return at, n, rows, nil
}

func showPair(v *visit) error {
	at, n, rows, err := v.pair()
	if err != nil {
		return err
	}
	first := rows[0]
	content := pairDetail{Level: at, Policy: first.Policy, Group: first.Group, Here: first.Path()}
	content.New = withQuery("/bindings/new", url.Values{"level": {at.Key()}, "policy": {first.Binding.Policy}, "group": {first.Group.ID}})
	text, err := v.policyText(first.Policy, at)
	if err != nil && !isRefusal(err, http.StatusForbidden) {
		return err
	}
	for i, row := range rows {
		of := "?of=" + row.Binding.Of()
		one := pairBinding{bindingRow: row, Change: content.Here + "/change" + of, Unbind: content.Here + "/unbind" + of}
		if i < maxWorkedOut && text != "" {
			if one.Bound, err = v.bound(row.Policy, text, row.Binding.Parameters, n.boundariesOf(row.Binding)); err != nil {
				return err
			}
		}
		content.Bindings = append(content.Bindings, one)
	}
	title := first.Policy.Name + " for " + first.Group.Name
	return v.show(http.StatusOK, "binding", Page{Title: title, Section: "bindings", Content: content, Outcomes: map[string]Outcome{
		"changed": {Message: "The binding was changed. What is decided from now on is decided by it."},
		"unbound": {Message: "One of the bindings of the policy to the group is gone."},
	}})
}

func (n names) boundariesOf(b binding) (all []boundary) {
	for _, id := range b.Boundaries {
		all = append(all, n.boundary(id))
	}
	return all
}

// one is the binding of the pair that a page is about: the one that the query or the form names, or the only one.
func (v *visit) one() (n names, row bindingRow, several bool, err error) {
	_, n, rows, err := v.pair()
	if err != nil {
		return n, row, false, err
	}
	of := v.r.URL.Query().Get("of")
	for _, row := range rows {
		if of == row.Binding.Of() || of == "" && len(rows) == 1 {
			return n, row, len(rows) > 1, nil
		}
	}
	return n, row, false, &Refusal{Status: http.StatusNotFound, Message: "There is no such binding of the policy to this group."}
}

// selected is the path of one binding in the API: by its parameters, which no other of the pair has.
func (r bindingRow) selected() string {
	query := url.Values{}
	for name, value := range r.Binding.Parameters {
		query.Set("parameters["+name+"]", value)
	}
	return withQuery(r.Level.api("bindings", r.Binding.Policy, r.Group.ID), query)
}

func askChangeBinding(v *visit) error {
	n, row, _, err := v.one()
	if err != nil {
		return err
	}
	b, f := row.Binding, &form{}
	for name, value := range b.Parameters {
		f.set(parameterPrefix+name, value)
	}
	f.set("boundaries", b.Boundaries...)
	if n.NoBoundaries != nil {
		f.set("boundariesTyped", strings.Join(b.Boundaries, "\n"))
	}
	f.set("metadata", linesOf(b.Metadata))
	if b.Shadow {
		f.set("shadow", "true")
	}
	f.set("before", b.digest())
	return showChangeBinding(v, http.StatusOK, n, row, f)
}

func showChangeBinding(v *visit, status int, n names, row bindingRow, f *form) error {
	content := bindingForm{Form: f, Level: row.Level, Policy: row.Policy, Group: row.Group, Binding: &row.Binding, Cancel: row.Path()}
	content.Action = content.Cancel + "/change?of=" + row.Binding.Of()
	if err := content.fill(v, n, f); err != nil {
		return err
	}
	return v.show(status, "binding_form", Page{Title: "Change " + row.Policy.Name + " for " + row.Group.Name, Section: "bindings", Content: content})
}

func changeBinding(v *visit) error {
	f := v.readForm()
	n, row, _, err := v.one()
	if err != nil {
		return err
	}
	if f.onlyAsks() {
		return showChangeBinding(v, http.StatusOK, n, row, f)
	}
	if f.isOutdated(row.Binding.digest(), n.stored(row.Binding)) {
		return showChangeBinding(v, http.StatusConflict, n, row, f)
	}
	switch err := v.api.Call(http.MethodPut, row.selected(), f.terms(n), nil); {
	case f.refuse(err):
		f.aboutBinding()
		return showChangeBinding(v, f.Refusal.Status, n, row, f)
	case err != nil:
		return err
	}
	return v.done(row.Path(), "changed")
}

// stored are the terms of a binding, for somebody who wants to change what somebody else has changed.
func (n names) stored(b binding) []Violation {
	var within []string
	for _, one := range n.boundariesOf(b) {
		within = append(within, one.Name)
	}
	shadow := "live"
	if b.Shadow {
		shadow = "a shadow"
	}
	return []Violation{
		{Path: "parameters", Message: "Stored now: " + strings.ReplaceAll(linesOf(b.Parameters), "\n", ", ")},
		{Path: "boundaries", Message: "Stored now: " + strings.Join(within, ", ")},
		{Path: "metadata", Message: "Stored now: " + strings.ReplaceAll(linesOf(b.Metadata), "\n", ", ")},
		{Path: "shadow", Message: "Stored now: " + shadow},
	}
}

// aboutBinding finds the fields of a refusal.
func (f *form) aboutBinding() {
	member := "groups"
	switch message := strings.ToLower(f.Refusal.Message); {
	case strings.Contains(message, "parameter"):
		member = "parameters"
	case strings.Contains(message, "boundar"):
		member = "boundaries"
	case strings.Contains(message, "metadata"):
		member = "metadata"
	}
	f.placed("parameters", member)
}

func askUnbind(v *visit) error {
	_, row, several, err := v.one()
	if err != nil {
		return err
	}
	question := confirmation{
		Title: "Take the policy away?", Question: "The group loses what this policy grants, and what it denies is denied no longer by it:",
		Thing:        row.Policy.Name + " → " + row.Group.Name,
		Consequences: []string{"It takes effect at once, for every member of the group, at: " + row.Level.Label() + "."},
		Action:       row.Path() + "/unbind?of=" + row.Binding.Of(), Cancel: row.Path(), Button: "Unbind",
	}
	if p := linesOf(row.Binding.Parameters); p != "" {
		question.Consequences = append(question.Consequences, "With these parameters: "+strings.ReplaceAll(p, "\n", ", "))
	}
	if several {
		question.Consequences = append(question.Consequences, "The group has the policy on other terms as well, and keeps those.")
	}
	question.Consequences = append(question.Consequences, "The policy can be bound again, with terms that have to be given anew.")
	return v.confirm("bindings", question)
}

func unbind(v *visit) error {
	_, row, several, err := v.one()
	if err != nil {
		return err
	}
	if err := v.api.Call(http.MethodDelete, row.selected(), nil, nil); err != nil {
		return err
	}
	if several {
		return v.done(row.Path(), "unbound")
	}
	return v.done(withQuery("/bindings", url.Values{"level": {row.Level.Key()}}), "unbound")
}
