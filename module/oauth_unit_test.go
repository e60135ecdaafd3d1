package module

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/internal/seal"
	"github.com/doorward/doorward/tokens/oauth2"
	"github.com/doorward/doorward/tokens/oauth2/oauth2test"
)

// newTestAuthority is over a store in memory, with nothing read yet.
func newTestAuthority(t *testing.T) (*authority, *oauth2test.Memory) {
	t.Helper()
	key, err := seal.ParseKey(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := seal.New(key)
	if err != nil {
		t.Fatal(err)
	}
	config := gateConfig{keys: encryptionKeys{sealer: sealer}}
	trusted, err := newIssuers(config, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(trusted.close)
	store := new(oauth2test.Memory)
	a, err := newAuthority(config, store, sealer, trusted, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	return a, store
}

// Attack: a gateway that has lost its store is asked with a token that was revoked meanwhile. Fix: a set of revocations
// vouches for minutes only, and one that was never read for nobody. Invariant: a fault, which ends in 503, and no token.
func TestAuthority_VouchesForMinutes(t *testing.T) {
	a, _ := newTestAuthority(t)
	now := time.Now()
	token := ownToken{"jti", "dt0s02.CLIENT", now}
	for _, test := range []struct {
		name string
		read bool
		at   time.Duration
		good bool
	}{
		{"never read", false, 0, false},
		{"just read", true, 0, true},
		{"read a while ago", true, oauth2.StaleFor - time.Minute, true},
		{"read too long ago", true, oauth2.StaleFor + time.Minute, false},
	} {
		if test.read {
			a.maintain(t.Context())
		}
		good, err := a.vouches(token, now.Add(test.at))
		if good != test.good || (err == nil) != test.good || err != nil && fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v, %v", test.name, good, err)
		}
	}
	var none *authority
	if good, err := none.vouches(token, now); good || err == nil {
		t.Errorf("without an authority: %v, %v", good, err)
	}
}

// Attack: a revocation is in the feed while the store cannot be read, and is forgotten. Fix: the store is read again until
// that succeeds. Invariant: a change that could not be followed is asked for again soon.
func TestAuthority_FollowsLater(t *testing.T) {
	a, store := newTestAuthority(t)
	var away error
	store.Before = func(context.Context, string) error { return away }
	a.maintain(t.Context())
	now := time.Now()
	token := ownToken{"revoked", "dt0s02.CLIENT", now}
	if err := store.Revoke(t.Context(), oauth2.Revocation{ID: token.id, Until: now.Add(time.Hour)}, audit.Event{Time: now, Actor: "test", Action: "oauthtoken.revoke"}); err != nil {
		t.Fatal(err)
	}
	changes := []feed.Change{{Kind: feed.Revocation, ID: token.id}}
	away = errors.New("the store is away")
	a.follow(t.Context(), changes)
	if len(a.refresh) != 1 || a.pause() > 2*maintainRetry {
		t.Errorf("%d refreshes wait, the pause is %v", len(a.refresh), a.pause())
	}
	away = nil
	a.follow(t.Context(), changes)
	if good, err := a.vouches(token, now); good || err != nil {
		t.Errorf("a token that was revoked: %v, %v", good, err)
	}
}

func TestOAuth2_Issuer(t *testing.T) {
	for issuer, good := range map[string]bool{
		"": true, "https://sso.example.com": true, "https://sso.example.com:8443": true, "http://localhost:8080": true,
		"http://127.0.0.1": true, "http://[::1]:80": true,
		"http://sso.example.com": false, "https://sso.example.com/": false, "https://sso.example.com/path": false,
		"https://sso.example.com?x": false, "https://sso.example.com#x": false, "https://a@sso.example.com": false,
		"sso.example.com": false, "urn:doorward": false, "https://": false, "HTTPS://sso.example.com": false,
		"http://localhost.example.com": false,
	} {
		if err := (&OAuth2{Issuer: issuer}).check(); (err == nil) != good {
			t.Errorf("%q: %v", issuer, err)
		}
	}
	if err := (*OAuth2)(nil).check(); err != nil {
		t.Error(err)
	}
}
