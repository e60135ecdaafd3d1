package tokenapi_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/tokens"
)

const activeGates = "/api/v2/activeGateTokens"

// gateToken is the n-th ActiveGate token of an environment; of ten in a row all are made at the same time.
func gateToken(environment string, n int) tokens.Record {
	return tokens.Record{
		ID: fmt.Sprintf("dt0g02.%s%07d", strings.ToUpper(environment[:1]), n), Name: strconv.Itoa(n), Environment: environment,
		ActiveGate: tokens.ActiveGateEnvironment, Enabled: true, Created: start.Add(time.Duration(n/10) * time.Minute),
	}
}

// TestActiveGatePaging: a walk through all pages, while tokens come and go, sees each token that is there all the time
// exactly once, and none of another environment. The listing is counted once.
func TestActiveGatePaging(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(t)
		counts := 0
		d.store.Before = func(_ context.Context, method string) error {
			if method == "CountTokens" {
				counts++
			}
			return nil
		}
		size := rapid.IntRange(0, 420).Draw(rt, "size")
		for n := range size {
			d.store.Put(gateToken("prod", 2*n))
			d.store.Put(gateToken("elsewhere", n))
		}
		gone, seen := map[string]bool{}, map[string]int{}
		query := "?pageSize=" + strconv.Itoa(rapid.IntRange(100, 150).Draw(rt, "page"))
		for query != "" {
			var page struct {
				TotalCount       int
				NextPageKey      string
				ActiveGateTokens []struct{ ID string }
			}
			if err := json.Unmarshal([]byte(d.want(200, "admin", "GET", activeGates+query, "")), &page); err != nil {
				rt.Fatal(err)
			}
			for _, token := range page.ActiveGateTokens {
				seen[token.ID]++
			}
			if page.TotalCount != size {
				rt.Fatalf("total %d of %d", page.TotalCount, size)
			}
			if query = ""; page.NextPageKey != "" {
				query = "?nextPageKey=" + url.QueryEscape(page.NextPageKey)
				leaving := gateToken("prod", 2*rapid.IntRange(0, size-1).Draw(rt, "leaving")).ID
				if err := d.service.DeleteActiveGate(t.Context(), "test", leaving); (err == nil) == gone[leaving] {
					rt.Fatal(err)
				}
				gone[leaving] = true
				d.store.Put(gateToken("prod", 2*rapid.IntRange(0, size).Draw(rt, "coming")+1))
			}
		}
		for n := range size {
			id := gateToken("prod", 2*n).ID
			if seen[id] > 1 || seen[id] == 0 && !gone[id] {
				rt.Fatalf("%s was seen %d times", id, seen[id])
			}
			if seen[gateToken("elsewhere", n).ID] > 0 {
				rt.Fatal("a token of another environment was listed")
			}
		}
		if counts != 1 {
			rt.Fatalf("the listing was counted %d times", counts)
		}
	})
}

// Attack: the page key is changed, made up, or taken from another listing. Fix: it is checked like the query that it stands
// for. Invariant: a key that was not given out is 400, and none gets a caller what a query does not.
func TestActiveGatePageKeys(t *testing.T) {
	d := newDesk(t)
	for n := range 120 {
		d.store.Put(gateToken("prod", n))
	}
	const good = `{"l":"activeGateTokens","n":100,"t":120,"a":{"i":"dt0g02.P0000050","t":1900000000000}}`
	key := func(text string) string {
		return activeGates + "?nextPageKey=" + base64.RawURLEncoding.EncodeToString([]byte(text))
	}
	d.want(200, "admin", "GET", key(good), "")
	if body := d.want(200, "stranger", "GET", key(good), ""); strings.Contains(body, "dt0g02.P") {
		t.Error("a key gave access to another environment")
	}
	for name, change := range map[string][2]string{
		"of another listing": {"activeGateTokens", "apiTokens"}, "small pages": {`"n":100`, `"n":99`}, "huge pages": {`"n":100`, `"n":3001`},
		"negative total": {`"t":120`, `"t":-1`}, "no place": {"dt0g02.P0000050", ""}, "time out of range": {"1900000000000", "-1"}, "end of time": {"1900000000000", "253402300800000"},
		"a text for a number": {`"n":100`, `"n":"100"`}, "no object": {good, "[]"}, "half": {`}}`, `}`},
	} {
		if w := d.call("admin", "GET", key(strings.Replace(good, change[0], change[1], 1)), ""); w.Code != 400 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

// FuzzActiveGatePageKey: no page key makes the listing fail otherwise than with 400.
func FuzzActiveGatePageKey(f *testing.F) {
	d := newDesk(f)
	d.store.Put(gateToken("prod", 1))
	for _, seed := range []string{"", "x", "{}", `{"l":"activeGateTokens","n":100,"t":1,"a":{"i":"dt0g02.P0000050","t":1900000000000}}`, `{"l":"activeGateTokens","n":1e9}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d.t = t
		for _, key := range []string{text, base64.RawURLEncoding.EncodeToString([]byte(text))} {
			if w := d.call("admin", "GET", activeGates+"?nextPageKey="+url.QueryEscape(key), ""); w.Code != 200 && w.Code != 400 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
		}
	})
}

// Attack: more is put into the body of a creation than it has: an owner, an environment, scopes. Fix: owner and environment
// are the caller's. Invariant: an ActiveGate token belongs to who made it, where they made it, and has no scopes.
func TestActiveGateCreationGivesNothingAway(t *testing.T) {
	d := newDesk(t)
	body := d.want(201, "clerk", "POST", activeGates, `{"name":"x","activeGateType":"CLUSTER","owner":"admin","environment":"elsewhere","scopes":["logs.ingest"],"administrator":true}`)
	var created struct{ ID, Token string }
	if err := json.Unmarshal([]byte(body), &created); err != nil {
		t.Fatal(err)
	}
	r, err := d.store.Token(t.Context(), created.ID)
	if err != nil || r.Owner != "clerk@example.org" || r.Environment != "prod" || len(r.Scopes) > 0 || r.Administrator || r.Cluster || r.Personal {
		t.Errorf("%+v, %v", r, err)
	}
	d.noSecrets(created.Token)
	if strings.Contains(d.want(200, "clerk", "GET", activeGates, ""), created.Token[len("dt0g02.ABCDEFGH."):]) {
		t.Error("the secret is shown a second time")
	}
}

// TestLargeBodies: what is over the limit is 413 wherever a body is read.
func TestLargeBodies(t *testing.T) {
	d := newDesk(t)
	large := `{"name":"` + strings.Repeat("x", 1<<20) + `"}`
	d.want(413, "admin", "POST", activeGates, large)
	d.want(413, "admin", "PUT", "/api/doorward/v1/tokenSettings", large)
}
