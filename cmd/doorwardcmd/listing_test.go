package doorwardcmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/tokenstest"
)

// storedTokens is a service over n tokens, the newest first being 0.
func storedTokens(t *testing.T, n int) *tokens.Service {
	t.Helper()
	memory := new(tokenstest.Memory)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		memory.Put(tokens.Record{ID: fmt.Sprintf("dt0c01.%024d", i), Name: "n", Created: start.Add(-time.Duration(i) * time.Second)})
	}
	formats, err := tokens.NewFormats()
	if err != nil {
		t.Fatal(err)
	}
	return tokens.NewService(tokens.ServiceConfig{Store: memory, Formats: formats})
}

func TestPagesOf(t *testing.T) {
	s := storedTokens(t, 2500)
	for limit, want := range map[int][]int{
		0: {1000, 1000, 500}, 1: {1}, 999: {999}, 1000: {1000}, 1001: {1000, 1}, 2500: {1000, 1000, 500}, 9999: {1000, 1000, 500},
	} {
		var got []int
		next := 0
		for page, err := range pagesOf(t.Context(), s, tokens.Query{}, limit) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, len(page))
			for _, r := range page {
				if r.ID != fmt.Sprintf("dt0c01.%024d", next) {
					t.Fatalf("limit %d: token %d is %s", limit, next, r.ID)
				}
				next++
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("limit %d: pages (-want +got):\n%s", limit, diff)
		}
	}
}

// A page that ends with the last token is followed by an empty one, and an empty store has one empty page.
func TestPagesOfWholePages(t *testing.T) {
	for _, n := range []int{0, 1000, 2000} {
		var table bytes.Buffer
		if err := writeTable(&table, pagesOf(t.Context(), storedTokens(t, n), tokens.Query{}, 0)); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(table.String(), "\n"); got != n+1 {
			t.Errorf("%d tokens make %d lines", n, got)
		}
		var array bytes.Buffer
		if err := writeArray(&array, pagesOf(t.Context(), storedTokens(t, n), tokens.Query{}, 0), viewOf); err != nil {
			t.Fatal(err)
		}
		var views []tokenView
		if err := json.Unmarshal(array.Bytes(), &views); err != nil || len(views) != n {
			t.Errorf("%d tokens make an array of %d, %v", n, len(views), err)
		}
	}
}

// The token that a page ended with is deleted before the next page is asked for: the listing goes on where it was.
func TestPagesOfChangingStore(t *testing.T) {
	s := storedTokens(t, 1500)
	listed := map[string]bool{}
	for page, err := range pagesOf(t.Context(), s, tokens.Query{}, 0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			listed[r.ID] = true
		}
		if err := s.Delete(t.Context(), "cli:test", page[len(page)-1].ID); err != nil {
			t.Fatal(err)
		}
	}
	if len(listed) != 1500 {
		t.Errorf("%d tokens listed, want 1500", len(listed))
	}
}

// Attack: a listing that is cut short by a failure is piped into a program, which takes it for the whole.
// Invariant: half a list is never valid JSON, and the failure is reported.
func TestListingCutShort(t *testing.T) {
	broken := errors.New("broken")
	pages := func(yield func([]tokens.Record, error) bool) {
		_ = yield([]tokens.Record{{ID: "dt0c01.A"}}, nil) && yield(nil, broken)
	}
	var array, table bytes.Buffer
	if err := writeArray(&array, pages, viewOf); !errors.Is(err, broken) || json.Valid(array.Bytes()) {
		t.Errorf("%v with %s", err, &array)
	}
	if err := writeTable(&table, pages); !errors.Is(err, broken) {
		t.Errorf("%v with %s", err, &table)
	}
}
