package remoteaccesstest_test

import (
	"net/http"
	"testing"
)

// A JWT that says nothing about scopes is judged by policies alone, and to ask for access is nothing that a policy could grant: so
// staff with such a token can ask, and get no further by it.
func TestStaffWithoutScopesAsk(t *testing.T) {
	s, i := startJWT(t)
	token := i.Sign(staffClaims("scope", nil))
	own := call{method: "POST", target: "/api/doorward/v1/remoteAccess/ownRequests", token: token, header: near,
		body: `{"reason":"SUP-1","requestedDays":1,"role":"devops-viewer"}`}
	s.expect(own, http.StatusCreated)
	s.expect(call{target: "/plain", token: token, header: near}, http.StatusForbidden)
}
