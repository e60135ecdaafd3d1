package papapi

import (
	"net/http"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/policyengine/pap"
)

func (c Config) userOperations() []rest.Operation {
	const all, one, email = accountPath + "/users", accountPath + "/users/{email}", "email"
	return []rest.Operation{
		{Method: http.MethodGet, Path: all, Serve: inAccount(c.listUsers)},
		{Method: http.MethodPost, Path: all, Action: "user.create", Serve: inAccount(c.createUser)},
		{Method: http.MethodGet, Path: one, Serve: inAccount(c.showUser)},
		{Method: http.MethodPost, Path: one, Action: "member.add", Object: email, Serve: inAccount(c.addToGroups)},
		{Method: http.MethodDelete, Path: one, Action: "user.delete", Object: email, Serve: inAccount(c.deleteUser)},
		{Method: http.MethodPut, Path: one + "/groups", Action: "member.update", Object: email, Serve: inAccount(c.setGroups)},
		{Method: http.MethodDelete, Path: one + "/groups", Action: "member.remove", Object: email, Serve: inAccount(c.removeFromGroups)},
	}
}

// userView is a user. Users are active here as long as they exist, and nobody is an emergency contact.
type userView struct {
	UID              string `json:"uid"`
	Email            string `json:"email"`
	Name             string `json:"name"`
	Surname          string `json:"surname"`
	Status           string `json:"userStatus"`
	EmergencyContact bool   `json:"emergencyContact"`
}

func userOf(u pap.User) userView {
	return userView{UID: u.ID, Email: u.Email, Name: u.Name, Status: "ACTIVE"}
}

func userListOf(users []pap.User) counted[userView] {
	views := make([]userView, 0, len(users))
	for _, u := range users {
		views = append(views, userOf(u))
	}
	return counted[userView]{len(views), views}
}

func (c Config) users(call *rest.Call, q pap.UserQuery) (all []pap.User, err error) {
	for u, err := range pap.All(func(u pap.User) string { return u.ID }, func(page pap.Page) ([]pap.User, error) {
		q.Page = page
		return c.Service.Users(call.Context(), q)
	}) {
		if err != nil {
			return nil, err
		}
		all = append(all, u)
	}
	return all, nil
}

// listUsers lists people, and service users with them where that is asked for.
func (c Config) listUsers(w http.ResponseWriter, call *rest.Call, account string) error {
	query := call.Query()
	q := pap.UserQuery{AccountID: account, Kind: pap.Person}
	if query.Bool("service-users") {
		q.Kind = pap.AnyUser
	}
	if err := query.Err(); err != nil {
		return err
	}
	users, err := c.users(call, q)
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, userListOf(users))
}

func (c Config) createUser(w http.ResponseWriter, call *rest.Call, account string) error {
	var body struct {
		Email string `json:"email"`
		Name  string `json:"name"`
	}
	if err := call.Read(&body); err != nil {
		return err
	}
	u, err := c.Service.CreateUser(call.Context(), actor(call), account, pap.UserAttributes{Email: body.Email, Name: body.Name})
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusCreated, userOf(u))
}

// memberOf is a group in the answer about one of its members.
type memberOf struct {
	Name        string    `json:"groupName"`
	UUID        string    `json:"uuid"`
	Owner       pap.Owner `json:"owner"`
	Account     string    `json:"accountUUID"`
	AccountName string    `json:"accountName"`
	Description string    `json:"description"`
	Created     string    `json:"createdAt"`
	Updated     string    `json:"updatedAt"`
}

func (c Config) showUser(w http.ResponseWriter, call *rest.Call, account string) error {
	u, err := c.Service.User(call.Context(), account, call.Param("email"))
	if err != nil {
		return err
	}
	uuids, err := c.Service.GroupsOf(call.Context(), u.ID)
	if err != nil {
		return err
	}
	answer := struct {
		userView
		Groups []memberOf `json:"groups"`
	}{userOf(u), []memberOf{}}
	for _, uuid := range uuids {
		g, err := c.Service.Group(call.Context(), account, uuid)
		if err != nil {
			return err
		}
		answer.Groups = append(answer.Groups, memberOf{
			g.Name, g.UUID, g.Owner, account, c.accountName(account), g.Description, date(g.Created), updated(g.Created, g.Modified),
		})
	}
	return rest.Write(w, http.StatusOK, answer)
}

func (c Config) accountName(id string) string {
	for _, a := range c.Environments.Accounts() {
		if a.ID == id {
			return a.Name
		}
	}
	return id
}

func (c Config) deleteUser(w http.ResponseWriter, call *rest.Call, account string) error {
	if err := c.Service.DeleteUser(call.Context(), actor(call), account, call.Param("email")); err != nil {
		return err
	}
	return c.done(w, call, http.StatusOK)
}

// done answers a change of users with a status alone.
func (c Config) done(w http.ResponseWriter, call *rest.Call, status int) error {
	c.Settle(call.Context())
	rest.Empty(w, status)
	return nil
}

func (c Config) addToGroups(w http.ResponseWriter, call *rest.Call, account string) error {
	groups, err := readList[string](call)
	if err != nil {
		return err
	}
	if err := c.Service.AddToGroups(call.Context(), actor(call), account, call.Param("email"), groups); err != nil {
		return err
	}
	return c.done(w, call, http.StatusCreated)
}

func (c Config) setGroups(w http.ResponseWriter, call *rest.Call, account string) error {
	groups, err := readList[string](call)
	if err != nil {
		return err
	}
	if err := c.Service.SetGroups(call.Context(), actor(call), account, call.Param("email"), groups); err != nil {
		return err
	}
	return c.done(w, call, http.StatusOK)
}

func (c Config) removeFromGroups(w http.ResponseWriter, call *rest.Call, account string) error {
	q := call.Query()
	groups := q.All("group-uuid")
	if len(groups) == 0 {
		q.Refuse("group-uuid", "The groups are missing.")
	}
	if err := q.Err(); err != nil {
		return err
	}
	if err := c.Service.RemoveFromGroups(call.Context(), actor(call), account, call.Param("email"), groups); err != nil {
		return err
	}
	return c.done(w, call, http.StatusOK)
}
