package console

import (
	"net/http"
	"slices"
)

// maxBoxes is how many things are offered to be ticked. Beyond, or where they cannot be listed, they are named by typing.
const maxBoxes = 200

// option is something with an identifier that can be ticked.
type option struct {
	ID, Name string
	Note     string // beside the name
	Chosen   bool
}

// tickable is a choice among few things, or a field to name them in.
type tickable struct {
	Field         // of the boxes
	Typed   Field // to name them by name or identifier, one a line; has no name where boxes are enough
	Options []option
	Refusal *Refusal // why there is nothing to tick; nil: nobody forbids it
	None    bool     // there is nothing to choose from
}

// groupInfo is a group as the API writes it.
type groupInfo struct {
	UUID        string   `json:"uuid"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Federated   []string `json:"federatedAttributeValues"`
	Owner       string   `json:"owner"`
	Created     string   `json:"createdAt"`
	Updated     string   `json:"updatedAt"`
}

// groups are all of the account.
func (v *visit) groups(here place) ([]groupInfo, error) {
	var list struct {
		Items []groupInfo `json:"items"`
	}
	err := v.api.Get(here.of("groups"), nil, &list)
	slices.SortFunc(list.Items, func(a, b groupInfo) int { return byText(a.Name, b.Name) })
	return list.Items, err
}

// groupsIfAllowed is for pages that stand without: the refusal says why there are none.
func (v *visit) groupsIfAllowed(here place) ([]groupInfo, *Refusal, error) {
	all, err := v.groups(here)
	if isRefusal(err, http.StatusForbidden) {
		return nil, refused(err), nil
	}
	return all, nil, err
}

// groupsToChoose offers the groups of the account, but for those that are left out.
func (v *visit) groupsToChoose(here place, f *form, left func(id string) bool) (*tickable, error) {
	all, refusal, err := v.groupsIfAllowed(here)
	if err != nil {
		return nil, err
	}
	var options []option
	for _, g := range all {
		if !left(g.UUID) {
			options = append(options, option{ID: g.UUID, Name: g.Name, Note: g.Description})
		}
	}
	return tick(f, "groups", "Groups", options, refusal), nil
}

// tick is a choice among things. What was ticked or typed before stays.
func tick(f *form, name, label string, options []option, refusal *Refusal) *tickable {
	t := &tickable{Field: f.Field(name, label, ""), Refusal: refusal, None: refusal == nil && len(options) == 0}
	if refusal != nil || len(options) > maxBoxes {
		t.Typed = f.Field(name+"Typed", label, "By name or identifier, one a line.")
		t.Typed.Errors = t.Errors
	}
	for _, o := range options {
		o.Chosen = slices.Contains(f.Values[name], o.ID)
		if len(t.Options) < maxBoxes || o.Chosen {
			t.Options = append(t.Options, o)
		}
	}
	return t
}

// ticked are the identifiers of what was ticked and of what was typed. A name that nothing has goes on as it is: the API says
// what is wrong with it.
func ticked(f *form, name string, known []option) []string {
	all := slices.Clone(f.Values[name])
	for _, typed := range f.lines(name + "Typed") {
		at := slices.IndexFunc(known, func(o option) bool { return o.Name == typed })
		if at >= 0 {
			typed = known[at].ID
		}
		all = append(all, typed)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// chosenGroups are the identifiers of the groups that a form names.
func (v *visit) chosenGroups(here place, f *form) ([]string, error) {
	var known []option
	if f.has("groupsTyped") {
		all, _, err := v.groupsIfAllowed(here)
		if err != nil {
			return nil, err
		}
		for _, g := range all {
			known = append(known, option{ID: g.UUID, Name: g.Name})
		}
	}
	return ticked(f, "groups", known), nil
}
