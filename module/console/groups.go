package console

import (
	"encoding/json"
	"net/http"
)

// groupPages are those of groups of users.
func (c *Console) groupPages() {
	c.read("GET /groups", listGroups)
	c.read("GET /groups.csv", exportGroups("csv"))
	c.read("GET /groups.json", exportGroups("json"))
	c.read("GET /groups/new", askNewGroup)
	c.write("POST /groups/new", createGroup)
	c.read("GET /groups/{id}", showGroup)
	c.write("POST /groups/{id}/members", addMember)
	c.read("GET /groups/{id}/rights", showGroupRights)
	c.read("GET /groups/{id}/edit", askEditGroup)
	c.write("POST /groups/{id}/edit", editGroup)
	c.dangerous("/groups/{id}/delete", askDeleteGroup, deleteGroup)
}

// groupList is what the template of the listing gets.
type groupList struct {
	Listing *Listing
	Groups  []groupInfo
}

var groupOrders = map[string]func(a, b groupInfo) int{
	"name":      func(a, b groupInfo) int { return byText(a.Name, b.Name) },
	"createdAt": func(a, b groupInfo) int { return byText(a.Created, b.Created) },
	"updatedAt": func(a, b groupInfo) int { return byText(a.Updated, b.Updated) },
}

func listGroups(v *visit) error {
	l := v.readListing("/groups", "q", "sort")
	l.Order = "name"
	here, err := v.place()
	if err != nil {
		return err
	}
	all, err := v.groups(here)
	if err != nil {
		return err
	}
	var kept []groupInfo
	for _, g := range all {
		if g.matches(l) {
			kept = append(kept, g)
		}
	}
	content := groupList{l, window(l, kept, groupOrders)}
	return v.show(http.StatusOK, "groups", Page{Title: "Groups", Section: "groups", Content: content, Outcomes: map[string]Outcome{
		"deleted": {Message: "The group was deleted, with what was bound to it."},
	}})
}

func (g groupInfo) matches(l *Listing) bool {
	return mentions(l.Get("q"), append([]string{g.Name, g.Description, g.UUID}, g.Federated...)...)
}

func exportGroups(kind string) serve {
	return func(v *visit) error {
		l := v.readListing("/groups", "q", "sort")
		e := export{Name: "groups", Member: "groups"}
		e.Columns = []string{"uuid", "name", "description", "owner", "federatedAttributeValues", "createdAt", "updatedAt"}
		e.Page = func(string) ([]json.RawMessage, string, int, error) {
			here, err := v.place()
			if err != nil {
				return nil, "", 0, err
			}
			var list struct {
				Items []json.RawMessage `json:"items"`
			}
			if err := v.api.Get(here.of("groups"), nil, &list); err != nil {
				return nil, "", 0, err
			}
			rows, err := chosenRows(list.Items, func(g groupInfo) bool { return g.matches(l) })
			return rows, "", len(rows), err
		}
		return e.write(v, kind)
	}
}
