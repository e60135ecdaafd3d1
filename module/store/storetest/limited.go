package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/doorward/doorward/tokens"
)

// platformToken is platform token number n.
func platformToken(n int) tokens.Record {
	r := record(n)
	r.ID, r.Owner, r.Environment = fmt.Sprintf("dt0s16.%024d", n), "ann@example.org", fmt.Sprint("env-", n%3)
	return r
}

// testCreateLimited: all of an owner's tokens of the kind count, in whichever environment and state, and no others; of many
// callers at once at the limit none gets past it. One who is refused leaves no trace.
func testCreateLimited(t *testing.T, open Open) {
	s := open(t)
	const limit = 5
	others := []tokens.Record{record(100), gateToken(101), platformToken(102)}
	others[0].Owner, others[1].Owner, others[2].Owner = "ann@example.org", "ann@example.org", "Ann@example.org"
	mustCreate(t, s, others...)

	var mu sync.Mutex
	var made []tokens.Record
	var asking sync.WaitGroup
	for n := range 3 * limit {
		asking.Go(func() {
			r := platformToken(n)
			r.Enabled, r.Personal = n%2 == 0, n%3 == 0
			err := s.CreateLimitedToken(t.Context(), r, limit, event("token.create", r.ID))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made = append(made, r)
			} else if !errors.Is(err, tokens.ErrFull) {
				t.Errorf("CreateLimitedToken: %v", err)
			}
		})
	}
	asking.Wait()
	if len(made) != limit {
		t.Fatalf("%d tokens of %d", len(made), limit)
	}
	for _, r := range made {
		wantToken(t, s, r)
	}
	wantChanges(t, s, len(others)+limit)

	// A deleted token makes room; a taken identifier is told apart from a full owner.
	if err := s.DeleteToken(t.Context(), made[0].ID, event("token.delete", made[0].ID)); err != nil {
		t.Fatal(err)
	}
	err := s.CreateLimitedToken(t.Context(), made[1], limit, event("token.create", made[1].ID))
	wantError(t, "CreateLimitedToken(taken)", err, tokens.ErrExists)
	if err := s.CreateLimitedToken(t.Context(), made[0], limit, event("token.create", made[0].ID)); err != nil {
		t.Errorf("CreateLimitedToken after a deletion: %v", err)
	}
	wantChanges(t, s, len(others)+limit+2)
}
