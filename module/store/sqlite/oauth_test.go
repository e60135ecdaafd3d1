package sqlite_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/module/store/sqlite"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/oauth2"
)

func clientNumber(n int) oauth2.Client {
	id := fmt.Sprintf("dt0s02.%024d", n)
	return oauth2.Client{ID: id, Digest: tokens.DigestOf(id), Name: "n", Account: "acc-1", Scopes: []string{"a"}, Enabled: true, Created: epoch}
}

func oauthEvent(action, object string) audit.Event {
	return audit.Event{Time: epoch, Actor: "cli:tester", Action: action, Object: object}
}

func mustCreateClient(t *testing.T, s *sqlite.Store, n int) oauth2.Client {
	t.Helper()
	c := clientNumber(n)
	mustDo(t, s.CreateClient(t.Context(), c, 100, oauthEvent("oauthclient.create", c.ID)))
	return c
}

func end(id string) oauth2.Revocation {
	return oauth2.Revocation{ID: id, Before: epoch, Until: epoch.Add(time.Hour)}
}

// oauthChanges are the changes that TestHalfAnOAuthChangeIsNone breaks, and the tables that each writes to.
var oauthChanges = map[string]struct {
	writes []string
	do     func(t *testing.T, s *sqlite.Store, client string) error
}{
	"update": {[]string{"UPDATE ON oauth_clients", "INSERT ON revocations"}, func(t *testing.T, s *sqlite.Store, client string) error {
		e := oauthEvent("oauthclient.update", client)
		return s.UpdateClient(t.Context(), client, &e, func(c *oauth2.Client) (*oauth2.Revocation, error) {
			c.Enabled = false
			r := end(client)
			return &r, nil
		})
	}},
	"delete": {[]string{"DELETE ON oauth_clients", "INSERT ON revocations"}, func(t *testing.T, s *sqlite.Store, client string) error {
		return s.DeleteClient(t.Context(), client, end(client), oauthEvent("oauthclient.delete", client))
	}},
	"add key": {[]string{"INSERT ON signing_keys"}, func(t *testing.T, s *sqlite.Store, _ string) error {
		k := oauth2.SigningKey{ID: "k2", Sealed: []byte("k2"), Created: epoch, SignsFrom: epoch.Add(time.Hour)}
		return s.AddSigningKey(t.Context(), k, "k", oauthEvent("signingkey.create", "k2"))
	}},
	"remove key": {[]string{"DELETE ON signing_keys"}, func(t *testing.T, s *sqlite.Store, _ string) error {
		return s.RemoveSigningKey(t.Context(), "k", oauthEvent("signingkey.delete", "k"))
	}},
	"revoke": {[]string{"INSERT ON revocations"}, func(t *testing.T, s *sqlite.Store, _ string) error {
		return s.Revoke(t.Context(), end("jti"), oauthEvent("oauthtoken.revoke", "jti"))
	}},
}

// The accident: a client loses its scopes or goes, but the revocation of its tokens does not get to the disk, so that they
// live on. The invariant: whatever part of a change fails, everything is as it was and nothing is told.
func TestHalfAnOAuthChangeIsNone(t *testing.T) {
	for what, change := range oauthChanges {
		t.Run(what, func(t *testing.T) {
			path := newPath(t)
			s := openAt(t, path, sqlite.Options{KeepChanges: 1})
			c := mustCreateClient(t, s, 1)
			key := oauth2.SigningKey{ID: "k", Sealed: []byte("k"), Created: epoch, SignsFrom: epoch}
			mustDo(t, s.AddSigningKey(t.Context(), key, "", oauthEvent("signingkey.create", "k")))
			db := raw(t, path)
			all := []string{"UPDATE ON store_state", "INSERT ON audit_events", "INSERT ON changes", "DELETE ON changes"}
			for _, part := range slices.Concat(change.writes, all) {
				mustExec(t, db, "CREATE TRIGGER broken BEFORE "+part+" BEGIN SELECT RAISE(ABORT, 'broken'); END")
				if err := change.do(t, s, c.ID); err == nil || !strings.Contains(err.Error(), "broken") {
					t.Errorf("%s: %v", part, err)
				}
				mustExec(t, db, "DROP TRIGGER broken")
				wantUntouched(t, s, part, c, key)
			}
			mustDo(t, change.do(t, s, c.ID)) // and the store goes on
		})
	}
}

func wantUntouched(t *testing.T, s *sqlite.Store, what string, c oauth2.Client, k oauth2.SigningKey) {
	t.Helper()
	got, err := s.Client(t.Context(), c.ID)
	if diff := cmp.Diff(c, got); err != nil || diff != "" {
		t.Errorf("%s: %v, client (-want +got):\n%s", what, err, diff)
	}
	keys, err := s.SigningKeys(t.Context())
	if diff := cmp.Diff([]oauth2.SigningKey{k}, keys); err != nil || diff != "" {
		t.Errorf("%s: %v, keys (-want +got):\n%s", what, err, diff)
	}
	if revoked, err := s.Revocations(t.Context(), epoch, "", 0); err != nil || len(revoked) != 0 {
		t.Errorf("%s: %d revocations, %v", what, len(revoked), err)
	}
	if revision, err := s.Revision(t.Context()); err != nil || revision != 2 {
		t.Errorf("%s: revision %d, %v", what, revision, err)
	}
}

// A purge takes more than one transaction's worth, no more than what is over, and says nothing to followers.
func TestPurgeRevocations(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sqlite.Options{})
	db := raw(t, path)
	mustExec(t, db, `INSERT INTO revocations WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1300)
		SELECT 'jti-' || i, -9223372036854775807, ? + i FROM n`, epoch.UnixMilli())
	left := func() (n int) {
		t.Helper()
		mustDo(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM revocations").Scan(&n))
		return n
	}
	for _, step := range []struct {
		at   time.Duration // since epoch
		want int
	}{{0, 1300}, {1, 1300}, {10 * time.Millisecond, 1290}, {1299 * time.Millisecond, 1}, {time.Hour, 0}, {time.Hour, 0}} {
		mustDo(t, s.PurgeRevocations(t.Context(), epoch.Add(step.at)))
		if got := left(); got != step.want {
			t.Errorf("%v: %d are left, want %d", step.at, got, step.want)
		}
	}
	if revision, err := s.Revision(t.Context()); err != nil || revision != 0 {
		t.Errorf("revision %d, %v", revision, err)
	}
}

// The accident: a damaged row, or one that was written by hand. The invariant: a digest of another length is a fault and no
// client, for padding or cutting could make it equal to one that it is not. No fault names the digest.
func TestDamagedClient(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sqlite.Options{})
	c := mustCreateClient(t, s, 1)
	db := raw(t, path)
	mustExec(t, db, "PRAGMA ignore_check_constraints = ON")
	for _, column := range []string{"digest", "old_digest"} {
		mustExec(t, db, "UPDATE oauth_clients SET "+column+" = x'feed'")
		got, err := s.Client(t.Context(), c.ID)
		if err == nil || errors.Is(err, oauth2.ErrNotFound) || cmp.Diff(oauth2.Client{}, got) != "" {
			t.Errorf("%s: got %+v, %v, want a fault", column, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "feed") {
			t.Errorf("%s: the fault names the digest: %v", column, err)
		}
		mustExec(t, db, "UPDATE oauth_clients SET digest = ?", c.Digest[:])
	}
}

// A rotation that is over leaves no digest behind that could be taken for one.
func TestNoOldDigestIsNull(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sqlite.Options{})
	c := mustCreateClient(t, s, 1)
	rotate := func(old tokens.Digest) (kind string) {
		t.Helper()
		e := oauthEvent("oauthclient.rotate", c.ID)
		mustDo(t, s.UpdateClient(t.Context(), c.ID, &e, func(c *oauth2.Client) (*oauth2.Revocation, error) {
			c.OldDigest = old
			return nil, nil
		}))
		mustDo(t, raw(t, path).QueryRowContext(t.Context(), "SELECT typeof(old_digest) FROM oauth_clients").Scan(&kind))
		return kind
	}
	for _, step := range []struct {
		old  tokens.Digest
		want string
	}{{tokens.DigestOf("old"), "blob"}, {tokens.Digest{}, "null"}} {
		if got := rotate(step.old); got != step.want {
			t.Errorf("the digest before is stored as %s, want %s", got, step.want)
		}
	}
}

// The accident: something adds keys without end. The invariant: it is stopped while the keys can still be read, all of
// them, and it is told a fault that no caller takes for "another gateway has done it".
func TestTooManySigningKeys(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sqlite.Options{})
	mustExec(t, raw(t, path), `INSERT INTO signing_keys WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
		SELECT 'k' || i, x'00', 0, i FROM n`)
	k := oauth2.SigningKey{ID: "more", Sealed: []byte("k"), Created: epoch, SignsFrom: epoch}
	err := s.AddSigningKey(t.Context(), k, "k100", oauthEvent("signingkey.create", "more"))
	if err == nil || errors.Is(err, oauth2.ErrConflict) || errors.Is(err, oauth2.ErrExists) || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v, want a fault", err)
	}
	keys, err := s.SigningKeys(t.Context())
	if err != nil || len(keys) != 100 || keys[99].ID != "k100" {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	mustExec(t, raw(t, path), `INSERT INTO signing_keys VALUES ('by hand', x'00', 0, 0)`)
	if keys, err := s.SigningKeys(t.Context()); err == nil || len(keys) != 0 {
		t.Errorf("%d keys, %v, want a fault", len(keys), err)
	}
}
