package storetest

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/tokens"
)

// RunShared holds an engine to what must be true of several stores on one medium, open at the same time or one after
// the other. Every call of medium makes a new, empty medium; every call of what it returns opens that medium once more.
func RunShared(t *testing.T, medium func(t *testing.T) Open) {
	tests := []struct {
		name string
		test func(*testing.T, Open)
	}{
		{"Reopen", testReopen},
		{"TwoHandles", testTwoHandles},
		{"OpenTogether", testOpenTogether},
		{"OAuth2Together", testOAuth2Together},
		{"BindingsTogether", testBindingsTogether},
		{"ChainTogether", testChainTogether},
		{"RemoteTwoHandles", testRemoteTwoHandles},
		{"OutboxTogether", testOutboxTogether},
		{"SessionsTogether", testSessionsTogether},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, medium(t)) })
	}
}

func testReopen(t *testing.T, open Open) {
	for n := range 3 {
		s := open(t)
		for earlier := range n {
			wantToken(t, s, record(earlier))
		}
		wantChanges(t, s, n)
		mustCreate(t, s, record(n))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// testTwoHandles checks that a change through one handle is there for the other as soon as it is acknowledged: a
// revocation on one node holds on the next look of every other.
func testTwoHandles(t *testing.T, open Open) {
	one, two := open(t), open(t)
	var after int64
	for n := range 10 {
		mustCreate(t, one, record(n))
		wantToken(t, two, record(n))
		got, gap, err := two.ChangesAfter(t.Context(), after, 10)
		if err != nil || gap {
			t.Fatalf("ChangesAfter: gap %v, %v", gap, err)
		}
		after++
		want := []feed.Change{{Revision: after, Kind: feed.Token, ID: record(n).ID}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("changes seen by the other handle (-want +got):\n%s", diff)
		}
		one, two = two, one
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	mustCreate(t, two, record(10))
	wantChanges(t, two, 11)
}

// testOpenTogether opens a new medium from several sides at once: the schema must be made once, and nobody may fail.
func testOpenTogether(t *testing.T, open Open) {
	const sides = 4
	var group sync.WaitGroup
	for n := range sides {
		group.Go(func() {
			s := open(t)
			for turn := range 5 {
				r := record(n*100 + turn)
				if err := s.CreateToken(t.Context(), r, event("token.create", r.ID)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if t.Failed() {
		return
	}
	s := open(t)
	wantChanges(t, s, sides*5)
	if got := page(t, s, tokens.Query{}); len(got) != sides*5 {
		t.Errorf("%d tokens, want %d", len(got), sides*5)
	}
}
