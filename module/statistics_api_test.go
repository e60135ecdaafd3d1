package module_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/tokens"
)

// statisticsOf are what a test reads of the answer.
type statisticsOf struct {
	Gateway struct{ Started time.Time }
	Total   struct {
		Requests struct{ Allow, Deny uint64 }
		Refusals map[string]uint64
	}
	Intervals []struct {
		To       time.Time
		Requests struct{ Allow uint64 }
	}
}

func askStatistics(t *testing.T, g *moduletest.Gate, token string) (s statisticsOf) {
	t.Helper()
	response, text := send(t, g, http.MethodGet, "/api/doorward/v1/statistics", "Authorization: Api-Token "+token)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", response.StatusCode, text)
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

const countedSite = "{\nadmin off\npersist_config off\ndefault_bind 127.0.0.1\ndoorward {\nstore sqlite {STORE}\n}\n}\n{SITE} {\ndoorward\ndoorward_api\n" +
	"reverse_proxy {UPSTREAM}\n}\n"

// Invariant: what a gate has counted outlives a reload of its config, and so does the hour that is remembered.
func TestStatisticsOutliveReloads(t *testing.T) {
	g := moduletest.Start(t, countedSite)
	_, admin := g.Mint("", tokens.Attributes{Scopes: []string{"ServiceProviderAPI"}, Cluster: true, AllowUncreatable: true})
	if response, _ := send(t, g, http.MethodGet, "/api/v2/metrics", "Authorization: Api-Token "+admin); response.StatusCode != http.StatusForbidden {
		t.Fatal(response.StatusCode)
	}
	before := askStatistics(t, g, admin)
	g.Load(countedSite + "# another text\n")
	after := askStatistics(t, g, admin)
	if !after.Gateway.Started.Equal(before.Gateway.Started) || before.Total.Refusals["scope"] != 1 || after.Total.Refusals["scope"] != 1 ||
		after.Total.Requests.Deny != 1 || after.Total.Requests.Allow != before.Total.Requests.Allow+1 {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if len(after.Intervals) == 0 || !after.Intervals[len(after.Intervals)-1].To.After(before.Intervals[len(before.Intervals)-1].To) {
		t.Errorf("the interval under way does not end with the answer: %+v", after.Intervals)
	}
}
