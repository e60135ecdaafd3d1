package endpoint

import (
	"slices"
	"strings"
	"testing"
)

// TestOwn: what Doorward serves itself is stated. Its rows agree with those of the catalogue that they replace on a site, so
// that nothing opens or closes because the API is there.
func TestOwn(t *testing.T) {
	own, err := Embedded(Own)
	if err != nil {
		t.Fatal(err)
	}
	dynatrace, err := Embedded("dynatrace")
	if err != nil {
		t.Fatal(err)
	}
	before, err := Build(dynatrace.Layer())
	if err != nil {
		t.Fatal(err)
	}
	after, err := Build(dynatrace.Layer(), own.Layer())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range own.Endpoints {
		if row.Derived || row.PossiblyRemoved {
			t.Errorf("%s %s is not stated", row.Method, row.Template)
		}
		replaced, is := find(before, row), find(after, row)
		if is == nil || is.Catalog != Own {
			t.Errorf("%s %s is not in force", row.Method, row.Template)
			continue
		}
		if replaced != nil && isRemoteAccess(is) {
			checkRemoteScopes(t, is)
			continue
		}
		if replaced != nil && replaced.BearerOnly && !is.BearerOnly {
			checkAccountScopes(t, replaced, is)
			continue
		}
		if replaced != nil && (replaced.ScopeParameter != is.ScopeParameter || replaced.OAuthScopeParameter != is.OAuthScopeParameter ||
			replaced.AnyToken != is.AnyToken || replaced.Public != is.Public) {
			t.Errorf("%s asks for something else than the row that it replaces", is.Pattern)
		}
	}
}

// isRemoteAccess is true of the rows on which the sources disagree about the scopes, so that no catalogue can be repeated.
func isRemoteAccess(row *Endpoint) bool {
	return strings.HasPrefix(row.Template, "/api/cluster/v2/remoteaccess/") || row.Template == "/api/v1.0/onpremise/preferences"
}

// checkRemoteScopes. Attack: a token of a cluster node, which one of the sources admits, approves remote access. Invariant: what
// all sources have in common is enough, what only an administrator holds may be, and nothing else but a scope of our own.
func checkRemoteScopes(t *testing.T, row *Endpoint) {
	t.Helper()
	if !slices.Contains(row.Scopes, "ServiceProviderAPI") {
		t.Errorf("%s: not for ServiceProviderAPI", row.Pattern)
	}
	for _, scope := range row.Scopes {
		if scope != "ServiceProviderAPI" && scope != "ClusterTokenManagement" && !strings.HasPrefix(scope, "remoteaccess.") {
			t.Errorf("%s: %s will do", row.Pattern, scope)
		}
	}
	if !row.ClusterRealm || len(row.OAuthScopes) > 0 || row.AnyToken {
		t.Errorf("%s is not for tokens of the cluster alone", row.Pattern)
	}
}

// checkAccountScopes. Attack: an access token, whoever holds it, reaches users and groups that the row before left to OAuth scopes.
// Invariant: one scope alone was added, with which an OAuth client with all of those can be made anyway; it is in no personal
// token, and who has OAuth scopes needs the same as before.
func checkAccountScopes(t *testing.T, replaced, is *Endpoint) {
	t.Helper()
	if is.API != "account" || !slices.Equal(is.Scopes, []string{"ServiceProviderAPI"}) || is.Personal != No {
		t.Errorf("%s: access tokens with %q will do, personal ones: %v", is.Pattern, is.Scopes, is.Personal)
	}
	if replaced.OAuthScopeParameter != is.OAuthScopeParameter || is.AnyToken || is.Public {
		t.Errorf("%s asks for something else than the row that it replaces", is.Pattern)
	}
}

func find(table *Table, row Endpoint) *Endpoint {
	for _, e := range table.All() {
		if e.Method == row.Method && e.Template == row.Template {
			return e
		}
	}
	return nil
}
