package console

import (
	"encoding/json"
	"net/http"
	"net/url"
)

// userPages are those of people and of service users.
func (c *Console) userPages() {
	c.read("GET /users", listUsers)
	c.read("GET /users.csv", exportUsers("csv"))
	c.read("GET /users.json", exportUsers("json"))
	c.read("GET /users/new", askNewUser)
	c.write("POST /users/new", createUser)
	c.read("GET /users/new-service", askNewServiceUser)
	c.write("POST /users/new-service", createServiceUser)
	c.read("GET /users/{id}", showUser)
	c.read("GET /users/{id}/rights", showUserRights)
	c.read("GET /users/{id}/edit", askEditUser)
	c.write("POST /users/{id}/edit", editUser)
	c.write("POST /users/{id}/groups", addUserToGroups)
	c.write("POST /users/{id}/groups/{group}/add", addUserToGroup)
	c.write("POST /users/{id}/groups/{group}/remove", removeUserFromGroup)
	c.dangerous("/users/{id}/delete", askDeleteUser, deleteUser)
}

// user is a person or a service user as the API writes it.
type user struct {
	UID         string        `json:"uid"`
	Email       string        `json:"email"`
	Name        string        `json:"name"`
	Surname     string        `json:"surname"`
	Description string        `json:"description"` // of a service user
	Created     string        `json:"createdAt"`   // of a service user
	Groups      []memberGroup `json:"groups"`      // where one is asked for

	Service bool `json:"-"`
}

// memberGroup is a group as the API writes it beside a member.
type memberGroup struct {
	UUID  string `json:"uuid"`
	Name  string `json:"groupName"`
	Owner string `json:"owner"`
}

// Title is how a page calls the user: people by their addresses, service users, whose addresses nobody reads, by their names.
func (u user) Title() string {
	switch {
	case u.Service && u.Name != "" || u.Email == "":
		return u.Name
	}
	return u.Email
}

// userList is what the template of the listing gets.
type userList struct {
	Listing *Listing
	Service bool
	Users   []user
}

// serviceUsers is the value of the filter "kind" for service users.
const serviceUsers = "service"

// maxUsers is the size of a page of service users: all that an account can have.
const maxUsers = "10000"

var userOrders = map[string]func(a, b user) int{
	"email":     func(a, b user) int { return byText(a.Email, b.Email) },
	"name":      func(a, b user) int { return byText(a.Name, b.Name) },
	"createdAt": func(a, b user) int { return byText(a.Created, b.Created) },
}

func listUsers(v *visit) error {
	l := v.readListing("/users", "q", "kind", "sort")
	l.Order = "email"
	service := l.Get("kind") == serviceUsers
	if service {
		l.Order = "name"
	}
	rows, err := v.users(service)
	if err != nil {
		return err
	}
	rows, err = chosenRows(rows, ofListing(l))
	if err != nil {
		return err
	}
	all := make([]user, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal(row, &all[i]); err != nil {
			return err
		}
		all[i].Service = service
	}
	content := userList{Listing: l, Service: service, Users: window(l, all, userOrders)}
	return v.show(http.StatusOK, "users", Page{Title: "Users", Section: "users", Content: content, Outcomes: map[string]Outcome{
		"deleted": {Message: "The user was deleted, and the tokens that stood for it ended."},
	}})
}

// users are all people of the account, or all service users, as the API writes them.
func (v *visit) users(service bool) ([]json.RawMessage, error) {
	here, err := v.place()
	if err != nil {
		return nil, err
	}
	var list struct {
		Items   []json.RawMessage `json:"items"`
		Results []json.RawMessage `json:"results"`
	}
	if service {
		err := v.api.Get(here.of("service-users"), url.Values{"page-size": {maxUsers}}, &list)
		return list.Results, err
	}
	err = v.api.Get(here.of("users"), nil, &list)
	return list.Items, err
}

// ofListing keeps users whom the filters of a listing leave.
func ofListing(l *Listing) func(user) bool {
	wanted := l.Get("q")
	return func(u user) bool { return mentions(wanted, u.Email, u.Name, u.Surname, u.Description, u.UID) }
}

func exportUsers(kind string) serve {
	return func(v *visit) error {
		l := v.readListing("/users", "q", "kind", "sort")
		service := l.Get("kind") == serviceUsers
		e := export{Name: "users", Member: "users", Columns: []string{"uid", "email", "name", "surname", "userStatus"}}
		if service {
			e = export{Name: "service-users", Member: "serviceUsers", Columns: []string{"uid", "email", "name", "description", "createdAt"}}
		}
		e.Page = func(string) ([]json.RawMessage, string, int, error) {
			rows, err := v.users(service)
			if err != nil {
				return nil, "", 0, err
			}
			rows, err = chosenRows(rows, ofListing(l))
			return rows, "", len(rows), err
		}
		return e.write(v, kind)
	}
}
