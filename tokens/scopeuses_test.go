package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/tokenstest"
)

// ledger is a store that keeps every batch of scope uses it was given, and can refuse them.
type ledger struct {
	tokenstest.Memory
	mu      sync.Mutex
	batches [][]tokens.ScopeUse
	down    bool
	full    int // refuse a batch once there are as many; 0 for never
}

func (l *ledger) RecordScopeUses(_ context.Context, uses []tokens.ScopeUse) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down || l.full > 0 && len(l.batches) >= l.full {
		return errDown
	}
	l.batches = append(l.batches, slices.Clone(uses))
	return nil
}

func (l *ledger) setDown(down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = down
}

func (l *ledger) written() []tokens.ScopeUse {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Concat(l.batches...)
}

// noting is a verifier before a ledger, with a token that has been verified once.
type noting struct {
	*tokens.Verifier
	store  *ledger
	minted tokens.Minted
}

func newNoting(t testing.TB, config tokens.VerifierConfig) *noting {
	t.Helper()
	n := &noting{store: &ledger{}}
	g := newGate(t, tokens.VerifierConfig{Store: &n.store.Memory, FlushEvery: time.Hour})
	n.minted = g.issue(t, "dt0c01", nil)
	config.Store, config.Formats = n.store, g.formats
	n.Verifier = tokens.NewVerifier(config)
	t.Cleanup(func() { _ = n.Close(context.Background()) })
	return n
}

func (n *noting) principal(t testing.TB, now time.Time) *tokens.Principal {
	t.Helper()
	p, refusal, err := n.Verify(context.Background(), apiToken(n.minted.Secret.Reveal()), "prod", "192.0.2.1", now)
	if refusal != "" || err != nil {
		t.Fatalf("%q, %v", refusal, err)
	}
	return p
}

func TestScopeGroupsAreInterned(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	both := g.ScopeGroup([]string{"orders.write", "orders.read"})
	names := []string{"orders.read", "orders.write", "orders.read"}
	if g.ScopeGroup(names) != both {
		t.Error("the same list in another order is another group")
	}
	if diff := cmp.Diff([]string{"orders.read", "orders.write", "orders.read"}, names); diff != "" {
		t.Errorf("the caller's list (-want +got):\n%s", diff)
	}
	for _, other := range [][]string{{"orders.read"}, {"orders.readorders.write"}, {"orders.read", "orders.writ"}, {""}, {"", "orders.read"}} {
		if g.ScopeGroup(other) == both || g.ScopeGroup(other) == nil {
			t.Errorf("%q", other)
		}
	}
	if g.ScopeGroup(nil) != nil || g.ScopeGroup([]string{}) != nil {
		t.Error("none is a group")
	}
}

// Attack: declare a scope whose name looks like two, so that its use counts as theirs. Invariant: two lists are one group
// exactly if the same names are in them.
func TestScopeGroupsDoNotMix(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	names := rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom([]rune("a01:, ")), 0, 4, -1), 1, 3)
	rapid.Check(t, func(t *rapid.T) {
		a, b := names.Draw(t, "a"), names.Draw(t, "b")
		one, two := g.ScopeGroup(a), g.ScopeGroup(b)
		slices.Sort(a)
		slices.Sort(b)
		want := slices.Equal(slices.Compact(a), slices.Compact(b))
		if one != nil && two != nil && (one == two) != want {
			t.Fatalf("%q and %q", a, b)
		}
	})
	if g.ScopeGroup([]string{"a", "b"}) == g.ScopeGroup([]string{"a0:b"}) {
		t.Error("a length can be forged")
	}
}

func TestScopeGroupsAreBounded(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	first := g.ScopeGroup([]string{"scope.0"})
	for i := range 4096 {
		if g.ScopeGroup([]string{fmt.Sprint("scope.", i)}) == nil {
			t.Fatalf("no group %d", i)
		}
	}
	if g.ScopeGroup([]string{"one.more"}) != nil {
		t.Error("there are more groups than the bound")
	}
	if g.ScopeGroup([]string{"scope.0"}) != first {
		t.Error("a group that is there is not found any more")
	}
}

// Five hours of requests, over hundreds of reloads of the entry, are one note an hour for each group.
func TestScopeUsesAreWrittenOncePerHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNoting(t, tokens.VerifierConfig{})
		start := time.Now().UTC()
		read, either := n.ScopeGroup([]string{"orders.read"}), n.ScopeGroup([]string{"orders.write", "orders.read"})
		for range 5 * 60 * 6 {
			n.NoteScopes(n.principal(t, time.Now()), read, time.Now())
			if time.Since(start) < 2*time.Hour {
				n.NoteScopes(n.principal(t, time.Now()), either, time.Now())
			}
			time.Sleep(10 * time.Second)
		}
		if err := n.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		var want []tokens.ScopeUse
		for hour := range 5 {
			at := start.Add(time.Duration(hour) * time.Hour)
			want = append(want, tokens.ScopeUse{ID: n.minted.ID, Alternatives: []string{"orders.read"}, At: at})
			if hour < 2 {
				want = append(want, tokens.ScopeUse{ID: n.minted.ID, Alternatives: []string{"orders.read", "orders.write"}, At: at})
			}
		}
		got := n.store.written()
		slices.SortStableFunc(got, func(a, b tokens.ScopeUse) int {
			if c := a.At.Compare(b.At); c != 0 {
				return c
			}
			return len(a.Alternatives) - len(b.Alternatives)
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("scope uses (-want +got):\n%s", diff)
		}
	})
}

// Requests that began on both sides of a full hour do not throw away each other's notes.
func TestScopeUsesAroundFullHour(t *testing.T) {
	n := newNoting(t, tokens.VerifierConfig{FlushEvery: time.Hour})
	one, two := n.ScopeGroup([]string{"orders.read"}), n.ScopeGroup([]string{"orders.write"})
	full := now.Truncate(time.Hour).Add(time.Hour)
	before, after := full.Add(-time.Millisecond), full
	p := n.principal(t, now)
	n.NoteScopes(p, one, before)
	for range 100 {
		if err := n.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		n.NoteScopes(p, two, after)
		n.NoteScopes(p, one, before)
		n.NoteScopes(p, one, after)
		n.NoteScopes(p, two, before)
	}
	if got := len(n.store.written()); got != 3 {
		t.Errorf("%d writes, want one in the old hour and two in the new", got)
	}
	// A clock that was set back a day does not silence the notes of that day.
	n.NoteScopes(p, one, before.Add(-24*time.Hour))
	if err := n.Flush(t.Context()); err != nil || len(n.store.written()) != 4 {
		t.Errorf("%v, %d writes", err, len(n.store.written()))
	}
}

func TestNoteScopesPassesOver(t *testing.T) {
	n := newNoting(t, tokens.VerifierConfig{FlushEvery: time.Hour})
	group := n.ScopeGroup([]string{"orders.read"})
	n.NoteScopes(nil, group, now)
	n.NoteScopes(&tokens.Principal{}, group, now)
	n.NoteScopes(&tokens.Principal{TokenID: "jwt:somebody", Kind: "jwt"}, group, now)
	n.NoteScopes(n.principal(t, now), nil, now)
	if err := n.Flush(t.Context()); err != nil || len(n.store.written()) != 0 {
		t.Errorf("%v, %v", err, n.store.written())
	}
}

func TestScopeUsesSurviveStoreFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reported int
		n := newNoting(t, tokens.VerifierConfig{OnError: func(err error) {
			if !errors.Is(err, errDown) {
				t.Errorf("reported: %v", err)
			}
			reported++
		}})
		p, at := n.principal(t, time.Now()), time.Now().UTC()
		n.store.setDown(true)
		n.NoteScopes(p, n.ScopeGroup([]string{"orders.read"}), at)
		time.Sleep(25 * time.Second) // two attempts
		synctest.Wait()
		if reported != 2 || n.Stats().FlushFaults != 2 {
			t.Errorf("%d reports, %+v", reported, n.Stats())
		}
		if len(n.store.Uses()) != 1 {
			t.Error("the time of the last use waits for the scopes")
		}
		n.store.setDown(false)
		if err := n.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []tokens.ScopeUse{{ID: n.minted.ID, Alternatives: []string{"orders.read"}, At: at}}
		if diff := cmp.Diff(want, n.store.written()); diff != "" {
			t.Errorf("scope uses (-want +got):\n%s", diff)
		}
	})
}

// Attack: a client walks through all endpoints with many tokens in order to fill the memory, or to crowd out the notes of
// others for good. Invariant: what waits is bounded, and what there was no room for is noted by a later request.
func TestPendingScopeUsesAreBounded(t *testing.T) {
	store := &ledger{}
	g := newGate(t, tokens.VerifierConfig{Store: &store.Memory, FlushEvery: time.Hour})
	v := tokens.NewVerifier(tokens.VerifierConfig{Store: store, Formats: g.formats, FlushEvery: time.Hour})
	defer v.Close(t.Context())
	var principals []*tokens.Principal
	for range 101 {
		p, _, err := v.Verify(t.Context(), apiToken(g.issue(t, "dt0c01", nil).Secret.Reveal()), "prod", "", now)
		if err != nil {
			t.Fatal(err)
		}
		principals = append(principals, p)
	}
	groups := make([]*tokens.ScopeGroup, 100)
	for i := range groups {
		groups[i] = v.ScopeGroup([]string{fmt.Sprint("scope.", i)})
	}
	noteAll := func() {
		for _, p := range principals {
			for _, group := range groups {
				v.NoteScopes(p, group, now)
			}
		}
	}
	for round, want := range []struct{ written, dropped int }{{10_000, 100}, {10_100, 100}, {10_100, 100}} {
		noteAll()
		if err := v.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(store.written()); n != want.written || v.Stats().DroppedScopeUses != uint64(want.dropped) {
			t.Errorf("round %d: %d written, %d dropped; want %+v", round, n, v.Stats().DroppedScopeUses, want)
		}
	}
	for i, batch := range store.batches {
		if len(batch) > 1000 {
			t.Errorf("batch %d has %d", i, len(batch))
		}
	}
}

// A flush that fails half-way does not write again what it has written already.
func TestScopeUsesOfFailedFlush(t *testing.T) {
	store := &ledger{full: 2}
	g := newGate(t, tokens.VerifierConfig{Store: &store.Memory, FlushEvery: time.Hour})
	v := tokens.NewVerifier(tokens.VerifierConfig{Store: store, Formats: g.formats, FlushEvery: time.Hour})
	defer v.Close(t.Context())
	for range 10 {
		p, _, err := v.Verify(t.Context(), apiToken(g.issue(t, "dt0c01", nil).Secret.Reveal()), "prod", "", now)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 250 {
			v.NoteScopes(p, v.ScopeGroup([]string{fmt.Sprint("scope.", i)}), now)
		}
	}
	if err := v.Flush(t.Context()); !errors.Is(err, errDown) || len(store.written()) != 2000 {
		t.Errorf("%v, %d written", err, len(store.written()))
	}
	store.full = 0
	if err := v.Flush(t.Context()); err != nil || len(store.written()) != 2500 || len(store.batches) != 3 {
		t.Errorf("%v, %d written in %d batches", err, len(store.written()), len(store.batches))
	}
}

// One token with more groups than the store keeps of it does not make its own requests ever slower.
func TestScopeUsesOfOneTokenAreBounded(t *testing.T) {
	n := newNoting(t, tokens.VerifierConfig{FlushEvery: time.Hour})
	p := n.principal(t, now)
	for i := range tokens.MaxScopeUses + 10 {
		n.NoteScopes(p, n.ScopeGroup([]string{fmt.Sprint("scope.", i)}), now)
	}
	if err := n.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(n.store.written()); got != tokens.MaxScopeUses || n.Stats().DroppedScopeUses != 10 {
		t.Errorf("%d written, %+v", got, n.Stats())
	}
	// The next hour begins anew.
	n.NoteScopes(p, n.ScopeGroup([]string{fmt.Sprint("scope.", tokens.MaxScopeUses)}), now.Add(time.Hour))
	if err := n.Flush(t.Context()); err != nil || len(n.store.written()) != tokens.MaxScopeUses+1 {
		t.Errorf("%v, %d written", err, len(n.store.written()))
	}
}

// Invariant under load: of requests at the same time, over reloads and flushes, each token, group and hour is written
// exactly once.
func TestConcurrentScopeUses(t *testing.T) {
	n := newNoting(t, tokens.VerifierConfig{Lifetime: time.Nanosecond, FlushEvery: time.Millisecond})
	start := now.Truncate(time.Hour)
	groups := make([]*tokens.ScopeGroup, 40)
	for i := range groups {
		groups[i] = n.ScopeGroup([]string{fmt.Sprint("scope.", i)})
	}
	n.principal(t, start)
	var done sync.WaitGroup
	for worker := range 8 {
		done.Go(func() {
			for i := range 2000 {
				at := start.Add(time.Duration(i) * time.Millisecond)
				n.NoteScopes(n.principal(t, at), groups[(i+worker)%len(groups)], at)
			}
		})
	}
	done.Wait()
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	times := make(map[string]int)
	for _, use := range n.store.written() {
		times[use.Alternatives[0]]++
	}
	for i := range groups {
		if name := fmt.Sprint("scope.", i); times[name] != 1 {
			t.Errorf("%s was written %d times", name, times[name])
		}
	}
}

func TestNoteScopesHitDoesNotAllocate(t *testing.T) {
	n := newNoting(t, tokens.VerifierConfig{FlushEvery: time.Hour})
	p, group := n.principal(t, now), n.ScopeGroup([]string{"orders.read"})
	n.NoteScopes(p, group, now)
	if allocs := testing.AllocsPerRun(100, func() { n.NoteScopes(p, group, now) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
