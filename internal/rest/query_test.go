package rest_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/rest"
)

var now = time.Date(2026, time.March, 31, 13, 45, 30, 0, time.UTC)

func get(query string) *rest.Call {
	r := httptest.NewRequest(http.MethodGet, "/orders", nil)
	r.URL.RawQuery = query
	return &rest.Call{Request: r}
}

func TestQuery(t *testing.T) {
	q := get("name=a%26b&empty=&n=7&yes=true&no=false&s=x&s=y&at=now-2h&f=user(%22a%22)").Query()
	type values struct {
		Name, Empty, Missing string
		N, Usual, EmptyN     int
		Yes, No, None        bool
		S                    []string
		At, Never            time.Time
		Criteria             int
		Has, HasEmpty, HasNo bool
		Names                int
	}
	want := values{
		Name: "a&b", N: 7, Usual: 9, EmptyN: 3, Yes: true, S: []string{"x", "y"}, At: now.Add(-2 * time.Hour), Criteria: 1, Has: true, HasEmpty: true, Names: 8,
	}
	got := values{
		q.Text("name"), q.Text("empty"), q.Text("missing"), q.Number("n", 1, 7, 7), q.Number("m", 9, 1, 7), q.Number("empty", 3, 1, 7),
		q.Bool("yes"), q.Bool("no"), q.Bool("none"), q.All("s"), q.Instant("at", now), q.Instant("never", now), len(q.Criteria("f")) + len(q.Criteria("g")),
		q.Has("name"), q.Has("empty"), q.Has("missing"), q.Names(),
	}
	if diff := cmp.Diff(want, got); diff != "" || q.Err() != nil {
		t.Errorf("%v (-want +got):\n%s", q.Err(), diff)
	}
}

func TestQueryRefuses(t *testing.T) {
	number, once := "Expected a number from 1 to 100.", "The parameter is given more than once."
	for query, want := range map[string]string{
		"n=0": number, "n=101": number, "n=-1": number, "n=x": number, "n=1.0": number, "n=0x10": number, "n=1e1": number, "n=+5": number, "n=5%20": number,
		"n=99999999999999999999": number, "n=%D9%A5": number,
		"n=1&n=2":    once,
		"b=TRUE":     "Expected true or false.",
		"b=1":        "Expected true or false.",
		"t=tomorrow": "Expected a time such as",
		"f=user(":    "At character 6: expected a value in quotes",
		"n=1;b=true": "The query is malformed.",
		"n=%zz":      "The query is malformed.",
	} {
		q := get(query).Query()
		q.Number("n", 1, 1, 100)
		q.Bool("b")
		q.Instant("t", now)
		q.Criteria("f")
		e, ok := errors.AsType[*rest.Error](q.Err())
		if !ok || e.Status != 400 || len(e.Violations) != 1 || !strings.HasPrefix(e.Violations[0].Message, want) {
			t.Errorf("%s: %+v, want %q", query, e, want)
			continue
		}
		if v := e.Violations[0]; v.ParameterLocation != rest.InQuery || v.Location != v.Path || v.Path == "" {
			t.Errorf("%s: %+v", query, v)
		}
	}
}

// TestQueryCollects: everything that is wrong is said at once, in the order in which it was asked for, and no query makes
// an answer without end.
func TestQueryCollects(t *testing.T) {
	q := get("b=x&n=x").Query()
	q.Number("n", 1, 1, 100)
	q.Bool("b")
	e, _ := errors.AsType[*rest.Error](q.Err())
	if len(e.Violations) != 2 || e.Violations[0].Path != "n" || e.Violations[1].Path != "b" {
		t.Errorf("%+v", e)
	}
	q = get("nextPageKey=x" + strings.Repeat("&a=1", 1000) + "&" + manyNames(1000)).Query()
	q.OnlyPageKey()
	if e, _ = errors.AsType[*rest.Error](q.Err()); len(e.Violations) != 100 {
		t.Errorf("%d violations", len(e.Violations))
	}
}

func manyNames(n int) string {
	values := url.Values{}
	for i := range n {
		values.Set(strings.Repeat("x", i+1), "1")
	}
	return values.Encode()
}

func TestOnlyPageKey(t *testing.T) {
	for query, want := range map[string]string{
		"": "", "pageSize=1&sort=x": "", "nextPageKey=": "", "nextPageKey=&pageSize=1": "", "nextPageKey=abc": "abc",
	} {
		q := get(query).Query()
		if got := q.OnlyPageKey(); got != want || q.Err() != nil {
			t.Errorf("%s: %q, %v", query, got, q.Err())
		}
	}
	for query, want := range map[string][]string{
		"nextPageKey=abc&sort=&pageSize=1&fields=x": {"fields", "pageSize", "sort"}, "nextPageKey=a&nextPageKey=b": {"nextPageKey"},
	} {
		q := get(query).Query()
		q.OnlyPageKey()
		e, _ := errors.AsType[*rest.Error](q.Err())
		var got []string
		for _, v := range e.Violations {
			got = append(got, v.Path)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}
