package remotetest

import (
	"errors"
	"testing"
	"time"

	"github.com/doorward/doorward/remote"
)

func nothing(*remote.Request) (*remote.Entry, error) { return nil, nil }

// testOthers: preferences that mean nothing here are kept as they are, and a function that is refused does not get at them.
func testOthers(t *testing.T, s Store) {
	want := remote.SettingRecord{Setting: remote.All, Changed: epoch, ChangedBy: "ann", Others: map[string]bool{"a": true, "b": false, "ü\"": true}}
	set := func(do func(*remote.SettingRecord) error) error {
		e := event("")
		return s.UpdateRemoteSetting(t.Context(), &e, do, nothing)
	}
	must(t, set(func(record *remote.SettingRecord) error {
		*record = want
		return nil
	}))
	wantError(t, set(func(record *remote.SettingRecord) error {
		same(t, want, *record)
		record.Others["a"], record.Others["c"] = false, true
		return errRefused
	}), errRefused)
	c, err := s.RemoteAccess(t.Context())
	must(t, err)
	same(t, want, c.Setting)
	c.Setting.Others["a"] = false // what was handed out is the caller's
	must(t, set(func(record *remote.SettingRecord) error {
		same(t, want, *record)
		record.Others = map[string]bool{}
		return nil
	}))
	want.Others = nil
	c, err = s.RemoteAccess(t.Context())
	must(t, err)
	same(t, want, c.Setting)
}

// testForget: what is over goes once both its last change and its end are before the bound, to the millisecond and whatever
// is finer than that in the bound; what is open stays, however old it is; and nothing is said of it.
func testForget(t *testing.T, s Store) {
	bound := epoch.Add(time.Hour)
	over := func(n int, state remote.State, changed, expires time.Time) remote.Request {
		r := request(n, state)
		r.Changed, r.Expires, r.PendingUntil = changed, expires, epoch
		return r
	}
	before, never := bound.Add(-time.Millisecond), time.Time{}
	stay := []remote.Request{
		over(1, remote.Pending, never, never), over(2, remote.Accepted, before, before), // lapsed, but nobody has said so
		over(3, remote.Rejected, bound, never), over(4, remote.Rejected, bound, before), over(5, remote.Expired, before, bound),
	}
	gone := []remote.Request{
		over(11, remote.Rejected, before, never), over(12, remote.Rejected, never, never), over(13, remote.Expired, before, before),
		over(14, remote.Expired, never, before),
	}
	unreviewed := over(6, remote.Expired, before, before)
	unreviewed.BreakGlass, unreviewed.Reviewed = true, never
	stay = append(stay, unreviewed)
	put(t, s, stay...)
	put(t, s, gone...)
	revision, err := s.Revision(t.Context())
	must(t, err)
	forget := func(before time.Time, want int) {
		t.Helper()
		if n, err := s.ForgetRemoteRequests(t.Context(), before); n != want || err != nil {
			t.Errorf("%d forgotten, %v, want %d", n, err, want)
		}
	}
	forget(never, 0)
	forget(bound, len(gone))
	forget(bound, 0)
	for _, r := range stay {
		is(t, s, r)
	}
	for _, r := range gone {
		if _, err := s.RemoteRequest(t.Context(), r.ID); !errors.Is(err, remote.ErrNotFound) {
			t.Errorf("%s: %v", r.ID, err)
		}
	}
	forget(bound.Add(time.Nanosecond), 3)
	if now, err := s.Revision(t.Context()); err != nil || now != revision {
		t.Errorf("revision %d, %v, want %d", now, err, revision)
	}
}

// testEndless: a grant that has no end, through whatever mistake, is none, and no listing shows it as one.
func testEndless(t *testing.T, s Store) {
	for n, state := range []remote.State{remote.Pending, remote.Accepted, remote.Rejected} {
		r := request(n, state)
		r.PendingUntil, r.Expires = time.Time{}, time.Time{}
		put(t, s, r)
	}
	for state, want := range map[remote.State][]string{remote.Pending: nil, remote.Accepted: nil, remote.Rejected: {"02"}, remote.Expired: {"01", "00"}} {
		same(t, want, list(t, s, remote.Query{State: state, Now: epoch}))
	}
	same(t, []string{"00"}, list(t, s, remote.Query{State: remote.Expired, Now: epoch, User: "user0@example.org"}))
}
