package tokenapi_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/tokens"
)

// TestAdvice: what was used is kept, and nothing is proposed for a token of which no use is known. Tokens of others do not exist.
func TestAdvice(t *testing.T) {
	d := newDesk(t)
	put := func(name string, r tokens.Record) string {
		presented, err := tokens.NewFormats()
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := presented.Parse(secretOf(name))
		if err != nil {
			t.Fatal(err)
		}
		r.ID, r.Digest, r.Name, r.Enabled, r.Created = parsed.ID, parsed.Digest(), name, true, start
		d.store.Put(r)
		return r.ID
	}
	scopes := []string{"events.read", "metrics.read"}
	used := put("used", tokens.Record{Environment: "prod", Scopes: scopes})
	idle := put("idle", tokens.Record{Environment: "prod", Scopes: scopes})
	foreign := put("foreign", tokens.Record{Environment: "elsewhere", Scopes: scopes})
	err := d.store.RecordScopeUses(t.Context(), []tokens.ScopeUse{{ID: used, Alternatives: []string{"DataExport", "metrics.read"}, At: start.Add(time.Hour)}})
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{
		used: `{"id":"` + used + `","name":"used","since":"2026-03-31T13:45:30.123Z","keep":["metrics.read"],"drop":["events.read"],` +
			`"uses":[{"oneOf":["metrics.read"],"lastUsedDate":"2026-03-31T14:45:30.123Z"}]}`,
		idle:    `{"id":"` + idle + `","name":"idle","since":"2026-03-31T13:45:30.123Z","keep":[],"drop":[],"uses":[]}`,
		foreign: ``,
	} {
		w := d.call("clerk", http.MethodGet, "/api/doorward/v1/apiTokens/"+id+"/advice", "")
		if want == "" {
			if w.Code != http.StatusNotFound {
				t.Errorf("%s: %d %s", id, w.Code, w.Body)
			}
			continue
		}
		var wanted, got any
		if err := json.Unmarshal([]byte(want), &wanted); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
}
