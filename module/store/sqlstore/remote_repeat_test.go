package sqlstore

import (
	"testing"
	"time"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/notify"
)

// The accident: a transaction is repeated, and people are told what its first try has found as well. The invariant: each try
// begins with the batch as the caller handed it over, and what the last has planned is all that is kept.
func TestRepeatedChangePlansAnew(t *testing.T) {
	s := openNew(t)
	at := time.UnixMilli(1).UTC()
	plan := func(id string) notify.Batch {
		return notify.Batch{Deliveries: []notify.Delivery{{ID: id, First: at, Next: at, Notice: notify.Notice{Time: at}}}}
	}
	e, try := &remote.Entry{Event: cause, Batch: plan("handed over")}, 0
	err := s.toldRemote(t.Context(), "test", feed.RemoteSetting, "", e, func(session) ([]entry, error) {
		if e.Message != "" || e.Patch != "" || len(e.Batch.Deliveries) != 1 || e.Batch.Deliveries[0].ID != "handed over" {
			t.Errorf("try %d begins with %+v", try, e)
		}
		if try++; try == 1 {
			e.Message, e.Patch, e.Batch = "first", "first", plan("first")
			return nil, errAgain
		}
		e.Batch.Deliveries = append(e.Batch.Deliveries, plan("second").Deliveries...)
		return nil, nil
	})
	if err != nil || try != 2 {
		t.Fatalf("%d tries, %v", try, err)
	}
	due, err := s.Outbox().Due(t.Context(), at, at, 10)
	if err != nil || len(due) != 2 || due[0].ID != "handed over" || due[1].ID != "second" {
		t.Errorf("%+v, %v", due, err)
	}
}
