package remoteaccesstest_test

import (
	"encoding/json"
	"iter"
	"strconv"
	"strings"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store"
)

func itoa(n int) string { return strconv.Itoa(n) }

// trail is the audit trail, oldest first, of these actions; all of it where none is named.
func (s *site) trail(actions ...string) (found []audit.Event) {
	s.t.Helper()
	events, err := s.office.Store.AuditEvents(s.t.Context(), store.AuditQuery{OldestFirst: true, Limit: 5000})
	s.must(err)
	for _, e := range events {
		for _, action := range actions {
			if strings.HasPrefix(e.Action, action) {
				found = append(found, e)
			}
		}
		if len(actions) == 0 {
			found = append(found, e)
		}
	}
	return found
}

// since are the events after one.
func since(events []audit.Event, id int64) (later []audit.Event) {
	for _, e := range events {
		if e.ID > id {
			later = append(later, e)
		}
	}
	return later
}

// last is the identifier of the newest event.
func (s *site) last() int64 {
	s.t.Helper()
	head, err := s.office.Store.AuditHead(s.t.Context())
	s.must(err)
	return head.Last
}

// concluded waits until every request of staff that was let through has its outcome, which is written after the answer.
func (s *site) concluded(after int64) (calls []audit.Event) {
	s.t.Helper()
	s.eventually("all requests are concluded", func() bool {
		calls = nil
		for _, e := range since(s.trail("remote_access."), after) {
			if !e.Failed && e.Outcome == nil {
				return false
			}
			calls = append(calls, e)
		}
		return true
	})
	return calls
}

// detail is what an event says beyond what all of them have.
func (s *site) detail(e audit.Event) map[string]string {
	s.t.Helper()
	var d map[string]string
	if err := json.Unmarshal([]byte(e.Detail), &d); err != nil {
		s.t.Errorf("event %d %s: detail %q: %v", e.ID, e.Action, e.Detail, err)
	}
	return d
}

// mustBeWhole verifies the chain, as `doorward audit verify` does.
func (s *site) mustBeWhole() {
	s.t.Helper()
	head, err := s.office.Store.AuditHead(s.t.Context())
	s.must(err)
	report, err := audit.Verify(s.chain(), audit.Anchor{Head: head})
	s.must(err)
	if report.Break != nil || report.Checked == 0 {
		s.t.Errorf("the trail: %d events are good, %v", report.Checked, report.Break)
	}
}

func (s *site) chain() iter.Seq2[audit.Link, error] {
	return func(yield func(audit.Link, error) bool) {
		for after := int64(0); ; {
			page, err := s.office.Store.AuditChain(s.t.Context(), after, 100)
			if err != nil {
				yield(audit.Link{}, err)
				return
			}
			for _, link := range page {
				if !yield(link, nil) {
					return
				}
				after = link.ID
			}
			if len(page) < 100 {
				return
			}
		}
	}
}
