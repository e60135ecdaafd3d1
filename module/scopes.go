package module

import (
	"github.com/doorward/doorward/module/endpoint"
	"github.com/doorward/doorward/tokens"
)

// checkScopes asks whether the principal holds one of the scopes that the endpoint names.
func (x *exchange) checkScopes() bool {
	e, p := x.endpoint, x.principal
	if e.Public {
		return true
	}
	if p.Personal && e.Personal == endpoint.No {
		return x.deny(reasonPersonalToken, "")
	}
	if x.hasNoScopes() {
		return x.isLeftToPolicies()
	}
	if holdsScope(e, p) {
		return true
	}
	return x.deny(reasonScope, "")
}

// isLeftToPolicies is for a credential that says nothing about scopes: policies alone decide then, so there has to be
// something that they can be asked. To ask for remote access is no right that a token could have.
func (x *exchange) isLeftToPolicies() bool {
	if x.endpoint.Plan != nil || len(x.endpoint.Permissions) > 0 || x.asksForAccess() {
		return true
	}
	return x.deny(reasonPolicy, "the token names no scopes, and the endpoint no permission")
}

// holdsScope keeps two divisions apart. A principal is judged by token scopes or by OAuth scopes, never by both. And a
// scope name that exists in the environment and in the cluster counts on a cluster endpoint only for a token that was
// issued for the cluster.
func holdsScope(e *endpoint.Endpoint, p *tokens.Principal) bool {
	if p.Class == tokens.ClassOAuth {
		return e.AnyToken && len(e.OAuthScopes) == 0 || p.Scopes.ContainsAny(e.OAuthScopes)
	}
	if e.BearerOnly {
		return false
	}
	scopes := e.Scopes
	if e.ClusterRealm && !p.Cluster {
		scopes = e.ClusterScopes
	}
	return e.AnyToken || p.Scopes.ContainsAny(scopes)
}

// scopeGroups are the alternatives by which a row is passed, for what is known of the use of scopes.
type scopeGroups struct{ token, cluster, oauth *tokens.ScopeGroup }

func (h *Handler) scopeGroups(e *endpoint.Endpoint) scopeGroups {
	return scopeGroups{
		token: h.verifier.ScopeGroup(e.Scopes), cluster: h.verifier.ScopeGroup(e.ClusterScopes), oauth: h.verifier.ScopeGroup(e.OAuthScopes),
	}
}

// noteScopes remembers by which alternatives a stored token got through, so that it can be told which of its scopes it needs.
func (x *exchange) noteScopes() {
	if x.principal == nil || x.bearer != nil || x.endpoint.Public {
		return
	}
	p, used := x.principal, x.h.rows[x.endpoint].used
	switch {
	case p.Class == tokens.ClassOAuth:
		x.h.verifier.NoteScopes(p, used.oauth, x.now)
	case x.endpoint.ClusterRealm && !p.Cluster:
		x.h.verifier.NoteScopes(p, used.cluster, x.now)
	default:
		x.h.verifier.NoteScopes(p, used.token, x.now)
	}
}
