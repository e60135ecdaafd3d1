package storetest

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/tokens"
)

// model is the contract in its simplest form: a map.
type model struct {
	t        *testing.T
	store    store.Store
	tokens   map[string]tokens.Record
	revision int64
}

// testModel plays random operations against the store and the map and compares what they answer.
func testModel(t *testing.T, open Open) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	s := open(t)
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{t: t, store: s, tokens: map[string]tokens.Record{}}
		m.clear(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"create": m.create, "update": m.update, "delete": m.delete, "use": m.use, "": m.compare,
		})
	})
}

// clear empties the store, which is quicker than to make a new one for each play.
func (m *model) clear(rt *rapid.T) {
	left, err := m.store.Tokens(m.t.Context(), tokens.Query{})
	if err != nil {
		rt.Fatal(err)
	}
	for _, r := range left {
		if err := m.store.DeleteToken(m.t.Context(), r.ID, event("token.delete", r.ID)); err != nil {
			rt.Fatal(err)
		}
	}
	if m.revision, err = m.store.Revision(m.t.Context()); err != nil {
		rt.Fatal(err)
	}
}

// draw picks from few identifiers and times, so that operations meet.
func draw(rt *rapid.T) tokens.Record {
	r := record(rapid.IntRange(0, 4).Draw(rt, "time"))
	r.ID = rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}).Draw(rt, "id")
	r.Owner = rapid.SampledFrom([]string{"eve", "bob"}).Draw(rt, "owner")
	r.Name = rapid.StringMatching(`[^\x00]{0,9}`).Draw(rt, "name")
	r.Legacy = rapid.Bool().Draw(rt, "legacy")
	return r
}

// expect compares an error with what the model says, and counts the change when there was one.
func (m *model) expect(rt *rapid.T, err, want error) {
	rt.Helper()
	if !errors.Is(err, want) {
		rt.Fatalf("got %v, want %v", err, want)
	}
	if want == nil {
		m.revision++
	}
}

func (m *model) create(rt *rapid.T) {
	r := draw(rt)
	var want error
	for _, other := range m.tokens {
		if other.ID == r.ID || r.Legacy && other.Legacy && other.Digest == r.Digest {
			want = tokens.ErrExists
		}
	}
	m.expect(rt, m.store.CreateToken(m.t.Context(), r, event("token.create", r.ID)), want)
	if want == nil {
		m.tokens[r.ID] = r
	}
}

// wantKnown is the error for an operation on a token that may not exist.
func (m *model) wantKnown(id string) error {
	if _, known := m.tokens[id]; known {
		return nil
	}
	return tokens.ErrNotFound
}

func (m *model) update(rt *rapid.T) {
	next := draw(rt)
	want := m.wantKnown(next.ID)
	err := m.store.UpdateToken(m.t.Context(), next.ID, told("token.update", next.ID), func(r *tokens.Record) error {
		*r = next
		return nil
	})
	m.expect(rt, err, want)
	if old, known := m.tokens[next.ID]; known {
		next.Digest, next.Legacy, next.Created = old.Digest, old.Legacy, old.Created
		next.ActiveGate, next.Seed, next.Staff = old.ActiveGate, old.Seed, old.Staff || next.Staff
		m.tokens[next.ID] = next
	}
}

func (m *model) delete(rt *rapid.T) {
	id := draw(rt).ID
	m.expect(rt, m.store.DeleteToken(m.t.Context(), id, event("token.delete", id)), m.wantKnown(id))
	delete(m.tokens, id)
}

func (m *model) use(rt *rapid.T) {
	u := tokens.Use{ID: draw(rt).ID, IP: "192.0.2.1"}
	u.At = epoch.Add(time.Duration(rapid.IntRange(0, 9000).Draw(rt, "at")) * time.Millisecond)
	if err := m.store.RecordUses(m.t.Context(), []tokens.Use{u}); err != nil {
		rt.Fatal(err)
	}
	if r, known := m.tokens[u.ID]; known && u.At.After(r.LastUsed) {
		r.LastUsed, r.LastUsedIP = u.At, u.IP
		m.tokens[u.ID] = r
	}
}

// compare runs after every operation.
func (m *model) compare(rt *rapid.T) {
	want := slices.SortedFunc(maps.Values(m.tokens), func(a, b tokens.Record) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID))
	})
	var got []tokens.Record
	var q tokens.Query
	for q.Limit = 2; ; q.After = tokens.PositionOf(got[len(got)-1], q.Sort) {
		page, err := m.store.Tokens(m.t.Context(), q)
		if err != nil {
			rt.Fatal(err)
		}
		if got = append(got, page...); len(page) < q.Limit || len(got) > len(want) {
			break
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		rt.Fatalf("tokens (-want +got):\n%s", diff)
	}
	revision, err := m.store.Revision(m.t.Context())
	if err != nil || revision != m.revision {
		rt.Fatalf("revision %d, %v, want %d", revision, err, m.revision)
	}
}
