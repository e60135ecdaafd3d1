package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/policyengine/pap"
)

// generation is a binding as its n-th change leaves it: every part that can change says n.
func generation(b pap.Binding, n int) pap.Binding {
	text := fmt.Sprint(n)
	b.Parameters, b.Metadata = map[string]string{"n": text}, map[string]string{"n": text, "again": text}
	b.Shadow, b.Modified = n%2 == 1, epoch.Add(time.Duration(n)*time.Second)
	b.Boundaries = nil
	for i := range n % 4 {
		b.Boundaries = append(b.Boundaries, boundary(i).UUID)
	}
	return b
}

// generationOf is which change a binding is of.
func generationOf(b pap.Binding) (n int, err error) {
	_, err = fmt.Sscan(b.Metadata["n"], &n)
	return n, err
}

// testBindingsTogether has fifty writers change one binding and bindings of their own, through two stores of one medium, while
// others read. The attack: a binding is read that has its parameters already and its boundaries not yet, and grants more
// than it ever was to. The invariants: nobody ever sees half of a change, none is lost, and each has a revision of its own.
func testBindingsTogether(t *testing.T, open Open) {
	const writers, turns = 50, 3
	stores := []store.Store{open(t), open(t)}
	shared := binding(0, policy(0).UUID, group(0).UUID)
	mustPut(t, stores[0], policy(0), group(0), group(1), boundary(0), boundary(1), boundary(2), generation(shared, 0))
	before := revision(t, stores[0])

	var reading, writing sync.WaitGroup
	var done atomic.Bool
	for _, s := range stores {
		reading.Go(func() {
			for !done.Load() {
				if err := wholeBindings(t.Context(), s); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for w := range writers {
		writing.Go(func() {
			for turn := range turns {
				own := binding(w+1, fmt.Sprint("of writer ", w), group(1).UUID)
				err := patiently(t.Context(), func() error {
					return editTogether(t.Context(), stores[w%len(stores)], shared.ID, own, turn, turn == turns-1)
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writing.Wait()
	done.Store(true)
	reading.Wait()
	for _, s := range stores {
		wantChanges(t, s, before+writers*turns*2)
		same(t, "Bindings", []pap.Binding{generation(shared, writers*turns)})(s.Bindings(t.Context(), pap.BindingQuery{}, pap.Page{}))
	}
}

// patiently tries again what did not get its turn in time, on a machine that does other things. That leaves nothing behind:
// if it did, the revisions would tell.
func patiently(ctx context.Context, try func() error) error {
	for {
		if err := try(); err == nil || fault.KindOf(err) != fault.Unavailable || ctx.Err() != nil {
			return err
		}
	}
}

// editTogether is one turn of a writer: the shared binding goes one generation on, and the writer's own to that of the turn, or
// away.
func editTogether(ctx context.Context, s store.Store, shared string, own pap.Binding, turn int, last bool) error {
	q := pap.BindingQuery{Level: own.Level}
	return s.EditBindings(ctx, q, many, event("", ""), func(current []pap.Binding) (pap.BindingEdit, error) {
		var edit pap.BindingEdit
		for _, b := range current {
			if b.ID != shared {
				continue
			}
			n, err := generationOf(b)
			if err != nil {
				return pap.BindingEdit{}, err
			}
			edit.Put = append(edit.Put, generation(b, n+1))
		}
		if last {
			edit.Delete = append(edit.Delete, own.ID)
			return edit, nil
		}
		edit.Put = append(edit.Put, generation(own, turn))
		return edit, nil
	}, accept)
}

// wholeBindings is one turn of a reader, in the two ways that bindings are read.
func wholeBindings(ctx context.Context, s store.Store) error {
	listed, err := s.Bindings(ctx, pap.BindingQuery{}, pap.Page{})
	if err != nil {
		return err
	}
	a, err := s.Assigned(ctx, []string{group(0).UUID, group(1).UUID}, account, "env")
	if err != nil {
		return err
	}
	for _, b := range a.Bindings {
		for _, uuid := range b.Boundaries {
			if _, there := a.Boundaries[uuid]; !there {
				return fmt.Errorf("binding %s came without its boundary %s", b.ID, uuid)
			}
		}
	}
	for _, b := range append(listed, a.Bindings...) {
		n, err := generationOf(b)
		if err != nil {
			return err
		}
		if diff := cmp.Diff(generation(b, n), b); diff != "" {
			return fmt.Errorf("half of generation %d of binding %s (-want +got):\n%s", n, b.ID, diff)
		}
	}
	return nil
}
