package module

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens/scope"
)

// scopeOperations are what a picker of scopes needs: all that a token, or an OAuth2 client, of this gateway can be given.
func scopeOperations(ofTokens, ofClients *scope.Catalog) []rest.Operation {
	list := func(w http.ResponseWriter, call *rest.Call) error {
		q := call.Query()
		kind := cmp.Or(q.Text("kind"), "token")
		if kind != "token" && kind != "client" {
			q.Refuse("kind", "Expected token or client.")
		}
		if err := q.Err(); err != nil {
			return err
		}
		if kind == "client" {
			return rest.Write(w, http.StatusOK, groupScopes(ofClients, firstPart))
		}
		return rest.Write(w, http.StatusOK, groupScopes(ofTokens, func(s scope.Scope) string { return s.Group }))
	}
	return []rest.Operation{{Method: http.MethodGet, Path: "/api/doorward/v1/scopes", Serve: list}}
}

// scopeList is the answer.
type scopeList struct {
	Total  int          `json:"totalCount"`
	Groups []scopeGroup `json:"groups"` // by name
}

type scopeGroup struct {
	Name   string      `json:"name"`
	Scopes []scopeView `json:"scopes"` // by value
}

// scopeView is a scope. The flags are about token scopes; any client can be given any OAuth scope.
type scopeView struct {
	Value     string   `json:"value"`
	Name      string   `json:"name,omitempty"` // for people
	Creatable bool     `json:"creatable"`      // by the API; others are given on the command line
	Personal  bool     `json:"personal"`       // to personal tokens as well
	Cluster   bool     `json:"cluster"`
	OAuth     []string `json:"oauthScopes,omitempty"` // that grant the same
}

func groupScopes(c *scope.Catalog, groupOf func(scope.Scope) string) scopeList {
	groups := map[string][]scopeView{}
	for _, s := range c.All() {
		name := cmp.Or(groupOf(s), otherScopes)
		groups[name] = append(groups[name], scopeView{s.Value, s.Name, s.Creatable, s.Personal, s.Cluster, s.OAuth})
	}
	list := scopeList{Total: c.Len(), Groups: make([]scopeGroup, 0, len(groups))}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		list.Groups = append(list.Groups, scopeGroup{name, groups[name]})
	}
	return list
}

// otherScopes is the group of scopes that their catalogue puts into none.
const otherScopes = "Other"

// firstPart is that of an OAuth scope, which none of them has a group beside.
func firstPart(s scope.Scope) string {
	service, _, found := strings.Cut(s.Value, ":")
	if !found {
		return ""
	}
	return service
}
