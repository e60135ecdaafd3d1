package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
)

// bindingPages are those of bindings: which policy which group has, at which level and on which terms.
func (c *Console) bindingPages() {
	c.read("GET /bindings", listBindings)
	c.read("GET /bindings.csv", exportBindings("csv"))
	c.read("GET /bindings.json", exportBindings("json"))
	c.read("GET /bindings/new", askBind)
	c.write("POST /bindings/new", bindPolicy)
	c.dangerous("/bindings/{level}/replace", askReplaceBindings, replaceBindings)
	const pair = "/bindings/{level}/{policy}/{group}"
	c.read("GET "+pair, showPair)
	c.read("GET "+pair+"/change", askChangeBinding)
	c.write("POST "+pair+"/change", changeBinding)
	c.read("GET "+pair+"/unbind", askUnbind)
	c.write("POST "+pair+"/unbind", unbind)
}

// binding is a policy with the groups that have it on the same terms, as the API writes it.
type binding struct {
	Policy     string            `json:"policyUuid"`
	Groups     []string          `json:"groups"`
	Parameters map[string]string `json:"parameters,omitempty"`
	Metadata   map[string]string `json:"metadata,omitempty"`
	Boundaries []string          `json:"boundaries"`
	Shadow     bool              `json:"shadow,omitempty"`
}

// Of tells the bindings of a policy to a group apart: no two have the same parameters.
func (b binding) Of() string { return digestOf(b.Parameters)[:16] }

// digest changes with the terms.
func (b binding) digest() string {
	return digestOf(b.Parameters, b.Metadata, b.Boundaries, b.Shadow)
}

// bindingRow is a binding of one group in a listing.
type bindingRow struct {
	Level   policyLevel
	Binding binding
	Group   option
	Policy  policyRef
	Bounds  []option // its boundaries
}

// Path is the page of the policy and the group.
func (r bindingRow) Path() string {
	return to("/bindings", r.Level.Key(), r.Binding.Policy, r.Group.ID)
}

// Sentence names the binding for a list of consequences.
func (r bindingRow) Sentence() string {
	return "“" + r.Policy.Name + "” for the group “" + r.Group.Name + "” (" + r.Level.Label() + ")."
}

// names are what identifiers of bindings stand for. What may not be listed is called by its identifier.
type names struct {
	Policies   policyNames
	Groups     []groupInfo
	Boundaries []boundary

	NoGroups     *Refusal // why the groups cannot be listed
	NoBoundaries *Refusal

	groupNames map[string]string   // by identifier
	bounds     map[string]boundary // by identifier
}

// bindingNames lists what can be bound at a level, to whom and within what.
func (v *visit) bindingNames(here place, at policyLevel) (names, error) {
	known, err := v.policies(here.names(at))
	if err != nil {
		return names{}, err
	}
	n, err := v.termNames(here)
	n.Policies = known
	return n, err
}

// termNames lists to whom something can be bound, and within what.
func (v *visit) termNames(here place) (n names, err error) {
	if n.Groups, n.NoGroups, err = v.groupsIfAllowed(here); err != nil {
		return n, err
	}
	if n.Boundaries, n.NoBoundaries, err = v.boundariesIfAllowed(here); err != nil {
		return n, err
	}
	n.groupNames, n.bounds = make(map[string]string, len(n.Groups)), make(map[string]boundary, len(n.Boundaries))
	for _, g := range n.Groups {
		n.groupNames[g.UUID] = g.Name
	}
	for _, b := range n.Boundaries {
		n.bounds[b.UUID] = b
	}
	return n, nil
}

func (n names) fill(r *bindingRow) {
	r.Policy = n.Policies.of(r.Binding.Policy)
	r.Group = n.group(r.Group.ID)
	for _, id := range r.Binding.Boundaries {
		r.Bounds = append(r.Bounds, option{ID: id, Name: n.boundary(id).Name})
	}
}

func (n names) group(id string) option {
	if name, known := n.groupNames[id]; known {
		return option{ID: id, Name: name}
	}
	return option{ID: id, Name: id}
}

func (n names) boundary(id string) boundary {
	if b, known := n.bounds[id]; known {
		return b
	}
	return boundary{UUID: id, Name: id}
}

// bindingsAt are the bindings of a level, one for each group: all of them, or those of one policy.
func (v *visit) bindingsAt(at policyLevel, policy string) ([]bindingRow, error) {
	parts := []string{"bindings"}
	if policy != "" {
		parts = append(parts, policy)
	}
	var list struct {
		Bindings []binding `json:"policyBindings"`
	}
	if err := v.api.Get(at.api(parts...), nil, &list); err != nil {
		return nil, err
	}
	var rows []bindingRow
	for _, b := range list.Bindings {
		for _, group := range b.Groups {
			rows = append(rows, bindingRow{Level: at, Binding: b, Group: option{ID: group}})
		}
	}
	return rows, nil
}

// bindingList is what the template of the listing gets.
type bindingList struct {
	Listing  *Listing
	Rows     []bindingRow
	Levels   []Choice
	Narrowed []narrowed // by other filters than those of the form
	NoGroups *Refusal   // why groups are called by their identifiers
	New      string     // where to bind, with what is looked at filled in
	Replace  []Choice   // where the bindings of a level can be replaced
}

// narrowed is a filter that another page has set.
type narrowed struct{ Label, Name, Without string }

var bindingOrders = map[string]func(a, b bindingRow) int{
	"policy": func(a, b bindingRow) int { return byText(a.Policy.Name, b.Policy.Name) },
	"group":  func(a, b bindingRow) int { return byText(a.Group.Name, b.Group.Name) },
}

func listBindings(v *visit) error {
	l := v.bindingListing()
	here, err := v.place()
	if err != nil {
		return err
	}
	levels, err := v.levels(here)
	if err != nil {
		return err
	}
	rows, n, err := v.bindingsListed(here, l)
	if err != nil {
		return err
	}
	content := bindingList{Listing: l, Rows: window(l, rows, bindingOrders), NoGroups: n.NoGroups, New: withQuery("/bindings/new", l.asked())}
	content.Levels = append([]Choice{{"", "All that apply here"}}, choicesOf(levels)...)
	for _, at := range levels {
		content.Replace = append(content.Replace, Choice{to("/bindings", at.Key(), "replace"), at.Label()})
	}
	content.Narrowed = n.narrowed(l)
	return v.show(http.StatusOK, "bindings", Page{Title: "Bindings", Section: "bindings", Content: content, Outcomes: map[string]Outcome{
		"bound":    {Message: "The policy is bound. It grants and denies from now on."},
		"unbound":  {Message: "The policy is not bound to the group any more."},
		"replaced": {Message: "The bindings of the level were replaced."},
	}})
}

func (v *visit) bindingListing() *Listing {
	l := v.readListing("/bindings", "q", "level", "policy", "group", "boundary", "sort")
	l.Order = "policy"
	return l
}

// bindingsListed are the bindings that a listing is narrowed to.
func (v *visit) bindingsListed(here place, l *Listing) (found []bindingRow, n names, err error) {
	levels := []policyLevel{accountPolicies, here.environment()}
	if key := l.Get("level"); key != "" {
		only, err := policyLevelOf(key)
		if err != nil {
			return nil, n, err
		}
		levels = []policyLevel{only}
	}
	if n, err = v.bindingNames(here, levels[len(levels)-1]); err != nil {
		return nil, n, err
	}
	for _, at := range levels {
		rows, err := v.bindingsAt(at, l.Get("policy"))
		if errors.Is(err, errTooLong) {
			return nil, n, &Refusal{Status: http.StatusRequestEntityTooLarge, Message: "There are more bindings than a page can be made of. Open those of one policy, from its page, or read them by the API."}
		}
		if err != nil {
			return nil, n, err
		}
		for _, row := range rows {
			n.fill(&row)
			if row.matches(l) {
				found = append(found, row)
			}
		}
	}
	return found, n, nil
}

func (r bindingRow) matches(l *Listing) bool {
	group, boundary := l.Get("group"), l.Get("boundary")
	return (group == "" || r.Group.ID == group) && (boundary == "" || slices.Contains(r.Binding.Boundaries, boundary)) &&
		mentions(l.Get("q"), r.Policy.Name, r.Group.Name, r.Policy.UUID, r.Group.ID)
}

func (n names) narrowed(l *Listing) (all []narrowed) {
	if id := l.Get("policy"); id != "" {
		all = append(all, narrowed{"Policy", n.Policies.of(id).Name, l.With("policy", "")})
	}
	if id := l.Get("group"); id != "" {
		all = append(all, narrowed{"Group", n.group(id).Name, l.With("group", "")})
	}
	if id := l.Get("boundary"); id != "" {
		all = append(all, narrowed{"Boundary", n.boundary(id).Name, l.With("boundary", "")})
	}
	return all
}

func exportBindings(kind string) serve {
	return func(v *visit) error {
		e := export{Name: "bindings", Member: "bindings"}
		e.Columns = []string{"levelType", "levelId", "policyUuid", "policyName", "groupUuid", "groupName", "parameters", "metadata", "boundaries", "shadow"}
		e.Page = func(string) ([]json.RawMessage, string, int, error) {
			here, err := v.place()
			if err != nil {
				return nil, "", 0, err
			}
			found, _, err := v.bindingsListed(here, v.bindingListing())
			if err != nil {
				return nil, "", 0, err
			}
			rows := make([]json.RawMessage, len(found))
			for i, r := range found {
				if rows[i], err = json.Marshal(r.exported(here)); err != nil {
					return nil, "", 0, err
				}
			}
			return rows, "", len(rows), nil
		}
		return e.write(v, kind)
	}
}

// exported is a row of the file.
func (r bindingRow) exported(here place) map[string]any {
	at := leveled{r.Level.Type, r.Level.ID}
	if r.Level == accountPolicies {
		at.LevelID = here.Account
	}
	row := map[string]any{
		"levelType": at.LevelType, "levelId": at.LevelID, "policyUuid": r.Binding.Policy, "policyName": r.Policy.Name,
		"groupUuid": r.Group.ID, "groupName": r.Group.Name, "boundaries": list(r.Binding.Boundaries), "shadow": r.Binding.Shadow,
	}
	if len(r.Binding.Parameters) > 0 {
		row["parameters"] = r.Binding.Parameters
	}
	if len(r.Binding.Metadata) > 0 {
		row["metadata"] = r.Binding.Metadata
	}
	return row
}
