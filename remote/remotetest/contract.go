package remotetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/internal/feed/feedtest"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/notify"
)

// Store is what the contract is about: the requests, the setting, the feed of their changes, and where their batches go.
type Store interface {
	remote.Store
	feed.Source
	Outbox() notify.Outbox
}

// RunStore holds a store to the contract of remote.Store. Every call of open gives a new, empty store, which is closed
// when the test ends.
func RunStore(t *testing.T, open func(t *testing.T) Store) {
	for name, test := range map[string]func(*testing.T, Store){
		"Request":        testRequest,
		"Refused":        testRefused,
		"Update":         testUpdate,
		"Listing":        testListing,
		"States":         testStates,
		"Open":           testOpen,
		"Setting":        testSetting,
		"SettingRefused": testSettingRefused,
		"Endless":        testEndless,
		"Others":         testOthers,
		"Batch":          testBatch,
		"BatchOfMany":    testBatchOfMany,
		"BatchRefused":   testBatchRefused,
		"Forget":         testForget,
		"Race":           testRace,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// epoch is the time at which all test records begin; milliseconds are the precision of the contract.
var epoch = time.Date(2026, 11, 22, 10, 0, 0, int(345*time.Millisecond), time.UTC)

// request is number n, with every field set.
func request(n int, state remote.State) remote.Request {
	at := epoch.Add(time.Duration(n) * time.Second)
	return remote.Request{
		ID: fmt.Sprintf("7a397770-86b7-473b-b23e-%012d", n), User: fmt.Sprintf("user%d@example.org", n%2),
		Reason: "SUP-1 it's \"urgent\" – 100% ümlaut", Ticket: "SUP-1", Created: at, By: "ann", AskedRole: remote.Admin, AskedDays: 7,
		Role: remote.User, Days: 5, State: state, Changed: at.Add(time.Minute), ChangedBy: "bob", Approvals: []string{"bob", "c,d\"e"},
		PendingUntil: at.Add(time.Hour), Expires: at.Add(2 * time.Hour), BreakGlass: n%3 == 0, ReviewBy: at.Add(3 * time.Hour),
		Reviewed: at.Add(4 * time.Hour), ReviewedBy: "eve", Review: "fine",
	}
}

func event(object string) remote.Entry {
	return remote.Entry{Event: audit.Event{Time: epoch, Actor: "cli:tester", Action: "remote_access_request.update", Object: object}}
}

var errRefused = errors.New("refused by the function")

func anything(remote.Current) error { return nil }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func same(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// put stores requests as they are.
func put(t *testing.T, s Store, requests ...remote.Request) {
	t.Helper()
	for _, r := range requests {
		e := event(r.ID)
		must(t, s.CreateRemoteRequest(t.Context(), r, &e, anything))
	}
}

func is(t *testing.T, s Store, want remote.Request) {
	t.Helper()
	got, err := s.RemoteRequest(t.Context(), want.ID)
	must(t, err)
	same(t, want, got)
}

func changed(r remote.Request) feed.Change { return feed.Change{Kind: feed.RemoteRequest, ID: r.ID} }

func testRequest(t *testing.T, s Store) {
	full := request(1, remote.Accepted)
	bare := remote.Request{ID: full.ID[:35] + "9", User: "u", Reason: "r", Created: epoch, State: remote.Pending, Role: remote.Viewer}
	_, err := s.RemoteRequest(t.Context(), full.ID)
	wantError(t, err, remote.ErrNotFound)
	put(t, s, full, bare)
	is(t, s, full)
	is(t, s, bare)
	e := event(full.ID)
	wantError(t, s.CreateRemoteRequest(t.Context(), full, &e, anything), remote.ErrExists)
	feedtest.WantChanges(t, s, changed(full), changed(bare))
}

// testRefused: what a function objects to leaves no trace.
func testRefused(t *testing.T, s Store) {
	first, second := request(1, remote.Pending), request(2, remote.Pending)
	put(t, s, first)
	e := event(second.ID)
	err := s.CreateRemoteRequest(t.Context(), second, &e, func(c remote.Current) error {
		same(t, remote.Current{Open: []remote.Request{first}}, c)
		return errRefused
	})
	wantError(t, err, errRefused)
	wantError(t, s.UpdateRemoteRequest(t.Context(), first.ID, &e, func(_ remote.SettingRecord, r *remote.Request) error {
		r.State = remote.Accepted
		return errRefused
	}), errRefused)
	wantError(t, s.UpdateOpenRemoteRequests(t.Context(), func(r *remote.Request) (*remote.Entry, error) {
		r.State = remote.Accepted
		return &e, errRefused
	}), errRefused)
	is(t, s, first)
	_, err = s.RemoteRequest(t.Context(), second.ID)
	wantError(t, err, remote.ErrNotFound)
	feedtest.WantChanges(t, s, changed(first))
}

func testUpdate(t *testing.T, s Store) {
	before := request(1, remote.Pending)
	put(t, s, before)
	want := request(4, remote.Accepted) // another in everything
	e := event(before.ID)
	must(t, s.UpdateRemoteRequest(t.Context(), before.ID, &e, func(setting remote.SettingRecord, r *remote.Request) error {
		same(t, remote.SettingRecord{}, setting)
		same(t, before, *r)
		*r = want
		r.User, r.Reason, r.Ticket, r.By, r.AskedRole, r.AskedDays, r.BreakGlass = "other", "other", "other", "other", remote.Viewer, 1, true
		r.Approvals = nil
		return nil
	}))
	want.ID, want.User, want.Created, want.BreakGlass, want.Approvals = before.ID, before.User, before.Created, before.BreakGlass, nil
	is(t, s, want)
	wantError(t, s.UpdateRemoteRequest(t.Context(), request(2, "").ID, &e, func(remote.SettingRecord, *remote.Request) error { return nil }), remote.ErrNotFound)
	feedtest.WantChanges(t, s, changed(before), changed(before))
}

func list(t *testing.T, s Store, q remote.Query) (ids []string) {
	t.Helper()
	page, err := s.RemoteRequests(t.Context(), q)
	must(t, err)
	for _, r := range page {
		ids = append(ids, r.ID[34:])
	}
	return ids
}

func testListing(t *testing.T, s Store) {
	for n := range 6 {
		r := request(n, remote.Rejected)
		r.Created = epoch.Add(time.Duration(n/2) * time.Second) // two of each instant
		if n == 3 {
			r.Reviewed = time.Time{}
		}
		put(t, s, r)
	}
	at := func(n int) remote.Place {
		return remote.Place{Created: epoch.Add(time.Duration(n/2) * time.Second), ID: request(n, "").ID}
	}
	for name, tt := range map[string]struct {
		q    remote.Query
		want []string
	}{
		"all":        {remote.Query{}, []string{"05", "04", "03", "02", "01", "00"}},
		"first page": {remote.Query{Limit: 2}, []string{"05", "04"}},
		"next page":  {remote.Query{Limit: 2, After: at(4)}, []string{"03", "02"}},
		"mid pair":   {remote.Query{After: at(3)}, []string{"02", "01", "00"}},
		"the end":    {remote.Query{After: at(0)}, nil},
		"user":       {remote.Query{User: "user1@example.org"}, []string{"05", "03", "01"}},
		"nobody":     {remote.Query{User: "USER1@example.org"}, nil},
		"unreviewed": {remote.Query{Unreviewed: true}, []string{"03"}},
		"no state":   {remote.Query{State: remote.Pending}, nil},
	} {
		t.Run(name, func(t *testing.T) { same(t, tt.want, list(t, s, tt.q)) })
	}
	for _, limit := range []int{-1, remote.MaxPage + 1} {
		if _, err := s.RemoteRequests(t.Context(), remote.Query{Limit: limit}); err == nil || fault.KindOf(err) != fault.Invalid {
			t.Error(limit, err)
		}
	}
}

// testStates: a listing by state is true at the instant that is asked about, to the millisecond.
func testStates(t *testing.T, s Store) {
	pending, accepted := request(1, remote.Pending), request(2, remote.Accepted)
	put(t, s, pending, accepted, request(3, remote.Rejected), request(4, remote.Expired))
	for _, tt := range []struct {
		now  time.Time
		want map[remote.State][]string
	}{
		{epoch, map[remote.State][]string{remote.Pending: {"01"}, remote.Accepted: {"02"}, remote.Rejected: {"03"}, remote.Expired: {"04"}}},
		{pending.PendingUntil.Add(-time.Millisecond), map[remote.State][]string{remote.Pending: {"01"}, remote.Expired: {"04"}}},
		{pending.PendingUntil, map[remote.State][]string{remote.Pending: nil, remote.Expired: {"04", "01"}}},
		{accepted.Expires.Add(-time.Millisecond), map[remote.State][]string{remote.Accepted: {"02"}, remote.Expired: {"04", "01"}}},
		{accepted.Expires, map[remote.State][]string{remote.Accepted: nil, remote.Expired: {"04", "02", "01"}}},
	} {
		for state, want := range tt.want {
			same(t, want, list(t, s, remote.Query{State: state, Now: tt.now}))
		}
	}
	is(t, s, pending) // which is how it is stored
}

func testOpen(t *testing.T, s Store) {
	second, first := request(2, remote.Accepted), request(1, remote.Pending)
	put(t, s, second, request(3, remote.Rejected), first, request(4, remote.Expired))
	c, err := s.RemoteAccess(t.Context())
	must(t, err)
	same(t, remote.Current{Open: []remote.Request{first, second}}, c)
	must(t, s.UpdateOpenRemoteRequests(t.Context(), func(r *remote.Request) (*remote.Entry, error) {
		r.State = remote.Expired
		if r.ID == first.ID {
			return nil, nil // and so nothing happens to it
		}
		e := event(r.ID)
		return &e, nil
	}))
	is(t, s, first)
	second.State = remote.Expired
	is(t, s, second)
	feedtest.WantChanges(t, s, changed(second), changed(request(3, "")), changed(first), changed(request(4, "")), changed(second))
}

func testSetting(t *testing.T, s Store) {
	r := request(1, remote.Accepted)
	put(t, s, r)
	want := remote.SettingRecord{Setting: remote.ApprovedReadOnly, Changed: epoch, ChangedBy: "ann"}
	e := event("")
	must(t, s.UpdateRemoteSetting(t.Context(), &e, func(record *remote.SettingRecord) error {
		same(t, remote.SettingRecord{}, *record)
		*record = want
		return nil
	}, func(r *remote.Request) (*remote.Entry, error) {
		r.State = remote.Expired
		e := event(r.ID)
		return &e, nil
	}))
	c, err := s.RemoteAccess(t.Context())
	must(t, err)
	same(t, remote.Current{Setting: want}, c)
	must(t, s.UpdateRemoteRequest(t.Context(), r.ID, &e, func(record remote.SettingRecord, _ *remote.Request) error {
		same(t, want, record)
		return nil
	}))
	feedtest.WantChanges(t, s, changed(r), feed.Change{Kind: feed.RemoteSetting}, changed(r), changed(r))
}

// testSettingRefused: the setting and the grants that end with it change together or not at all.
func testSettingRefused(t *testing.T, s Store) {
	r := request(1, remote.Accepted)
	put(t, s, r)
	e := event("")
	set := func(record *remote.SettingRecord) error {
		*record = remote.SettingRecord{Setting: remote.All, Changed: epoch}
		return nil
	}
	none := func(*remote.Request) (*remote.Entry, error) { return nil, nil }
	wantError(t, s.UpdateRemoteSetting(t.Context(), &e, set, func(*remote.Request) (*remote.Entry, error) { return nil, errRefused }), errRefused)
	wantError(t, s.UpdateRemoteSetting(t.Context(), &e, func(*remote.SettingRecord) error { return errRefused }, none), errRefused)
	c, err := s.RemoteAccess(t.Context())
	must(t, err)
	same(t, remote.Current{Open: []remote.Request{r}}, c)
	feedtest.WantChanges(t, s, changed(r))
}

// testRace: of several that would all be the first, one is.
func testRace(t *testing.T, s Store) {
	r := request(1, remote.Pending)
	put(t, s, r)
	var wg sync.WaitGroup
	won := make(chan string, 8)
	for n := range cap(won) {
		wg.Go(func() {
			e := event(r.ID)
			name := fmt.Sprint("admin ", n)
			err := s.UpdateRemoteRequest(t.Context(), r.ID, &e, func(_ remote.SettingRecord, r *remote.Request) error {
				if r.State != remote.Pending {
					return errRefused
				}
				r.State, r.ChangedBy = remote.Accepted, name
				return nil
			})
			if err == nil {
				won <- name
			} else if !errors.Is(err, errRefused) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	close(won)
	if len(won) != 1 {
		t.Fatal(len(won), "were first")
	}
	r.State, r.ChangedBy = remote.Accepted, <-won
	is(t, s, r)
}
