package console_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module/console"
	"github.com/doorward/doorward/module/console/consoletest"
	"github.com/doorward/doorward/tokens"
)

// TestPages goes to the end of a listing and back by its links, in another order than the usual one and with a filter.
func TestPages(t *testing.T) {
	s := consoletest.Start(t)
	s.Crowd(250, func(i int) tokens.Attributes {
		owner := "alice@example.com"
		if i%25 == 0 {
			owner = "bob@example.com"
		}
		return tokens.Attributes{Name: fmt.Sprintf("crowd %03d", i), Owner: owner, Scopes: []string{"metrics.read"}}
	})
	first := s.Get("/tokens?owner=alice@example.com&sort=name").Want(200).Has("100 of 240", "crowd 001").Lacks("crowd 000", "Previous")
	second := s.Get(first.Link("Next")).Want(200).Has("100 of 240, page 2")
	third := s.Get(second.Link("Next")).Want(200).Has("40 of 240, page 3", "crowd 249").Lacks(">Next<")
	again := s.Get(third.Link("Previous")).Want(200).Has("page 2")
	if diff := cmp.Diff(second.All("bdi"), again.All("bdi")); diff != "" {
		t.Errorf("page 2 from page 3 (-want +got):\n%s", diff)
	}
	back := s.Get(again.Link("Previous")).Want(200)
	if diff := cmp.Diff(first.All("bdi"), back.All("bdi")); diff != "" {
		t.Errorf("page 1 from page 2 (-want +got):\n%s", diff)
	}
	s.Get(third.Link("First")).Want(200).Has("100 of 240")
	if names := s.Get(first.Link("Name")).All("bdi"); !slices.Contains(names, "crowd 249") {
		t.Errorf("the other way round the list begins with %v", names[:4])
	}
	s.Get("/tokens?owner=carol@example.com").Want(200).Has("Nothing matches", "Clear")
	s.Get("/tokens?scope=not%20a%20scope").Want(400).Has("This cannot be done as it was asked")
	s.Get("/tokens?page=made-up").Want(400)
	s.Get("/tokens?used=from:now-1d").Want(200).Has("administrator")
	s.Get("/tokens?used=to:now-90d").Want(200)
}

func TestExport(t *testing.T) {
	s := consoletest.Start(t)
	s.Mint("", tokens.Attributes{Name: `=HYPERLINK("http://evil.example.com")`, Owner: "@SUM(A1)", Scopes: []string{"metrics.read", "logs.read"}})
	s.Mint("", tokens.Attributes{Name: "a,\"b\" ü", Owner: "bob@example.com", Scopes: []string{"metrics.read"}})

	sheet := s.Get("/tokens.csv?sort=name").Want(200)
	rows, err := csv.NewReader(strings.NewReader(sheet.Body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, row := range rows {
		names = append(names, row[1]+" "+row[4]+" "+row[10])
	}
	want := []string{`name owner scopes`, `'=HYPERLINK("http://evil.example.com") '@SUM(A1) logs.read metrics.read`, `a,"b" ü bob@example.com metrics.read`}
	if diff := cmp.Diff(want, names[:3]); diff != "" || len(rows) != 4 {
		t.Errorf("%d rows (-want +got):\n%s", len(rows), diff)
	}
	if got := sheet.Header.Get("Content-Disposition"); got != `attachment; filename="tokens.csv"` {
		t.Error(got)
	}

	var all struct {
		Tokens    []struct{ Name string } `json:"apiTokens"`
		Truncated bool                    `json:"truncated"`
	}
	if err := json.Unmarshal([]byte(s.Get("/tokens.json?owner=bob@example.com").Body), &all); err != nil || len(all.Tokens) != 1 || all.Truncated {
		t.Errorf("%+v, %v", all, err)
	}
	s.SignIn(tokens.Attributes{Name: "nobody", Scopes: []string{"metrics.read"}})
	s.Get("/tokens.csv").Want(403).Has("apiTokens.read")
}

// Attack: none; a store with more than fits. Invariant: an export ends at its bound and says so.
func TestExportIsBounded(t *testing.T) {
	s := consoletest.Start(t)
	page := map[string]any{"totalCount": 1_000_000, "nextPageKey": "more", "apiTokens": slices.Repeat([]map[string]any{{"id": "dt0c01.A"}}, 1000)}
	text, err := json.Marshal(page)
	if err != nil {
		t.Fatal(err)
	}
	s.API = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text) })
	sheet := s.Get("/tokens.csv")
	if got := strings.Count(sheet.Body, "\n"); got != console.MaxExported+1 {
		t.Errorf("%d lines", got)
	}
	if got := sheet.Header.Get("Content-Disposition"); got != `attachment; filename="tokens-first-100000-of-1000000.csv"` {
		t.Error(got)
	}
	var all struct {
		Tokens    []json.RawMessage `json:"apiTokens"`
		Truncated bool              `json:"truncated"`
	}
	if err := json.Unmarshal([]byte(s.Get("/tokens.json").Body), &all); err != nil || len(all.Tokens) != console.MaxExported || !all.Truncated {
		t.Errorf("%d tokens, truncated %t, %v", len(all.Tokens), all.Truncated, err)
	}
}

// Attack: an address with thousands of page keys makes a page with an address of its own that no server takes. Fix: only those
// are kept that fit. Invariant: no link of the page is longer than 8 KiB.
func TestTrailIsBounded(t *testing.T) {
	s := consoletest.Start(t)
	s.Crowd(150, func(i int) tokens.Attributes {
		return tokens.Attributes{Name: fmt.Sprint(i), Scopes: []string{"metrics.read"}}
	})
	first := s.Get("/tokens").Link("Next")
	page := s.Get(first + strings.Repeat("&back="+strings.Repeat("k", 500), 100)).Want(200)
	for to := range page.Links() {
		if len(to) > 8<<10 {
			t.Errorf("a link of %d bytes", len(to))
		}
	}
}

func TestCell(t *testing.T) {
	for want, value := range map[string]any{
		"": nil, "a b": []any{"a", "b"}, "true": true, "1000000": json.Number("1000000"), "'-1": "-1", "'+1": "+1", "'\tx": "\tx", `{"a":"b"}`: map[string]any{"a": "b"},
	} {
		if got := console.Cell(value); got != want {
			t.Errorf("%v is %q, want %q", value, got, want)
		}
	}
}
