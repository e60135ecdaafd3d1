package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/tokens"
)

// roomy is room for every session of a test.
var roomy = session.Room{PerSubject: 1000, All: 1000, Displaced: event("session.logout", "")}

// sessionRecord is session number n of ann, begun n seconds after epoch, with every field set.
func sessionRecord(n int) session.Record {
	at := epoch.Add(time.Duration(n) * time.Second)
	return session.Record{
		Session: session.Session{
			ID: fmt.Sprintf("s-%03d", n), Subject: "user ann", Method: session.MethodOIDC, Issuer: "https://login.example.com",
			Address: "192.0.2.1", UserAgent: "Firefox/1.0", Created: at, LastUsed: at.Add(time.Minute), Ends: at.Add(time.Hour), Expires: at.Add(8 * time.Hour),
			ConfirmedUntil: at.Add(5 * time.Minute),
		},
		Digest: tokens.DigestOf(fmt.Sprint("cookie ", n)), Sealed: []byte{1, 0, 2, byte(n)}, Environment: "prod", Actor: "ann",
	}
}

// begun creates sessions.
func begun(t *testing.T, s store.Store, records ...session.Record) {
	t.Helper()
	for _, r := range records {
		must(t, s.CreateConsoleSession(t.Context(), r, roomy, event("session.login", r.ID)))
	}
}

// wantSessions checks which sessions there are, the newest first.
func wantSessions(t *testing.T, s store.Store, q session.Query, want ...string) {
	t.Helper()
	page, err := s.ConsoleSessions(t.Context(), q)
	must(t, err)
	got := []string{}
	for _, one := range page {
		got = append(got, one.ID)
	}
	if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
		t.Errorf("sessions of %+v (-want +got):\n%s", q, diff)
	}
}

// testSessions: what was stored comes back, by the digest alone, until it is ended by whom it belongs to.
func testSessions(t *testing.T, open Open) {
	s, ctx := open(t), t.Context()
	bare := session.Record{Session: session.Session{
		ID: "bare", Subject: "token dt0c01.A", Method: session.MethodToken, Created: epoch, LastUsed: epoch, Ends: epoch, Expires: epoch.Add(time.Millisecond),
	}, Digest: tokens.DigestOf("bare"), Sealed: []byte{0}}
	full := sessionRecord(1)
	full.UserAgent = "no UTF-8: \xff, NUL: \x00"
	for _, want := range []session.Record{bare, full} {
		begun(t, s, want)
		got, err := s.ConsoleSession(ctx, want.Digest)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("session (-want +got):\n%s", diff)
		}
	}
	wantSessions(t, s, session.Query{}, full.ID, bare.ID)
	for _, taken := range []session.Record{{Session: sessionRecord(2).Session, Digest: full.Digest}, {Session: full.Session, Digest: tokens.DigestOf("other")}} {
		taken.Sealed = []byte{1}
		wantError(t, "taken", s.CreateConsoleSession(ctx, taken, roomy, event("session.login", taken.ID)), session.ErrExists)
	}
	end := func(id, subject, environment string) error {
		return s.EndConsoleSession(ctx, id, session.Whose{Subject: subject, Environment: environment}, event("session.logout", id))
	}
	wantError(t, "somebody else's", end(full.ID, "user bob", ""), session.ErrNotFound)
	wantError(t, "of another environment", end(full.ID, "user ann", "test"), session.ErrNotFound)
	wantError(t, "nobody's", end("nobody", "", ""), session.ErrNotFound)
	must(t, end(full.ID, "user ann", "prod"))
	must(t, end(bare.ID, "", ""))
	wantError(t, "ended twice", end(bare.ID, "", ""), session.ErrNotFound)
	_, err := s.ConsoleSession(ctx, full.Digest)
	wantError(t, "ended", err, session.ErrNotFound)
}

// testSessionTimes: use moves forwards only, and what has ended is neither listed nor kept, to the millisecond.
func testSessionTimes(t *testing.T, open Open) {
	s, ctx := open(t), t.Context()
	one := sessionRecord(1)
	begun(t, s, one, sessionRecord(2), sessionRecord(3))
	for _, at := range []time.Duration{3 * time.Minute, 2 * time.Minute} {
		must(t, s.TouchConsoleSession(ctx, one.Digest, epoch.Add(at), epoch.Add(2*time.Hour+at)))
	}
	must(t, s.TouchConsoleSession(ctx, tokens.DigestOf("nobody"), epoch, epoch))
	got, err := s.ConsoleSession(ctx, one.Digest)
	must(t, err)
	one.LastUsed, one.Ends = epoch.Add(3*time.Minute), epoch.Add(2*time.Hour+3*time.Minute)
	if !cmp.Equal(one, got) {
		t.Errorf("used (-want +got):\n%s", cmp.Diff(one, got))
	}
	forget := func(now time.Time, want int) {
		t.Helper()
		if n, err := s.ForgetConsoleSessions(ctx, now); err != nil || n != want {
			t.Errorf("forgot %d, %v, want %d", n, err, want)
		}
	}
	second, third := sessionRecord(2), sessionRecord(3)
	forget(second.Ends.Add(-1), 0)
	wantSessions(t, s, session.Query{Now: second.Ends.Add(-time.Millisecond)}, third.ID, second.ID, one.ID)
	wantSessions(t, s, session.Query{Now: second.Ends}, third.ID, one.ID)
	forget(second.Ends, 1)
	wantSessions(t, s, session.Query{}, third.ID, one.ID)
	forget(one.Ends.Add(time.Hour), 2)
}

// testSessionRoom. Attack: somebody with one good token begins sessions without end, to fill the store or to push out others'.
// Invariant: what one subject begins ends sessions of that subject only, those that began first; and all of them are bounded.
func testSessionRoom(t *testing.T, open Open) {
	s, ctx := open(t), t.Context()
	other, elsewhere := sessionRecord(7), sessionRecord(8)
	other.Subject, elsewhere.Environment = "user bob", "test"
	begun(t, s, sessionRecord(1), sessionRecord(2), sessionRecord(3), other, elsewhere)
	room := session.Room{PerSubject: 2, All: 4, Displaced: event("session.logout", "")}
	begin := func(r session.Record) error {
		return s.CreateConsoleSession(ctx, r, room, event("session.login", r.ID))
	}
	must(t, begin(sessionRecord(0))) // by a clock that is behind: it stays all the same
	wantSessions(t, s, session.Query{}, "s-008", "s-007", "s-003", "s-000")
	for _, id := range []string{"s-001", "s-002"} {
		e := room.Displaced
		e.Object = id
		wantEventOf(t, s, e, 0)
	}
	one := sessionRecord(9)
	one.Subject = "user carol"
	wantError(t, "one too many", begin(one), session.ErrFull)
	wantSessions(t, s, session.Query{}, "s-008", "s-007", "s-003", "s-000")
	must(t, begin(sessionRecord(10)))
	wantSessions(t, s, session.Query{}, "s-010", "s-008", "s-007", "s-003")
}

// testSessionRenewal. Attack: whoever knows the cookie of before a confirmation goes on with it after. Invariant: the old digest
// leads nowhere, and of two that renew one session at once only one gets it.
func testSessionRenewal(t *testing.T, open Open) {
	s, ctx := open(t), t.Context()
	old := sessionRecord(1)
	begun(t, s, old, sessionRecord(3))
	renewed := sessionRecord(2)
	renew := func(from tokens.Digest, r session.Record) error {
		return s.RenewConsoleSession(ctx, from, r, event("session.confirm", r.ID))
	}
	for what, change := range map[string]func(*session.Record){
		"another subject":     func(r *session.Record) { r.Subject = "user bob" },
		"another environment": func(r *session.Record) { r.Environment = "test" },
	} {
		r := renewed
		change(&r)
		wantError(t, what, renew(old.Digest, r), session.ErrNotFound)
	}
	taken := renewed
	taken.ID = "s-003"
	wantError(t, "taken identifier", renew(old.Digest, taken), session.ErrExists)
	must(t, renew(old.Digest, renewed))
	wantError(t, "again", renew(old.Digest, sessionRecord(4)), session.ErrNotFound)
	_, err := s.ConsoleSession(ctx, old.Digest)
	wantError(t, "by the old digest", err, session.ErrNotFound)
	got, err := s.ConsoleSession(ctx, renewed.Digest)
	must(t, err)
	if renewed.Created = old.Created; !cmp.Equal(renewed, got) {
		t.Errorf("renewed (-want +got):\n%s", cmp.Diff(renewed, got))
	}
}

// testSessionPages walks through sessions that began at the same instant and at others.
func testSessionPages(t *testing.T, open Open) {
	s := open(t)
	var want []string
	for n := range 7 {
		r := sessionRecord(n)
		r.Created = epoch.Add(time.Duration(n/3) * time.Second)
		begun(t, s, r)
		want = append([]string{r.ID}, want...)
	}
	bob := sessionRecord(8)
	bob.Subject = "user bob"
	begun(t, s, bob)
	q := session.Query{Whose: session.Whose{Subject: "user ann", Environment: "prod"}, Limit: 2}
	var got []string
	for {
		page, err := s.ConsoleSessions(t.Context(), q)
		must(t, err)
		if len(page) == 0 {
			break
		}
		for _, one := range page {
			got = append(got, one.ID)
			q.After = session.Place{Created: one.Created, ID: one.ID}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("all pages (-want +got):\n%s", diff)
	}
	for _, limit := range []int{-1, session.MaxPage + 1} {
		_, err := s.ConsoleSessions(t.Context(), session.Query{Limit: limit})
		wantFault(t, fmt.Sprint("limit ", limit), err)
	}
}

// testSessionTraces: what a person does has one event, in order, and uses up no revision. What came to nothing has none, and
// neither has what nobody did.
func testSessionTraces(t *testing.T, open Open) {
	s, ctx := open(t), t.Context()
	one, two := sessionRecord(1), sessionRecord(2)
	begun(t, s, one)
	_ = s.CreateConsoleSession(ctx, one, roomy, event("x", "taken"))
	_ = s.CreateConsoleSession(ctx, two, session.Room{PerSubject: 9, All: 1}, event("x", "full"))
	must(t, s.TouchConsoleSession(ctx, one.Digest, epoch.Add(time.Hour), epoch.Add(2*time.Hour)))
	must(t, s.RenewConsoleSession(ctx, one.Digest, two, event("session.confirm", two.ID)))
	_ = s.RenewConsoleSession(ctx, one.Digest, two, event("x", "gone"))
	must(t, s.EndConsoleSession(ctx, two.ID, session.Whose{}, event("session.logout", two.ID)))
	_ = s.EndConsoleSession(ctx, two.ID, session.Whose{}, event("x", "gone"))
	begun(t, s, sessionRecord(3))
	if _, err := s.ForgetConsoleSessions(ctx, epoch.Add(9*time.Hour)); err != nil {
		t.Error(err)
	}
	events, err := s.AuditEvents(ctx, store.AuditQuery{})
	must(t, err)
	slices.Reverse(events)
	got := []string{}
	for _, e := range events {
		got = append(got, e.Action+" "+e.Object)
		if e.Failed || e.Revision != 0 {
			t.Errorf("event %+v", e)
		}
	}
	if diff := cmp.Diff([]string{"session.login s-001", "session.confirm s-002", "session.logout s-002", "session.login s-003"}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if revision, err := s.Revision(ctx); err != nil || revision != 0 {
		t.Errorf("revision %d, %v, want none", revision, err)
	}
}

// testSessionsTogether: whatever several gateways do to the sessions of one subject at once, the bound holds, and one session is
// renewed once.
func testSessionsTogether(t *testing.T, open Open) {
	sides := []store.Store{open(t), open(t)}
	room := session.Room{PerSubject: 3, All: 100, Displaced: event("session.logout", "")}
	var group sync.WaitGroup
	for n := range 12 {
		group.Go(func() {
			r := sessionRecord(n)
			if err := sides[n%2].CreateConsoleSession(t.Context(), r, room, event("session.login", r.ID)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	left, err := sides[0].ConsoleSessions(t.Context(), session.Query{})
	must(t, err)
	if len(left) != room.PerSubject {
		t.Fatalf("%d sessions are left, want %d", len(left), room.PerSubject)
	}
	old := sessionRecord(50)
	begun(t, sides[0], old)
	var renewed atomic.Int64
	for n := range 8 {
		group.Go(func() {
			r := sessionRecord(60 + n)
			switch err := sides[n%2].RenewConsoleSession(t.Context(), old.Digest, r, event("session.confirm", r.ID)); {
			case err == nil:
				renewed.Add(1)
			case !errors.Is(err, session.ErrNotFound):
				t.Error(err)
			}
		})
	}
	group.Wait()
	if renewed.Load() != 1 {
		t.Errorf("renewed %d times", renewed.Load())
	}
}

// everySession adds the methods of session.Store.
func everySession(ctx context.Context, s store.Store, calls map[string]error) {
	e, r := event("test", "nobody"), sessionRecord(1)
	calls["CreateConsoleSession"] = s.CreateConsoleSession(ctx, r, roomy, e)
	_, calls["ConsoleSession"] = s.ConsoleSession(ctx, r.Digest)
	_, calls["ConsoleSessions"] = s.ConsoleSessions(ctx, session.Query{})
	calls["TouchConsoleSession"] = s.TouchConsoleSession(ctx, r.Digest, epoch, epoch)
	calls["RenewConsoleSession"] = s.RenewConsoleSession(ctx, tokens.DigestOf("x"), r, e)
	calls["EndConsoleSession"] = s.EndConsoleSession(ctx, r.ID, session.Whose{}, e)
	_, calls["ForgetConsoleSessions"] = s.ForgetConsoleSessions(ctx, epoch)
}
