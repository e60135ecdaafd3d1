package tokenapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/doorward/doorward/tokens"
)

const platformsPath = "/iam/v1/accounts/acme/platform-tokens"

// The staff mark shows wherever a token does, and only where it is set.
func TestStaffMarkShows(t *testing.T) {
	d := newDesk(t)
	plain := tokens.Record{
		ID: "dt0c01." + strings.Repeat("P", 24), Name: "plain", Owner: "clerk@example.org", Environment: "prod", Enabled: true,
		Scopes: []string{"metrics.read"}, Created: start,
	}
	marked, platform := plain, plain
	marked.ID, marked.Name, marked.Staff = "dt0c01."+strings.Repeat("M", 24), "marked", true
	platform.ID, platform.Scopes, platform.Staff = "dt0s16."+strings.Repeat("M", 24), []string{"storage:logs:read"}, true
	for _, r := range []tokens.Record{plain, marked, platform} {
		d.store.Put(r)
	}
	for target, want := range map[string]int{
		tokensPath + "/" + plain.ID:             0,
		tokensPath + "/" + marked.ID:            1,
		tokensPath:                              0,
		tokensPath + "?fields=%2Bstaff":         1,
		"/api/v1/tokens/" + plain.ID:            0,
		"/api/v1/tokens/" + marked.ID:           1,
		platformsPath + "/" + platform.ID:       1,
		platformsPath + "?user=" + marked.Owner: 1,
	} {
		answer := d.want(http.StatusOK, "admin", http.MethodGet, target, "")
		if n := strings.Count(answer, `"staff":true`); n != want || strings.Contains(answer, `"staff":false`) {
			t.Errorf("%s: %d marks, want %d: %s", target, n, want, answer)
		}
	}
}

// Attack: the mark is taken off, or a token made without the ceiling, by HTTP. Invariant: what a body says of the mark is not
// heard, and who calls as remote support staff changes nothing, administrator or not.
func TestStaffByHTTP(t *testing.T) {
	d := newDesk(t)
	marked := tokens.Record{
		ID: "dt0c01." + strings.Repeat("M", 24), Name: "marked", Owner: "clerk@example.org", Environment: "prod", Enabled: true, Staff: true,
		Scopes: []string{"metrics.read"}, Created: start,
	}
	d.store.Put(marked)
	d.call("admin", http.MethodPut, tokensPath+"/"+marked.ID, `{"name":"renamed","staff":false}`)
	if r, err := d.service.Show(t.Context(), marked.ID); !r.Staff || err != nil {
		t.Errorf("%+v, %v", r, err)
	}
	support := d.callers["admin"]
	support.Staff = "john@example.org"
	d.callers["support"] = support
	body := `{"name":"x","scopes":["metrics.read"]}`
	d.want(http.StatusForbidden, "support", http.MethodPost, tokensPath, body)
	d.want(http.StatusForbidden, "support", http.MethodPut, tokensPath+"/"+marked.ID, `{"enabled":true,"name":"x"}`)
	d.want(http.StatusForbidden, "support", http.MethodDelete, tokensPath+"/"+marked.ID, "")
	d.want(http.StatusForbidden, "support", http.MethodPost, platformsPath, `{"name":"x","owner":"a","scopes":["storage:logs:read"]}`)
	d.want(http.StatusOK, "support", http.MethodGet, tokensPath+"/"+marked.ID, "")
}
