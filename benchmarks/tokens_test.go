package benchmarks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/doorward/doorward/benchmarks/fill"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/tokens"
)

// desk is a gateway over a filled store, and an administrator who calls its token API over HTTP.
type desk struct {
	b      *testing.B
	url    string
	token  string
	client *http.Client
}

// newDesk takes the store from the folder that DOORWARD_BENCH_FOLDER names; `make bench-tokens` fills one.
func newDesk(b *testing.B) *desk {
	b.Helper()
	folder, count := os.Getenv("DOORWARD_BENCH_FOLDER"), os.Getenv("DOORWARD_BENCH_TOKENS")
	if folder == "" || count == "" {
		b.Skip("no filled store is named: see make bench-tokens")
	}
	store := filepath.Join(folder, count+".db")
	if _, err := os.Stat(store); err != nil {
		b.Fatal(err)
	}
	g := moduletest.Start(b, fmt.Sprintf(`{
	admin off
	persist_config off
	default_bind 127.0.0.1
	doorward {
		store sqlite %q
		environment %s
	}
}
{SITE} {
	doorward
	doorward_api
	reverse_proxy {UPSTREAM}
}
`, store, fill.Environment))
	_, token := g.Mint("", tokens.Attributes{
		Name: "bench", Environment: fill.Environment, Administrator: true,
		Scopes: []string{"apiTokens.read", "apiTokens.write", "metrics.read"},
	})
	return &desk{b, "http://" + g.Addr, token, &http.Client{Timeout: time.Minute}}
}

func (d *desk) call(method, path, body string, status int) []byte {
	d.b.Helper()
	r, err := http.NewRequestWithContext(d.b.Context(), method, d.url+path, bytes.NewReader([]byte(body)))
	if err != nil {
		d.b.Fatal(err)
	}
	r.Header.Set("Authorization", "Api-Token "+d.token)
	r.Header.Set("Content-Type", "application/json")
	response, err := d.client.Do(r)
	if err != nil {
		d.b.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != status {
		d.b.Fatalf("%s %s: %d, %v", method, path, response.StatusCode, err)
	}
	return answer
}

// measure reports the median and the 99th percentile beside Go's mean: on a machine that does other things a mean says little.
func measure(b *testing.B, do func(i int)) {
	b.Helper()
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		start := time.Now()
		do(i)
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	inMilliseconds := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	b.ReportMetric(inMilliseconds(took[len(took)/2]), "ms/median")
	b.ReportMetric(inMilliseconds(took[len(took)*99/100]), "ms/p99")
}

type page struct {
	TotalCount  int    `json:"totalCount"`
	NextPageKey string `json:"nextPageKey"`
	APITokens   []struct {
		ID string `json:"id"`
	} `json:"apiTokens"`
}

func (d *desk) page(query string) page {
	d.b.Helper()
	var p page
	if err := json.Unmarshal(d.call(http.MethodGet, "/api/v2/apiTokens"+query, "", http.StatusOK), &p); err != nil {
		d.b.Fatal(err)
	}
	return p
}

// Each call over HTTP, gate and audit trail included. Required at a million tokens: 5 ms at the median.
func BenchmarkTokenAPI(b *testing.B) {
	d := newDesk(b)
	some := d.page("?pageSize=1000&sort=name").APITokens
	const reader = `{"name":"reader","scopes":["metrics.read"],"expirationDate":"now+14d"}`
	b.Run("create", func(b *testing.B) {
		measure(b, func(int) { d.call(http.MethodPost, "/api/v2/apiTokens", reader, http.StatusCreated) })
	})
	b.Run("get", func(b *testing.B) {
		measure(b, func(i int) { d.call(http.MethodGet, "/api/v2/apiTokens/"+some[i%len(some)].ID, "", http.StatusOK) })
	})
	b.Run("lookup", func(b *testing.B) {
		body := `{"token":"` + d.token + `"}`
		measure(b, func(int) { d.call(http.MethodPost, "/api/v2/apiTokens/lookup", body, http.StatusOK) })
	})
	b.Run("update", func(b *testing.B) {
		measure(b, func(i int) {
			d.call(http.MethodPut, "/api/v2/apiTokens/"+some[i%len(some)].ID, fmt.Sprintf(`{"name":"n%d"}`, i), http.StatusNoContent)
		})
	})
}

// A page of 200 at the beginning, in the middle and at the end of each order. Required: 50 ms wherever it is. With a filter it is the
// first page, which counts the whole listing too.
func BenchmarkTokenList(b *testing.B) {
	d := newDesk(b)
	for _, sort := range []string{"-creationDate", "name", "lastUsedDate", "-expirationDate", "modifiedDate"} {
		first := "?pageSize=200&sort=" + url.QueryEscape(sort)
		for _, place := range d.places(sort) {
			b.Run(sort+"/"+place.name, func(b *testing.B) {
				query := first
				if place.key != "" {
					query = "?nextPageKey=" + place.key
				}
				measure(b, func(int) { d.page(query) })
			})
		}
	}
	for name, selector := range map[string]string{
		"owner": `owner("service@example.org")`, "personal": "personalAccessToken(true)", "half": `scope("scope.half")`,
		"hundredth": `scope("scope.hundredth")`, "rare": `scope("scope.rare")`, "enabled": "enabled(true)", "disabled": "enabled(false)",
		"name": `name("ci-8a")`, "names": `name("ci-")`,
	} {
		b.Run("selected/"+name, func(b *testing.B) {
			measure(b, func(int) { d.page("?pageSize=200&apiTokenSelector=" + url.QueryEscape(selector)) })
		})
	}
	for name, frame := range map[string]string{"used": "from=0", "expires": "expiresFrom=0"} {
		b.Run("within/"+name, func(b *testing.B) { measure(b, func(int) { d.page("?pageSize=200&" + frame) }) })
	}
}

type place struct{ name, key string }

// places walks through a listing once, in the largest pages but for those that are measured.
func (d *desk) places(sort string) []place {
	d.b.Helper()
	places := []place{{"first", ""}}
	total := d.page("?pageSize=100&sort=" + url.QueryEscape(sort)).TotalCount
	small := "?pageSize=200&sort=" + url.QueryEscape(sort)
	seen, key := 200, d.page(small).NextPageKey
	for steps := total / 200; key != "" && steps > 0; steps-- {
		if seen >= total/2 && len(places) == 1 {
			places = append(places, place{"middle", key})
		}
		p := d.page("?nextPageKey=" + key)
		seen += len(p.APITokens)
		if p.NextPageKey == "" {
			return append(places, place{"last", key})
		}
		key = p.NextPageKey
	}
	return places
}

// What a gateway holds in memory does not grow with the store.
func BenchmarkTokenMemory(b *testing.B) {
	before := heap()
	d := newDesk(b)
	d.page("?pageSize=200")
	for b.Loop() {
		d.page("?pageSize=200")
	}
	b.ReportMetric(float64(heap()-before)/(1<<20), "MiB-heap")
}

func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc) //nolint:gosec // far below 2^63
}
