package apitest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Attack: two clients change one token at the same time, one its name and one its scopes, and the slower one writes back
// what the other has just replaced; a scope that was taken away is back. Invariant: an update that was acknowledged is
// lost to no other, whatever that changed.
func TestTwoWriters(t *testing.T) {
	const rounds = 30
	s := openStage(t, "", "h1", newSightings(t))
	s.mint("ADMIN", []string{"apiTokens.read", "apiTokens.write", "administrator"})
	s.mint("SHARED", []string{"metrics.read"})
	scopes := []string{`["metrics.read"]`, `["logs.read","metrics.read"]`}
	var writers sync.WaitGroup
	for _, body := range []func(round int) string{
		func(round int) string { return fmt.Sprintf(`{"name":"round %d"}`, round) },
		func(round int) string { return `{"scopes":` + scopes[round%2] + `}` },
		func(round int) string { return fmt.Sprintf(`{"allowedNetworks":["192.0.2.%d"]}`, round) },
	} {
		writers.Go(func() {
			for round := range rounds {
				r := s.adminRequest(http.MethodPut, "/api/v2/apiTokens/"+s.values["shared"], body(round))
				if got, err := s.client.ask(r); err != nil || got.status != http.StatusNoContent {
					t.Errorf("%s: %d %s %v", r.body, got.status, got.body, err)
				}
			}
		})
	}
	writers.Wait()
	got, err := s.client.ask(s.adminRequest(http.MethodGet, "/api/v2/apiTokens/"+s.values["shared"], ""))
	s.must(err)
	var left struct {
		Name            string
		Scopes          []string
		AllowedNetworks []string
	}
	s.must(json.Unmarshal([]byte(got.body), &left))
	want := left
	want.Name, want.AllowedNetworks = fmt.Sprintf("round %d", rounds-1), []string{fmt.Sprintf("192.0.2.%d/32", rounds-1)}
	want.Scopes = strings.Split(strings.Trim(strings.ReplaceAll(scopes[(rounds-1)%2], `"`, ""), "[]"), ",")
	if diff := cmp.Diff(want, left); diff != "" {
		t.Errorf("an update was lost (-want +got):\n%s", diff)
	}
}

func (s *stage) adminRequest(method, target, body string) request {
	return request{method: method, target: target, body: body, header: http.Header{"Authorization": {"Api-Token " + s.values["ADMIN"]}}}
}
