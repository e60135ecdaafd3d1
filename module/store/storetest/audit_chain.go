package storetest

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/tokens"
)

// everyAudit adds the methods of audit.Journal and those of the chain.
func everyAudit(ctx context.Context, s store.Store, calls map[string]error) {
	_, calls["Record"] = s.Record(ctx, event("remote_access.read", "nobody"))
	calls["Conclude"] = s.Conclude(ctx, 1, audit.Outcome{At: epoch})
	calls["Conclude unknown"] = s.Conclude(ctx, 99, audit.Outcome{At: epoch})
	_, calls["AuditChain"] = s.AuditChain(ctx, 0, 0)
	_, calls["AuditHead"] = s.AuditHead(ctx)
}

// WantWholeTrail verifies the whole trail of a store, in small pages, and returns what was found.
func WantWholeTrail(t *testing.T, s store.Store, noted audit.Digest) audit.Report {
	t.Helper()
	head, err := s.AuditHead(t.Context())
	must(t, err)
	report, err := audit.Verify(links(t.Context(), s, 3), audit.Anchor{Head: head, Noted: noted})
	must(t, err)
	if report.Break != nil {
		t.Errorf("the audit trail: %v (%+v)", report.Break, report)
	}
	return report
}

func links(ctx context.Context, s store.Store, page int) iter.Seq2[audit.Link, error] {
	return func(yield func(audit.Link, error) bool) {
		for after := int64(0); ; {
			links, err := s.AuditChain(ctx, after, page)
			if err != nil {
				yield(audit.Link{}, err)
				return
			}
			for _, l := range links {
				if !yield(l, nil) {
					return
				}
				after = l.ID
			}
			if len(links) < page {
				return
			}
		}
	}
}

// testRecord: what is recorded has its place in the trail, as failed as the caller says, and uses up no revision.
func testRecord(t *testing.T, open Open) {
	s := open(t)
	mustCreate(t, s, record(1))
	e := event("remote_access.read", "grant")
	e.ID, e.Revision, e.Outcome = 77, 78, &audit.Outcome{Status: 1} // none of them is the caller's to say
	denied := e
	denied.Failed, denied.Message = true, "The role has no such permission."
	same(t, "Record", int64(2))(s.Record(t.Context(), e))
	same(t, "Record of a denied one", int64(3))(s.Record(t.Context(), denied))
	mustCreate(t, s, record(2))
	e.ID, e.Revision, e.Outcome = 2, 0, nil
	denied.ID, denied.Revision, denied.Outcome = 3, 0, nil
	same(t, "AuditEvent", e)(s.AuditEvent(t.Context(), 2))
	same(t, "AuditEvent of the denied one", denied)(s.AuditEvent(t.Context(), 3))
	same(t, "Revision", int64(2))(s.Revision(t.Context()))
	if changes := allChanges(t, s); len(changes) != 2 {
		t.Errorf("changes: %+v, want those of the two tokens", changes)
	}
	if r := WantWholeTrail(t, s, audit.Digest{}); r.Checked != 4 {
		t.Errorf("%d events verified, want 4", r.Checked)
	}
}

// testConclude: an outcome is there wherever its event is read, and the first one stays.
func testConclude(t *testing.T, open Open) {
	s := open(t)
	o := audit.Outcome{At: epoch.Add(time.Second), Status: 200, Bytes: 1 << 40, BodyDigest: strings.Repeat("ab", 32), Cut: "revoked"}
	id, err := s.Record(t.Context(), event("remote_access.create", "grant"))
	must(t, err)
	_, err = s.Record(t.Context(), event("remote_access.read", "grant"))
	must(t, err)
	for _, unknown := range []int64{0, -1, 3} {
		wantError(t, "Conclude of an unknown one", s.Conclude(t.Context(), unknown, o), audit.ErrNotFound)
	}
	must(t, s.Conclude(t.Context(), id, o))
	wantError(t, "Conclude again", s.Conclude(t.Context(), id, audit.Outcome{At: epoch}), audit.ErrConcluded)

	want := event("remote_access.create", "grant")
	want.ID, want.Outcome = id, &o
	same(t, "AuditEvent", want)(s.AuditEvent(t.Context(), id))
	other := event("remote_access.read", "grant")
	other.ID = 2
	same(t, "AuditEvents", []audit.Event{other, want})(s.AuditEvents(t.Context(), store.AuditQuery{Object: "grant"}))
	same(t, "Revision", int64(0))(s.Revision(t.Context()))
	if r := WantWholeTrail(t, s, audit.Digest{}); r.Checked != 2 || r.Outcomes != 1 {
		t.Errorf("verified: %+v", r)
	}
}

// testChain: whatever writes an event, the event is the next one of the chain; what cannot be written as text or is not exact in
// time comes back from the medium as what the hash is of.
func testChain(t *testing.T, open Open) {
	s := open(t)
	if r := WantWholeTrail(t, s, audit.Digest{}); r != (audit.Report{}) {
		t.Errorf("an empty trail: %+v", r)
	}
	trail(t, s)
	mustCreate(t, s, record(1), record(2))
	noted := WantWholeTrail(t, s, audit.Digest{}).Head
	for _, text := range []string{"\x00", "a\x00b", "\xff\xfe", "\u2028", `"'`, strings.Repeat("é", 70_000)} {
		e := event("token.update", text)
		e.Time = epoch.Add(time.Hour + 999*time.Microsecond).In(time.FixedZone("west", -3600))
		e.Actor, e.Origin, e.Decision, e.Environment, e.Message, e.Detail, e.Patch = text, text, text, text, text, text, text
		id, err := s.Record(t.Context(), e)
		must(t, err)
		must(t, s.Conclude(t.Context(), id, audit.Outcome{At: e.Time, Status: -1, Bytes: -1, BodyDigest: text, Cut: text}))
	}
	_, err := s.Record(t.Context(), audit.Event{Time: time.UnixMilli(-1), Action: "noverb"})
	must(t, err)
	must(t, s.DeleteToken(t.Context(), record(1).ID, event("token.delete", record(1).ID)))
	if r := WantWholeTrail(t, s, noted); r.Checked != 18 || r.Outcomes != 6 || r.First != 1 || r.Last != 18 {
		t.Errorf("verified: %+v", r)
	}
	for _, limit := range []int{-1, 5001} {
		if _, err := s.AuditChain(t.Context(), 0, limit); err == nil {
			t.Errorf("a page of %d", limit)
		}
	}
}

// testRefusedChange: a change that is taken back leaves no event, and no gap in the chain.
func testRefusedChange(t *testing.T, open Open) {
	s := open(t)
	mustCreate(t, s, record(1))
	before, err := s.AuditHead(t.Context())
	must(t, err)
	refused := errors.New("refused")
	id := record(1).ID
	wantError(t, "CreateToken again", s.CreateToken(t.Context(), record(1), event("token.create", id)), tokens.ErrExists)
	wantError(t, "UpdateToken", s.UpdateToken(t.Context(), id, told("token.update", id), func(*tokens.Record) error { return refused }), refused)
	same(t, "AuditHead", before)(s.AuditHead(t.Context()))
	mustCreate(t, s, record(2))
	WantWholeTrail(t, s, before.Hash)
}

// testChainTogether: several sides write at the same time, and what they leave is one chain.
func testChainTogether(t *testing.T, open Open) {
	const sides, turns = 4, 10
	var group sync.WaitGroup
	for n := range sides {
		group.Go(func() {
			s := open(t)
			for turn := range turns {
				r := record(n*100 + turn)
				id, err := s.Record(t.Context(), event("remote_access.read", r.ID))
				err = errors.Join(err, s.CreateToken(t.Context(), r, event("token.create", r.ID)), s.Conclude(t.Context(), id, audit.Outcome{At: epoch}))
				if err != nil {
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
	got := WantWholeTrail(t, s, audit.Digest{})
	head, err := s.AuditHead(t.Context())
	must(t, err)
	want := audit.Report{Checked: 2 * sides * turns, First: 1, Last: 2 * sides * turns, Outcomes: sides * turns, Head: head.Hash}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verified (-want +got):\n%s", diff)
	}
}
