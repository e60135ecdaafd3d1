package oauth2test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/internal/feed/feedtest"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/oauth2"
)

// Store is what the contract is about: the clients, and the feed of their changes.
type Store interface {
	oauth2.Store
	feed.Source
}

// RunStore holds a store to the contract of oauth2.Store. Every call of open gives a new, empty store, which is closed
// when the test ends.
func RunStore(t *testing.T, open func(t *testing.T) Store) {
	for name, test := range map[string]func(*testing.T, Store){
		"Client":          testClient,
		"ClientListing":   testClientListing,
		"ClientLimit":     testClientLimit,
		"ClientUpdate":    testClientUpdate,
		"ClientRefused":   testClientRefused,
		"ClientDelete":    testClientDelete,
		"ClientUse":       testClientUse,
		"SigningKeys":     testSigningKeys,
		"SigningKeysRace": testSigningKeysRace,
		"Revocations":     testRevocations,
		"Purge":           testPurge,
		"Hostile":         testHostile,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// epoch is the time at which all test records begin; milliseconds are the precision of the contract.
var epoch = time.Date(2026, 11, 22, 10, 0, 0, int(345*time.Millisecond), time.UTC)

// client is number n, with every field set.
func client(n int) oauth2.Client {
	at := epoch.Add(time.Duration(n) * time.Second)
	return oauth2.Client{
		ID: fmt.Sprintf("dt0s02.%024d", n), Digest: tokens.DigestOf(fmt.Sprint("secret ", n)), OldDigest: tokens.DigestOf("old"),
		OldUntil: at.Add(time.Hour), Name: fmt.Sprint("client ", n), Description: "two\nlines", Owner: "ann@example.org",
		Account: fmt.Sprint("acc-", n%2), Scopes: []string{"account-idm-read", "iam:policies:read"}, Enabled: n%3 != 0,
		Created: at, Modified: at.Add(time.Minute), TokensFrom: at.Truncate(time.Second), LastUsed: at.Add(time.Millisecond),
	}
}

func event(action, object string) audit.Event {
	return audit.Event{Time: epoch, Actor: "cli:tester", Action: action, Object: object, Detail: `{"test":true}`}
}

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

// put stores clients as they are.
func put(t *testing.T, s Store, clients ...oauth2.Client) {
	t.Helper()
	for _, c := range clients {
		must(t, s.CreateClient(t.Context(), c, 1000, event("oauthclient.create", c.ID)))
	}
}

func is(t *testing.T, s Store, want oauth2.Client) {
	t.Helper()
	got, err := s.Client(t.Context(), want.ID)
	must(t, err)
	same(t, want, got)
}

func testClient(t *testing.T, s Store) {
	if _, err := s.Client(t.Context(), "dt0s02.NOBODY"); !errors.Is(err, oauth2.ErrNotFound) {
		t.Error(err)
	}
	bare := oauth2.Client{ID: "dt0s02.ABCD1234", Name: "bare", Account: "acc-1", Scopes: []string{"a"}, Created: epoch}
	put(t, s, client(1), bare)
	is(t, s, client(1))
	is(t, s, bare)
	wantError(t, s.CreateClient(t.Context(), client(1), 1000, event("oauthclient.create", "again")), oauth2.ErrExists)
	feedtest.WantChanges(t, s, feed.Change{Kind: feed.OAuthClient, ID: client(1).ID}, feed.Change{Kind: feed.OAuthClient, ID: bare.ID})
}

func testClientListing(t *testing.T, s Store) {
	for n := range 7 {
		put(t, s, client(6-n))
	}
	for name, tt := range map[string]struct {
		q    oauth2.ClientQuery
		want []oauth2.Client
	}{
		"first page": {oauth2.ClientQuery{Limit: 2}, []oauth2.Client{client(0), client(1)}},
		"next page":  {oauth2.ClientQuery{After: client(1).ID, Limit: 2}, []oauth2.Client{client(2), client(3)}},
		"gone after": {oauth2.ClientQuery{After: client(4).ID + "x"}, []oauth2.Client{client(5), client(6)}},
		"account":    {oauth2.ClientQuery{Account: "acc-1"}, []oauth2.Client{client(1), client(3), client(5)}},
		"no account": {oauth2.ClientQuery{Account: "ACC-1"}, nil},
		"behind all": {oauth2.ClientQuery{After: "z"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.Clients(t.Context(), tt.q)
			must(t, err)
			if len(got)+len(tt.want) > 0 {
				same(t, tt.want, got)
			}
		})
	}
	for _, limit := range []int{-1, oauth2.MaxPage + 1} {
		if _, err := s.Clients(t.Context(), oauth2.ClientQuery{Limit: limit}); fault.KindOf(err) != fault.Invalid || err == nil {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

// testClientLimit has many come at once for a few places.
func testClientLimit(t *testing.T, s Store) {
	put(t, s, client(0)) // of the other account
	var full, made atomic.Int64
	var all sync.WaitGroup
	for n := range 10 {
		all.Go(func() {
			c := client(2*n + 1)
			switch err := s.CreateClient(t.Context(), c, 3, event("oauthclient.create", c.ID)); {
			case err == nil:
				made.Add(1)
			case errors.Is(err, oauth2.ErrFull):
				full.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made.Load() != 3 || full.Load() != 7 {
		t.Errorf("%d made, %d too many", made.Load(), full.Load())
	}
}

func testClientUpdate(t *testing.T, s Store) {
	put(t, s, client(1), client(2))
	e := event("oauthclient.update", client(1).ID)
	revocation := oauth2.Revocation{ID: client(1).ID, Before: epoch.Truncate(time.Second), Until: epoch.Add(time.Hour)}
	want := client(2)
	want.ID, want.Account, want.Created, want.LastUsed = client(1).ID, client(1).Account, client(1).Created, client(1).LastUsed
	want.OldDigest, want.OldUntil, want.Modified = tokens.Digest{}, time.Time{}, epoch.Add(time.Hour)
	must(t, s.UpdateClient(t.Context(), client(1).ID, &e, func(c *oauth2.Client) (*oauth2.Revocation, error) {
		same(t, client(1), *c)
		*c = client(2)
		c.OldDigest, c.OldUntil, c.Modified = tokens.Digest{}, time.Time{}, epoch.Add(time.Hour)
		e.Patch = `[{"op":"replace"}]`
		return &revocation, nil
	}))
	is(t, s, want)
	is(t, s, client(2))
	got, err := s.Revocations(t.Context(), epoch, "", 0)
	must(t, err)
	same(t, []oauth2.Revocation{revocation}, got)
	feedtest.WantChanges(t, s, feed.Change{Kind: feed.OAuthClient, ID: client(1).ID}, feed.Change{Kind: feed.OAuthClient, ID: client(2).ID},
		feed.Change{Kind: feed.OAuthClient, ID: client(1).ID})
}

// testClientRefused: an error inside a change leaves everything as it was.
func testClientRefused(t *testing.T, s Store) {
	put(t, s, client(1))
	refused := errors.New("refused")
	e := event("oauthclient.update", client(1).ID)
	err := s.UpdateClient(t.Context(), client(1).ID, &e, func(c *oauth2.Client) (*oauth2.Revocation, error) {
		c.Name, c.Scopes[0] = "changed", "changed"
		return &oauth2.Revocation{ID: c.ID, Until: epoch.Add(time.Hour)}, refused
	})
	wantError(t, err, refused)
	is(t, s, client(1))
	if got, err := s.Revocations(t.Context(), epoch, "", 0); err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
	err = s.UpdateClient(t.Context(), "dt0s02.NOBODY", &e, func(*oauth2.Client) (*oauth2.Revocation, error) {
		t.Error("a client that there is not was changed")
		return nil, nil
	})
	wantError(t, err, oauth2.ErrNotFound)
	feedtest.WantChanges(t, s, feed.Change{Kind: feed.OAuthClient, ID: client(1).ID})
}

func testClientDelete(t *testing.T, s Store) {
	put(t, s, client(1), client(2))
	revocation := oauth2.Revocation{ID: client(1).ID, Before: epoch.Truncate(time.Second), Until: epoch.Add(time.Hour)}
	must(t, s.DeleteClient(t.Context(), client(1).ID, revocation, event("oauthclient.delete", client(1).ID)))
	wantError(t, s.DeleteClient(t.Context(), client(1).ID, revocation, event("oauthclient.delete", "again")), oauth2.ErrNotFound)
	if _, err := s.Client(t.Context(), client(1).ID); !errors.Is(err, oauth2.ErrNotFound) {
		t.Error(err)
	}
	is(t, s, client(2))
	got, err := s.Revocations(t.Context(), epoch, "", 0)
	must(t, err)
	same(t, []oauth2.Revocation{revocation}, got)
	feedtest.WantChanges(t, s, feed.Change{Kind: feed.OAuthClient, ID: client(1).ID}, feed.Change{Kind: feed.OAuthClient, ID: client(2).ID},
		feed.Change{Kind: feed.OAuthClient, ID: client(1).ID})
}

func testClientUse(t *testing.T, s Store) {
	put(t, s, client(1))
	want := client(1)
	want.LastUsed = epoch.Add(time.Hour)
	for _, at := range []time.Time{want.LastUsed, epoch, client(1).LastUsed} {
		must(t, s.RecordClientUse(t.Context(), want.ID, at))
		is(t, s, want)
	}
	must(t, s.RecordClientUse(t.Context(), "dt0s02.NOBODY", epoch))
	feedtest.WantChanges(t, s, feed.Change{Kind: feed.OAuthClient, ID: want.ID})
}

func signingKey(n int) oauth2.SigningKey {
	return oauth2.SigningKey{
		ID: fmt.Sprintf("key-%d", n), Sealed: []byte{0, byte(n), 0xff}, Created: epoch, SignsFrom: epoch.Add(time.Duration(n) * time.Hour),
	}
}

func testSigningKeys(t *testing.T, s Store) {
	add := func(n int, newest string, want error) {
		t.Helper()
		wantError(t, s.AddSigningKey(t.Context(), signingKey(n), newest, event("signingkey.create", signingKey(n).ID)), want)
	}
	add(1, "key-0", oauth2.ErrConflict)
	add(1, "", nil)
	add(2, "", oauth2.ErrConflict)
	add(2, "key-1", nil)
	add(3, "key-1", oauth2.ErrConflict)
	add(1, "key-2", oauth2.ErrExists)
	add(3, "key-2", nil)
	got, err := s.SigningKeys(t.Context())
	must(t, err)
	same(t, []oauth2.SigningKey{signingKey(1), signingKey(2), signingKey(3)}, got)
	must(t, s.RemoveSigningKey(t.Context(), "key-1", event("signingkey.delete", "key-1")))
	wantError(t, s.RemoveSigningKey(t.Context(), "key-1", event("signingkey.delete", "key-1")), oauth2.ErrNotFound)
	got, err = s.SigningKeys(t.Context())
	must(t, err)
	same(t, []oauth2.SigningKey{signingKey(2), signingKey(3)}, got)
	feedtest.WantChanges(t, s, feed.Change{Kind: feed.SigningKey, ID: "key-1"}, feed.Change{Kind: feed.SigningKey, ID: "key-2"},
		feed.Change{Kind: feed.SigningKey, ID: "key-3"}, feed.Change{Kind: feed.SigningKey, ID: "key-1"})
}

// testSigningKeysRace: of many gateways that start on an empty store, one makes the key.
func testSigningKeysRace(t *testing.T, s Store) {
	var made atomic.Int64
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			switch err := s.AddSigningKey(t.Context(), signingKey(n), "", event("signingkey.create", signingKey(n).ID)); {
			case err == nil:
				made.Add(1)
			case !errors.Is(err, oauth2.ErrConflict):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if keys, err := s.SigningKeys(t.Context()); len(keys) != 1 || made.Load() != 1 || err != nil {
		t.Errorf("%d keys, %d made, %v", len(keys), made.Load(), err)
	}
}

func testRevocations(t *testing.T, s Store) {
	second := epoch.Truncate(time.Second)
	revoke := func(r oauth2.Revocation) {
		t.Helper()
		must(t, s.Revoke(t.Context(), r, event("oauthtoken.revoke", r.ID)))
	}
	token := oauth2.Revocation{ID: "jti-1", Until: epoch.Add(time.Minute)}
	revoke(token)
	revoke(token) // leaves no trace
	all := oauth2.Revocation{ID: "dt0s02.A", Before: second, Until: epoch.Add(time.Hour)}
	revoke(all)
	revoke(oauth2.Revocation{ID: all.ID, Before: second.Add(-time.Hour), Until: epoch}) // moves nothing back
	all.Before = second.Add(time.Second)
	revoke(oauth2.Revocation{ID: all.ID, Before: all.Before, Until: epoch})
	revoke(oauth2.Revocation{ID: "jti-0", Until: epoch})

	for name, tt := range map[string]struct {
		now   time.Time
		after string
		limit int
		want  []oauth2.Revocation
	}{
		"live":      {epoch, "", 0, []oauth2.Revocation{all, token}},
		"before":    {epoch.Add(-time.Millisecond), "jti", 0, []oauth2.Revocation{{ID: "jti-0", Until: epoch}, token}},
		"a page":    {epoch, "", 1, []oauth2.Revocation{all}},
		"next page": {epoch, all.ID, 1, []oauth2.Revocation{token}},
		"at an end": {epoch.Add(time.Minute), "", 0, []oauth2.Revocation{all}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.Revocations(t.Context(), tt.now, tt.after, tt.limit)
			must(t, err)
			same(t, tt.want, got)
		})
	}
	for _, limit := range []int{-1, oauth2.MaxPage + 1} {
		if _, err := s.Revocations(t.Context(), epoch, "", limit); fault.KindOf(err) != fault.Invalid || err == nil {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
	feedtest.WantChanges(t, s, feed.Change{Kind: feed.Revocation, ID: "jti-1"}, feed.Change{Kind: feed.Revocation, ID: all.ID},
		feed.Change{Kind: feed.Revocation, ID: all.ID}, feed.Change{Kind: feed.Revocation, ID: "jti-0"})
}

func testPurge(t *testing.T, s Store) {
	for n := range 3 {
		r := oauth2.Revocation{ID: fmt.Sprint("jti-", n), Until: epoch.Add(time.Duration(n) * time.Minute)}
		must(t, s.Revoke(t.Context(), r, event("oauthtoken.revoke", r.ID)))
	}
	must(t, s.PurgeRevocations(t.Context(), epoch.Add(time.Minute)))
	got, err := s.Revocations(t.Context(), epoch.Add(-time.Hour), "", 0)
	must(t, err)
	same(t, []oauth2.Revocation{{ID: "jti-2", Until: epoch.Add(2 * time.Minute)}}, got)
	if revision, err := s.Revision(t.Context()); revision != 3 || err != nil {
		t.Errorf("revision %d, %v", revision, err)
	}
}

// testHostile. Attack: texts that mean something to a database. Invariant: they come back as they are and select nothing
// but themselves.
func testHostile(t *testing.T, s Store) {
	for n, text := range []string{`' OR 1=1 --`, `"; DROP TABLE x; --`, `%`, `_`, `\`, "é\u202e", "a\nb", `{"a":[1]}`} {
		c := client(n)
		c.ID, c.Name, c.Description, c.Owner, c.Account, c.Scopes = text, text, text, text, text, []string{text}
		put(t, s, c)
		is(t, s, c)
		got, err := s.Clients(t.Context(), oauth2.ClientQuery{Account: text})
		must(t, err)
		same(t, []oauth2.Client{c}, got)
		must(t, s.Revoke(t.Context(), oauth2.Revocation{ID: text, Until: epoch.Add(time.Hour)}, event("oauthtoken.revoke", text)))
	}
	if got, err := s.Revocations(t.Context(), epoch, "", 0); len(got) != 8 || err != nil {
		t.Errorf("%d revocations, %v", len(got), err)
	}
}
