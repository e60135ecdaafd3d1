package console

import (
	"cmp"
	"net/http"
	"net/url"
)

// asked is what a listing of bindings looks at, for the form of a new one.
func (l *Listing) asked() url.Values {
	query := url.Values{}
	for _, name := range []string{"level", "policy", "group"} {
		if value := l.Get(name); value != "" {
			query.Set(name, value)
		}
	}
	return query
}

// bindingForm is what the template of a new binding, or of a change of one, gets.
type bindingForm struct {
	Form       *form
	Level      policyLevel
	Policy     policyRef
	Source     []sourceLine // the text of the policy
	Parameters []Field
	Groups     *tickable // nil: the group stays
	Group      option
	Boundaries *tickable
	Metadata   Field
	Shadow     bool
	Bound      *bound // nil: nobody has asked yet
	Binding    *binding
	Action     string
	Cancel     string
	Other      string // where another policy is chosen
}

// bindingChoice is what the template of the first step gets: which policy, and where.
type bindingChoice struct {
	Listing  *Listing
	Levels   []Choice
	Policies []policyRef
	Level    string
	Refusal  *Refusal // why they cannot be listed: then an identifier is typed
	Group    string
}

// askBind is the first step, or the second where the address names a policy.
func askBind(v *visit) error {
	l := v.readListing("/bindings/new", "level", "policy", "group")
	here, err := v.place()
	if err != nil {
		return err
	}
	if l.Get("policy") != "" {
		f := &form{}
		f.set("level", cmp.Or(l.Get("level"), here.environment().Key()))
		f.set("policy", l.Get("policy"))
		if group := l.Get("group"); group != "" {
			f.set("groups", group)
			f.set("groupsTyped", group)
		}
		return showBind(v, http.StatusOK, here, f)
	}
	levels, err := v.levels(here)
	if err != nil {
		return err
	}
	at := here.environment()
	if key := l.Get("level"); key != "" {
		if at, err = policyLevelOf(key); err != nil {
			return err
		}
	}
	known, err := v.policies(here.names(at))
	if err != nil {
		return err
	}
	content := bindingChoice{Listing: l, Levels: choicesOf(levels), Policies: known.All, Level: at.Key(), Refusal: known.Refusal, Group: l.Get("group")}
	return v.show(http.StatusOK, "binding_choose", Page{Title: "Bind a policy", Section: "bindings", Content: content})
}

// showBind is the second step: to whom, and on which terms.
func showBind(v *visit, status int, here place, f *form) error {
	at, err := policyLevelOf(f.text("level"))
	if err != nil {
		return err
	}
	n, err := v.bindingNames(here, at)
	if err != nil {
		return err
	}
	content := bindingForm{Form: f, Level: at, Policy: n.Policies.of(f.text("policy")), Action: "/bindings/new", Cancel: "/bindings"}
	content.Other = withQuery("/bindings/new", url.Values{"level": {at.Key()}})
	content.Groups = tick(f, "groups", "Groups", n.groupOptions(), n.NoGroups)
	if err := content.fill(v, n, f); err != nil {
		return err
	}
	return v.show(status, "binding_form", Page{Title: "Bind " + content.Policy.Name, Section: "bindings", Content: content})
}

// fill adds what a new binding and a change have in common: the policy's text, the terms, and what they come to where somebody has
// asked, or where nothing has to be given first.
func (b *bindingForm) fill(v *visit, n names, f *form) (err error) {
	text, err := v.policyText(b.Policy, b.Level)
	if err != nil {
		return err
	}
	wanted, err := v.parametersOf(text)
	if err != nil {
		return err
	}
	b.Source = sourceOf(text)
	for _, name := range wanted {
		b.Parameters = append(b.Parameters, f.Needed("parameters."+name, name, ""))
	}
	b.Boundaries = tick(f, "boundaries", "Boundaries", n.boundaryOptions(), n.NoBoundaries)
	b.Boundaries.Hint = "The binding is good inside any of the chosen ones; with none chosen, everywhere."
	b.Metadata = f.Field("metadata", "Remarks", "For those who administer it: name=value, one a line.")
	b.Shadow = f.has("shadow")
	if f.onlyAsks() || b.Binding != nil || len(wanted) == 0 {
		var within []boundary
		for _, id := range ticked(f, "boundaries", n.boundaryOptions()) {
			within = append(within, n.boundary(id))
		}
		b.Bound, err = v.bound(b.Policy, text, f.parameters(), within)
	}
	return err
}

func (n names) groupOptions() (all []option) {
	for _, g := range n.Groups {
		all = append(all, option{ID: g.UUID, Name: g.Name, Note: g.Description})
	}
	return all
}

func (n names) boundaryOptions() (all []option) {
	for _, b := range n.Boundaries {
		all = append(all, option{ID: b.UUID, Name: b.Name, Note: b.Query})
	}
	return all
}

// parameterPrefix is before the name of a parameter in the name of its field.
const parameterPrefix = "parameters."

// parameters are those of a form.
func (f *form) parameters() map[string]string {
	given := map[string]string{}
	for name := range f.Values {
		if len(name) > len(parameterPrefix) && name[:len(parameterPrefix)] == parameterPrefix {
			given[name[len(parameterPrefix):]] = f.raw(name)
		}
	}
	return given
}

// terms are those of a form, as the API takes them.
func (f *form) terms(n names) map[string]any {
	return map[string]any{
		"parameters": f.parameters(), "metadata": pairsOf(f.lines("metadata")), "shadow": f.has("shadow"),
		"boundaries": list(ticked(f, "boundaries", n.boundaryOptions())),
	}
}

func bindPolicy(v *visit) error {
	f := v.readForm()
	here, err := v.place()
	if err != nil {
		return err
	}
	if f.onlyAsks() {
		return showBind(v, http.StatusOK, here, f)
	}
	at, err := policyLevelOf(f.text("level"))
	if err != nil {
		return err
	}
	n, err := v.bindingNames(here, at)
	if err != nil {
		return err
	}
	body := f.terms(n)
	body["groups"] = list(ticked(f, "groups", n.groupOptions()))
	switch err := v.api.Call(http.MethodPost, at.api("bindings", f.text("policy")), body, nil); {
	case f.refuse(err):
		f.aboutBinding()
		return showBind(v, f.Refusal.Status, here, f)
	case err != nil:
		return err
	}
	return v.done(withQuery("/bindings", url.Values{"level": {at.Key()}, "policy": {f.text("policy")}}), "bound")
}
