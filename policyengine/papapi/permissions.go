package papapi

import (
	"net/http"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/policyengine/pap"
)

// permissionOperations are about role-based permissions, from before there were policies. They are kept for the clients
// that write them and read them back, and they grant nothing: rights come from policies alone.
func (c Config) permissionOperations() []rest.Operation {
	const path, group = groupPath + "/permissions", "groupUuid"
	return []rest.Operation{
		{Method: http.MethodGet, Path: path, Serve: inAccount(c.showPermissions)},
		{Method: http.MethodPost, Path: path, Action: "group.update", Object: group, Serve: inAccount(c.addPermissions)},
		{Method: http.MethodPut, Path: path, Action: "group.update", Object: group, Serve: inAccount(c.setPermissions)},
		{Method: http.MethodDelete, Path: path, Action: "group.update", Object: group, Serve: inAccount(c.removePermission)},
		{Method: http.MethodGet, Path: "/ref/v1/account/permissions", Serve: in(accountForm, listPermissionNames)},
	}
}

// permissionBody is a permission of a group, in both directions.
type permissionBody struct {
	Name      string `json:"permissionName"`
	Scope     string `json:"scope"`
	ScopeType string `json:"scopeType"`
	Created   string `json:"createdAt,omitempty"` // passed over in a request
	Updated   string `json:"updatedAt,omitempty"`
}

func (c Config) showPermissions(w http.ResponseWriter, call *rest.Call, account string) error {
	g, err := c.Service.Group(call.Context(), account, call.Param("groupUuid"))
	if err != nil {
		return err
	}
	answer := struct {
		groupView
		Permissions []permissionBody `json:"permissions"`
	}{groupOf(g), []permissionBody{}}
	for _, p := range g.Permissions {
		answer.Permissions = append(answer.Permissions, permissionBody{p.Name, p.Scope, p.ScopeType, date(p.Created), date(p.Created)})
	}
	return rest.Write(w, http.StatusOK, answer)
}

func readPermissions(call *rest.Call) ([]pap.GroupPermission, error) {
	bodies, err := readList[permissionBody](call)
	if err != nil {
		return nil, err
	}
	var all []pap.GroupPermission
	for _, b := range bodies {
		all = append(all, pap.GroupPermission{Name: b.Name, Scope: b.Scope, ScopeType: b.ScopeType})
	}
	return all, nil
}

func (c Config) addPermissions(w http.ResponseWriter, call *rest.Call, account string) error {
	all, err := readPermissions(call)
	if err != nil {
		return err
	}
	if err := c.Service.AddGroupPermissions(call.Context(), actor(call), account, call.Param("groupUuid"), all); err != nil {
		return err
	}
	rest.Empty(w, http.StatusCreated)
	return nil
}

func (c Config) setPermissions(w http.ResponseWriter, call *rest.Call, account string) error {
	all, err := readPermissions(call)
	if err != nil {
		return err
	}
	if err := c.Service.SetGroupPermissions(call.Context(), actor(call), account, call.Param("groupUuid"), all); err != nil {
		return err
	}
	rest.Empty(w, http.StatusOK)
	return nil
}

func (c Config) removePermission(w http.ResponseWriter, call *rest.Call, account string) error {
	q := call.Query()
	p := pap.GroupPermission{Name: q.Text("permission-name"), Scope: q.Text("scope"), ScopeType: q.Text("scope-type")}
	if err := q.Err(); err != nil {
		return err
	}
	if err := c.Service.RemoveGroupPermission(call.Context(), actor(call), account, call.Param("groupUuid"), p); err != nil {
		return err
	}
	rest.Empty(w, http.StatusOK)
	return nil
}

// permissionName is a role-based permission that there is.
type permissionName struct {
	ID          string `json:"id"`
	Description string `json:"description"`
}

// permissionNames are the published ones, with descriptions of this project's.
var permissionNames = []permissionName{
	{"account-company-info", "Reads and writes what is known of the company."},
	{"account-user-management", "Administers users and groups."},
	{"account-viewer", "Reads the account."},
	{"tenant-viewer", "Reads an environment."},
	{"tenant-manage-settings", "Changes the settings of an environment."},
	{"tenant-agent-install", "Installs agents in an environment."},
	{"tenant-logviewer", "Reads the logs of an environment."},
	{"tenant-view-sensitive-request-data", "Reads request data that may be personal."},
	{"tenant-configure-request-capture-data", "Says which request data is captured."},
	{"tenant-replay-sessions-with-masking", "Replays user sessions, masked."},
	{"tenant-replay-sessions-without-masking", "Replays user sessions, unmasked."},
	{"tenant-manage-security-problems", "Administers security problems."},
	{"tenant-manage-support-tickets", "Administers support tickets."},
}

func listPermissionNames(w http.ResponseWriter, _ *rest.Call) error {
	return rest.Write(w, http.StatusOK, permissionNames)
}
