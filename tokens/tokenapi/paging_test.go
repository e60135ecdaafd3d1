package tokenapi_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/tokens"
)

// page is what a client reads of a page.
type page struct {
	TotalCount  int
	PageSize    int
	NextPageKey string
	APITokens   []struct{ ID, Name string }
}

const tokensPath = "/api/v2/apiTokens"

// list asks for a page: with a query, or a page key alone.
func (d *desk) list(caller, query string) page {
	d.t.Helper()
	var p page
	if err := json.Unmarshal([]byte(d.want(http.StatusOK, caller, http.MethodGet, tokensPath+"?"+query, "")), &p); err != nil {
		d.t.Fatal(err)
	}
	return p
}

// stock puts tokens into the store whose dates and names are often the same.
func (d *desk) stock(from, n int, choose func(n int) int) []string {
	ids := make([]string, 0, n)
	some := func() time.Time {
		if i := choose(4); i > 0 {
			return start.Add(time.Duration(i) * time.Hour)
		}
		return time.Time{}
	}
	for i := range n {
		id := fmt.Sprintf("dt0c01.%024d", from+i)
		d.store.Put(tokens.Record{
			ID: id, Name: []string{"a", "B", "é", "b"}[choose(4)], Environment: "prod", Enabled: choose(3) > 0, Scopes: []string{"metrics.read"},
			Created: start.Add(-time.Duration(choose(3)) * time.Hour), Expires: some(), Modified: some(), LastUsed: some(),
		})
		ids = append(ids, id)
	}
	return ids
}

// filtered are listings that do not have all tokens, and what is in them.
var filtered = []struct {
	query string
	has   func(tokens.Record) bool
}{
	{"", func(tokens.Record) bool { return true }},
	{`&apiTokenSelector=name("b")`, func(r tokens.Record) bool { return r.Name == "b" }},
	{`&apiTokenSelector=enabled(true)`, func(r tokens.Record) bool { return r.Enabled }},
	{`&apiTokenSelector=enabled(false)`, func(r tokens.Record) bool { return !r.Enabled }},
	{`&expiresFrom=now`, func(r tokens.Record) bool { return !r.Expires.IsZero() }},
	{`&expiresFrom=now&expiresTo=now%2B2h&apiTokenSelector=enabled(true)`, func(r tokens.Record) bool {
		return r.Enabled && !r.Expires.IsZero() && r.Expires.Before(start.Add(3*time.Hour))
	}},
}

// TestPagingWhileTokensComeAndGo: whoever pages through everything sees no token twice, and misses none that was there
// from the first page to the last, in every order and with every filter.
func TestPagingWhileTokensComeAndGo(t *testing.T) {
	orders := []string{"name", "lastUsedDate", "creationDate", "expirationDate", "modifiedDate"}
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(t)
		choose := func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "choice") }
		sort := rapid.SampledFrom([]string{"", "-", "%2B"}).Draw(rt, "sign") + rapid.SampledFrom(orders).Draw(rt, "sort")
		filter := rapid.SampledFrom(filtered).Draw(rt, "filter")
		steady := map[string]bool{}
		for _, id := range d.stock(0, rapid.IntRange(150, 330).Draw(rt, "tokens"), choose) {
			if r, err := d.store.Token(t.Context(), id); err == nil && filter.has(r) {
				steady[id] = true
			}
		}
		seen, added := map[string]bool{}, 1_000_000
		for p, query := (page{}), "pageSize=100&sort="+sort+filter.query; query != ""; {
			p = d.list("admin", query)
			for _, one := range p.APITokens {
				if seen[one.ID] {
					rt.Fatalf("%s is there twice", one.ID)
				}
				seen[one.ID] = true
				if r, err := d.store.Token(t.Context(), one.ID); err != nil || !filter.has(r) {
					rt.Fatalf("%s has %+v, %v", filter.query, r, err)
				}
			}
			if query = ""; p.NextPageKey != "" {
				query = "nextPageKey=" + p.NextPageKey
			}
			added += len(d.stock(added, choose(20), choose))
			known := slices.Sorted(maps.Keys(steady))
			for range choose(min(20, len(known)+1)) {
				gone := known[choose(len(known))]
				_ = d.service.Delete(t.Context(), "test", gone) // some are chosen twice
				delete(steady, gone)
			}
			// The last one of a page is where the next one goes on, and may be gone by then.
			if n := len(p.APITokens); n > 0 && choose(2) == 0 {
				_ = d.service.Delete(t.Context(), "test", p.APITokens[n-1].ID)
				delete(steady, p.APITokens[n-1].ID)
			}
		}
		for id := range steady {
			if !seen[id] {
				rt.Fatalf("%s was there all the time and is in no page", id)
			}
		}
	})
}

// TestPageKeyCarriesEverything: the key alone brings the filter, the fields, the page size and the count of the first
// page, and nothing is counted twice.
func TestPageKeyCarriesEverything(t *testing.T) {
	d := newDesk(t)
	counts := 0
	d.store.Before = func(_ context.Context, method string) error {
		if method == "CountTokens" {
			counts++
		}
		return nil
	}
	for i := range 420 {
		used := time.Time{}
		if i%2 == 0 {
			used = start.Add(-time.Duration(i) * time.Minute)
		}
		d.store.Put(tokens.Record{
			ID: fmt.Sprintf("dt0c01.%024d", i), Name: fmt.Sprintf("n%03d", i), Owner: `o"~`, Environment: "prod", Enabled: true,
			Created: start.Add(time.Duration(i)), LastUsed: used,
		})
	}
	query := url.Values{"pageSize": {"100"}, "sort": {"-name"}, "fields": {"name"}, "from": {"now-1d"}, "apiTokenSelector": {`owner("o~"~~")`}}
	first := d.list("admin", query.Encode())
	if first.TotalCount != 210 || len(first.APITokens) != 100 || first.APITokens[0].Name != "n418" || counts != 1 {
		t.Fatalf("first page: %d of %d, %d counts", len(first.APITokens), first.TotalCount, counts)
	}
	d.wait(48 * time.Hour) // relative times are those of the first page
	d.store.Put(tokens.Record{ID: "dt0c01.LATE", Name: "n000a", Owner: `o"~`, Environment: "prod", Created: start, LastUsed: d.clock()})
	second := d.list("admin", "nextPageKey="+first.NextPageKey)
	third := d.list("admin", "nextPageKey="+second.NextPageKey)
	if second.TotalCount != 210 || second.PageSize != 100 || second.APITokens[0].Name != "n218" {
		t.Errorf("second page: %+v", second)
	}
	if len(third.APITokens) != 10 || third.NextPageKey != "" || third.APITokens[9].Name != "n000" || counts != 1 {
		t.Errorf("third page: %+v, %d counts", third, counts)
	}
}

// TestExpiryHoldsStill: a frame of the expiry that is relative to now is that of the first page on every page.
func TestExpiryHoldsStill(t *testing.T) {
	d := newDesk(t)
	for i := range 400 {
		d.store.Put(tokens.Record{
			ID: fmt.Sprintf("dt0c01.%024d", i), Name: "n", Environment: "prod", Enabled: true, Created: start, Expires: start.Add(time.Duration(i) * time.Minute),
		})
	}
	for want, frame := range map[int]string{
		241: "&expiresFrom=now%2B1h&expiresTo=now%2B5h", 340: "&expiresFrom=now%2B1h", 301: "&expiresTo=now%2B5h",
	} {
		p := d.list("admin", `pageSize=100&sort=-expirationDate&apiTokenSelector=name("n")`+frame)
		total, seen := p.TotalCount, len(p.APITokens)
		for p.NextPageKey != "" {
			d.wait(time.Hour)
			p = d.list("admin", "nextPageKey="+p.NextPageKey)
			seen += len(p.APITokens)
		}
		if total != want || seen != want {
			t.Errorf("%s: %d of %d, want %d", frame, seen, total, want)
		}
		d.wait(start.Sub(d.clock()))
	}
}

// A page that is just full is the last one where nothing follows.
func TestFullLastPage(t *testing.T) {
	d := newDesk(t)
	d.stock(0, 96, func(int) int { return 0 }) // and the four callers
	if p := d.list("admin", "pageSize=100"); p.NextPageKey != "" || p.TotalCount != 100 || len(p.APITokens) != 100 {
		t.Errorf("%d of %d, next page %q", len(p.APITokens), p.TotalCount, p.NextPageKey)
	}
}

// Attack: a page key is changed, made up, or taken from another listing, to fault the gateway or to see what a query does
// not give. Fix: whatever a key says is checked as the query would be. Invariant: 400, or a page of the caller's tokens.
func TestPageKeysThatWereNotGivenOut(t *testing.T) {
	d := newDesk(t)
	for name, place := range map[string]string{
		"no object":                `7`,
		"null":                     `null`,
		"empty":                    `{}`,
		"another listing":          `{"l":"activeGateTokens","f":"id","s":"name","n":100,"t":1,"a":{"i":"x"}}`,
		"no listing":               `{"f":"id","s":"name","n":100,"t":1,"a":{"i":"x"}}`,
		"page too small":           `{"l":"apiTokens","f":"id","s":"name","n":1,"t":1,"a":{"i":"x"}}`,
		"page too large":           `{"l":"apiTokens","f":"id","s":"name","n":10001,"t":1,"a":{"i":"x"}}`,
		"negative total":           `{"l":"apiTokens","f":"id","s":"name","n":100,"t":-1,"a":{"i":"x"}}`,
		"no position":              `{"l":"apiTokens","f":"id","s":"name","n":100,"t":1}`,
		"order":                    `{"l":"apiTokens","f":"id","s":"secret","n":100,"t":1,"a":{"i":"x"}}`,
		"fields":                   `{"l":"apiTokens","f":"digest","s":"name","n":100,"t":1,"a":{"i":"x"}}`,
		"selector":                 `{"l":"apiTokens","q":"owner(","f":"id","s":"name","n":100,"t":1,"a":{"i":"x"}}`,
		"before all times":         `{"l":"apiTokens","f":"id","s":"name","from":-62135596800000,"n":100,"t":1,"a":{"i":"x"}}`,
		"after all times":          `{"l":"apiTokens","f":"id","s":"name","n":100,"t":1,"a":{"i":"x","t":9223372036854775807}}`,
		"number out of range":      `{"l":"apiTokens","f":"id","s":"name","n":1e99,"t":1,"a":{"i":"x"}}`,
		"wrong type":               `{"l":"apiTokens","f":["id"],"s":"name","n":100,"t":1,"a":{"i":"x"}}`,
		"something after it":       `{"l":"apiTokens","f":"id","s":"name","n":100,"t":1,"a":{"i":"x"}}{}`,
		"not JSON":                 "\x00\xff",
		"nothing":                  ` `,
		"longer than a key can be": strings.Repeat(" ", 10_000),
	} {
		t.Run(name, func(t *testing.T) {
			d.want(http.StatusBadRequest, "clerk", http.MethodGet, tokensPath+"?nextPageKey="+base64.RawURLEncoding.EncodeToString([]byte(place)), "")
		})
	}
}

// Another environment's key is read as a query: it reaches the tokens of the caller's environment and no others.
func TestPageKeyOfAnotherEnvironment(t *testing.T) {
	d := newDesk(t)
	d.stock(0, 150, func(int) int { return 0 })
	first := d.list("clerk", "pageSize=100")
	if p := d.list("stranger", "nextPageKey="+first.NextPageKey); len(p.APITokens) > 1 {
		t.Errorf("another environment's tokens are listed: %v", p.APITokens)
	}
	if p := d.list("person", "nextPageKey="+first.NextPageKey); len(p.APITokens) > 1 {
		t.Errorf("other owners' tokens are listed to a personal token: %v", p.APITokens)
	}
}

// FuzzPageKey: whatever stands where a page key does, the answer is a page or 400.
func FuzzPageKey(f *testing.F) {
	d := newDesk(f)
	d.stock(0, 150, func(int) int { return 0 })
	f.Add(d.list("admin", "pageSize=100").NextPageKey)
	f.Add(d.list("admin", "pageSize=100&sort=name&fields=name&from=0").NextPageKey)
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, key string) {
		d.t = t
		for _, text := range []string{key, base64.RawURLEncoding.EncodeToString([]byte(key))} {
			w := d.call("admin", http.MethodGet, tokensPath+"?nextPageKey="+url.QueryEscape(text), "")
			if w.Code != http.StatusOK && w.Code != http.StatusBadRequest {
				t.Fatalf("%q: %d", text, w.Code)
			}
		}
	})
}
