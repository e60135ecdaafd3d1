package doorwardcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store"
)

// trail is a store of so many events, of which every third is a failed attempt. It has nothing else.
type trail struct {
	store.Store
	events int64
	broken error // in the place of the second page
}

func (s trail) AuditEvents(_ context.Context, q store.AuditQuery) (page []audit.Event, err error) {
	next := s.events
	if q.After != 0 {
		next, err = q.After-1, s.broken
	}
	for ; next > 0 && len(page) < q.Limit && err == nil; next-- {
		page = append(page, audit.Event{ID: next, Failed: next%3 == 0})
	}
	return page, err
}

// TestAuditPages: whatever is picked out, the newest come first, none twice, none left out, up to the limit.
func TestAuditPages(t *testing.T) {
	for _, test := range []struct {
		limit, want int
		failed      bool
		last        int64
	}{
		{limit: 0, want: 2500, last: 1}, {limit: 1, want: 1, last: 2500}, {limit: 1000, want: 1000, last: 1501},
		{limit: 1001, want: 1001, last: 1500}, {limit: 9999, want: 2500, last: 1},
		{failed: true, limit: 0, want: 833, last: 3}, {failed: true, limit: 1, want: 1, last: 2499},
		{failed: true, limit: 400, want: 400, last: 1302}, {failed: true, limit: 9999, want: 833, last: 3},
	} {
		flags := auditFlags{limit: test.limit, failed: test.failed}
		var got []int64
		for page, err := range flags.pages(t.Context(), trail{events: 2500}) {
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page {
				if len(got) > 0 && e.ID >= got[len(got)-1] || e.Failed != (e.ID%3 == 0) || test.failed && !e.Failed {
					t.Fatalf("%+v: event %d after %v", test, e.ID, got[max(0, len(got)-1):])
				}
				got = append(got, e.ID)
			}
		}
		if len(got) != test.want || got[len(got)-1] != test.last {
			t.Errorf("%+v: %d events down to %d", test, len(got), got[len(got)-1])
		}
	}
}

// Attack: half of a trail is taken for the whole. Invariant: a listing that was cut short is an error and no JSON.
func TestAuditCutShort(t *testing.T) {
	broken := errors.New("broken")
	flags := auditFlags{}
	var array bytes.Buffer
	err := writeArray(&array, flags.pages(t.Context(), trail{events: 2500, broken: broken}), eventViewOf)
	if !errors.Is(err, broken) || json.Valid(array.Bytes()) {
		t.Errorf("%v, %d bytes", err, array.Len())
	}
}

// What stands in an event as JSON is shown as such, and one whose JSON is damaged does not hide the others.
func TestEventViewOfDamagedEvent(t *testing.T) {
	for text, want := range map[string]string{"": ``, `{"a":1}`: `{"a":1}`, `{"a":`: `"{\"a\":"`, "\x1b[2J": `"\u001b[2J"`} {
		v := eventViewOf(audit.Event{Detail: text})
		if diff := cmp.Diff(want, string(v.Detail)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
		if _, err := json.Marshal(v); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}
