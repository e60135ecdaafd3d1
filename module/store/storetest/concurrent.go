package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/tokens"
)

// testConcurrent lets writers and readers loose on one store; run with -race it also looks for races. The invariants:
// every change has a revision of its own, a counter that all writers count up in one token loses no step, and readers
// see whole records.
func testConcurrent(t *testing.T, open Open) {
	s := open(t)
	const writers, turns = 6, 15
	counter := record(999)
	counter.Name, counter.Owner = "0", "0"
	mustCreate(t, s, counter)

	var reading, writing sync.WaitGroup
	var done atomic.Bool
	for range 4 {
		reading.Go(func() {
			for !done.Load() {
				if err := readWhole(t.Context(), s, counter.ID); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for w := range writers {
		writing.Go(func() {
			for turn := range turns {
				if err := createAndCount(t.Context(), s, record(w*turns+turn), counter.ID); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writing.Wait()
	done.Store(true)
	reading.Wait()

	got, err := s.Token(t.Context(), counter.ID)
	if want := fmt.Sprint(writers * turns); err != nil || got.Name != want {
		t.Errorf("counter: got %q, %v, want %q", got.Name, err, want)
	}
	wantChanges(t, s, 1+2*writers*turns)
}

// createAndCount is one turn of a writer.
func createAndCount(ctx context.Context, s store.Store, r tokens.Record, counter string) error {
	if err := s.CreateToken(ctx, r, event("token.create", r.ID)); err != nil {
		return err
	}
	if err := s.RecordUses(ctx, []tokens.Use{{ID: r.ID, At: r.Created, IP: "192.0.2.1"}}); err != nil {
		return err
	}
	return s.UpdateToken(ctx, counter, told("token.update", counter), func(r *tokens.Record) error {
		var n int
		if _, err := fmt.Sscan(r.Name, &n); err != nil {
			return err
		}
		r.Name, r.Owner = fmt.Sprint(n+1), fmt.Sprint(n+1)
		return nil
	})
}

// readWhole is one turn of a reader.
func readWhole(ctx context.Context, s store.Store, counter string) error {
	r, err := s.Token(ctx, counter)
	if err != nil {
		return err
	}
	if r.Name != r.Owner {
		return fmt.Errorf("a record of two halves: name %q, owner %q", r.Name, r.Owner)
	}
	changes, gap, err := s.ChangesAfter(ctx, 0, 1000)
	if err != nil {
		return err
	}
	revision, err := s.Revision(ctx)
	if err != nil {
		return err
	}
	if gap || revision < int64(len(changes)) {
		return errors.New("the list of changes is ahead of the revision")
	}
	for i, c := range changes {
		if c.Revision != int64(i+1) {
			return fmt.Errorf("change %d has revision %d", i+1, c.Revision)
		}
	}
	return nil
}
