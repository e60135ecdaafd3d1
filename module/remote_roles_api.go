package module

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/module/endpoint"
	"github.com/doorward/doorward/remote"
)

// remoteRoleOperations tell what each role of remote support staff reaches, for whoever decides which one to grant.
func remoteRoleOperations(tables []*endpoint.Table) []rest.Operation {
	rows := distinctRows(tables)
	list := func(w http.ResponseWriter, call *rest.Call) error {
		q := call.Query()
		only := q.Text("role")
		if _, known := remote.ParseRole(only); !known && only != "" {
			q.Refuse("role", "Expected one of devops-viewer, devops-user and devops-admin.")
		}
		if err := q.Err(); err != nil {
			return err
		}
		list := remoteRoles{Total: len(rows), Roles: []remoteRoleView{}}
		for role := remote.Viewer; role <= remote.Admin; role++ {
			if only == "" || role.String() == only {
				list.Roles = append(list.Roles, roleViewOf(role, rows, only != ""))
			}
		}
		return rest.Write(w, http.StatusOK, list)
	}
	return []rest.Operation{{Method: http.MethodGet, Path: "/api/doorward/v1/remoteAccess/roles", Serve: list}}
}

// remoteRoles is the answer.
type remoteRoles struct {
	Total int              `json:"endpoints"` // of all sites
	Roles []remoteRoleView `json:"roles"`     // weakest first
}

type remoteRoleView struct {
	Role        string   `json:"role"`
	Permissions []string `json:"permissions"`
	accessCounts
	Groups    []roleGroup    `json:"groups"`
	Endpoints []roleEndpoint `json:"reach,omitempty"` // of a role that was asked for
}

// roleGroup is a group of endpoints of the catalogues.
type roleGroup struct {
	Name string `json:"name"`
	accessCounts
}

type roleEndpoint struct {
	Endpoint string `json:"endpoint"`
	Access   string `json:"access"`
}

// accessCounts says of how many endpoints a role has all, sees answers with personal data masked, has it only for some of what they
// can be asked for, or has nothing.
type accessCounts struct {
	Open   int `json:"open"`
	Masked int `json:"masked"`
	Partly int `json:"partly"`
	Closed int `json:"closed"`
}

// How much of an endpoint a role reaches.
const (
	accessOpen   = "open"
	accessMasked = "masked"
	accessPartly = "partly"
	accessClosed = "closed"
)

func (c *accessCounts) count(access string) {
	switch access {
	case accessOpen:
		c.Open++
	case accessMasked:
		c.Masked++
	case accessPartly:
		c.Partly++
	default:
		c.Closed++
	}
}

// distinctRows are the rows of all sites, each once and without other names for them.
func distinctRows(tables []*endpoint.Table) []*endpoint.Endpoint {
	rows := map[string]*endpoint.Endpoint{}
	for _, table := range tables {
		for _, row := range table.All() {
			if row.AliasOf == "" && rows[row.Pattern] == nil {
				rows[row.Pattern] = row
			}
		}
	}
	return slices.SortedFunc(maps.Values(rows), func(a, b *endpoint.Endpoint) int {
		return cmp.Or(cmp.Compare(a.Template, b.Template), cmp.Compare(a.Method, b.Method))
	})
}

func roleViewOf(role remote.Role, rows []*endpoint.Endpoint, each bool) remoteRoleView {
	v := remoteRoleView{Role: role.String(), Permissions: strings.Split(role.Permissions().String(), ", "), Groups: []roleGroup{}}
	// Everybody has the role in this one, so what it decides is about the role alone.
	decides := remote.NewSnapshot(remote.Current{}, remote.All, role)
	groups := map[string]*roleGroup{}
	for _, row := range rows {
		access := reachOf(decides, row)
		name := cmp.Or(row.API, otherScopes)
		if groups[name] == nil {
			groups[name] = &roleGroup{Name: name}
		}
		groups[name].count(access)
		v.count(access)
		if each {
			v.Endpoints = append(v.Endpoints, roleEndpoint{row.Pattern, access})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		v.Groups = append(v.Groups, *groups[name])
	}
	return v
}

// reachOf asks about each rule of a row as the gate asks about a request that the rule fits.
func reachOf(decides *remote.Snapshot, row *endpoint.Endpoint) string {
	if len(row.Remote) == 0 {
		return accessClosed
	}
	found := ""
	for _, rule := range row.Remote {
		access := accessClosed
		switch call := (remote.Call{User: "anybody@example.com", Class: rule.Class, Needs: rule.Needs, Now: time.Unix(0, 0)}); {
		case rule.Class == remote.Asking || decides.Decide(call).Allows():
			access = accessOpen
		case row.Masked != nil:
			call.Needs &^= remote.SensitiveRead
			if decides.Decide(call).Allows() {
				access = accessMasked
			}
		}
		if found != "" && access != found {
			return accessPartly
		}
		found = access
	}
	return found
}
