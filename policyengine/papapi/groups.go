package papapi

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/policyengine/pap"
)

const (
	accountPath = "/iam/v1/accounts/{accountUuid}"
	groupsPath  = accountPath + "/groups"
	groupPath   = groupsPath + "/{groupUuid}"
)

func (c Config) groupOperations() []rest.Operation {
	return []rest.Operation{
		{Method: http.MethodGet, Path: groupsPath, Serve: inAccount(c.listGroups)},
		{Method: http.MethodPost, Path: groupsPath, Action: "group.create", Serve: inAccount(c.createGroups)},
		{Method: http.MethodPut, Path: groupPath, Action: "group.update", Object: "groupUuid", Serve: inAccount(c.updateGroup)},
		{Method: http.MethodDelete, Path: groupPath, Action: "group.delete", Object: "groupUuid", Serve: inAccount(c.deleteGroup)},
		{Method: http.MethodGet, Path: groupPath + "/users", Serve: inAccount(c.listMembers)},
	}
}

// inAccount is an operation on the account in its path, which must be the caller's.
func inAccount(do func(w http.ResponseWriter, call *rest.Call, account string) error) serve {
	return in(accountForm, func(w http.ResponseWriter, call *rest.Call) error {
		id, err := account(call, "accountUuid")
		if err != nil {
			return err
		}
		return do(w, call, id)
	})
}

// groupView is a group.
type groupView struct {
	UUID            string    `json:"uuid"`
	Name            string    `json:"name"`
	Description     string    `json:"description"`
	FederatedValues []string  `json:"federatedAttributeValues"`
	Owner           pap.Owner `json:"owner"`
	Created         string    `json:"createdAt"`
	Updated         string    `json:"updatedAt"`
}

func groupOf(g pap.Group) groupView {
	return groupView{g.UUID, g.Name, g.Description, list(g.FederatedValues), g.Owner, date(g.Created), updated(g.Created, g.Modified)}
}

// date is a time in the published form.
func date(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// updated is the date of the last change, which for a thing that was never changed is that of its creation.
func updated(created, modified time.Time) string {
	if modified.IsZero() {
		return date(created)
	}
	return date(modified)
}

// counted is a whole listing.
type counted[T any] struct {
	Count int `json:"count"`
	Items []T `json:"items"`
}

func (c Config) groups(call *rest.Call, account string) (all []pap.Group, err error) {
	for g, err := range pap.All(func(g pap.Group) string { return g.UUID }, func(page pap.Page) ([]pap.Group, error) {
		return c.Service.Groups(call.Context(), pap.GroupQuery{AccountID: account, Page: page})
	}) {
		if err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return all, nil
}

func (c Config) listGroups(w http.ResponseWriter, call *rest.Call, account string) error {
	groups, err := c.groups(call, account)
	if err != nil {
		return err
	}
	views := make([]groupView, 0, len(groups))
	for _, g := range groups {
		views = append(views, groupOf(g))
	}
	return rest.Write(w, http.StatusOK, counted[groupView]{len(views), views})
}

// groupBody is a group that is to be. What clients say of its owner and its identifier is passed over.
type groupBody struct {
	Name            string   `json:"name"`
	Description     string   `json:"description"`
	FederatedValues []string `json:"federatedAttributeValues"`
}

func (b groupBody) attributes() pap.GroupAttributes {
	return pap.GroupAttributes{Name: b.Name, Description: b.Description, FederatedValues: b.FederatedValues}
}

func (c Config) createGroups(w http.ResponseWriter, call *rest.Call, account string) error {
	bodies, err := readList[groupBody](call)
	if err != nil {
		return err
	}
	var attributes []pap.GroupAttributes
	for _, b := range bodies {
		attributes = append(attributes, b.attributes())
	}
	groups, err := c.Service.CreateGroups(call.Context(), actor(call), account, attributes)
	if err != nil {
		return err
	}
	c.Settle(call.Context())
	views := make([]groupView, 0, len(groups))
	for _, g := range groups {
		views = append(views, groupOf(g))
	}
	return rest.Write(w, http.StatusCreated, views)
}

// readList reads a body that is a list.
func readList[T any](call *rest.Call) (all []T, err error) {
	var raw json.RawMessage
	if err := call.Read(&raw); err != nil {
		return nil, err
	}
	if len(raw) == 0 || raw[0] != '[' {
		return nil, rest.Errorf(http.StatusBadRequest, "The body must be a list.")
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, rest.Errorf(http.StatusBadRequest, "The body is not a list of what is expected here.")
	}
	return all, nil
}

func (c Config) updateGroup(w http.ResponseWriter, call *rest.Call, account string) error {
	var body groupBody
	if err := call.Read(&body); err != nil {
		return err
	}
	g, err := c.Service.UpdateGroup(call.Context(), actor(call), account, call.Param("groupUuid"), body.attributes())
	if err != nil {
		return err
	}
	c.Settle(call.Context())
	return rest.Write(w, http.StatusOK, groupOf(g))
}

// deleteGroup answers with the number of groups that went, as is published.
func (c Config) deleteGroup(w http.ResponseWriter, call *rest.Call, account string) error {
	if err := c.Service.DeleteGroup(call.Context(), actor(call), account, call.Param("groupUuid")); err != nil {
		return err
	}
	c.Settle(call.Context())
	return rest.Write(w, http.StatusOK, 1)
}

func (c Config) listMembers(w http.ResponseWriter, call *rest.Call, account string) error {
	g, err := c.Service.Group(call.Context(), account, call.Param("groupUuid"))
	if err != nil {
		return err
	}
	users, err := c.users(call, pap.UserQuery{AccountID: account, Group: g.UUID})
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, userListOf(users))
}
