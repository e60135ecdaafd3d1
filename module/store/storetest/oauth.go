package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/oauth2"
	"github.com/doorward/doorward/tokens/oauth2/oauth2test"
)

// testOAuth2 is the contract of its own package, which knows nothing of an audit trail.
func testOAuth2(t *testing.T, open Open) {
	oauth2test.RunStore(t, func(t *testing.T) oauth2test.Store { return open(t) })
}

func oauthClient(n int) oauth2.Client {
	return oauth2.Client{
		ID: fmt.Sprintf("dt0s02.%024d", n), Digest: tokens.DigestOf(fmt.Sprint("secret ", n)), Name: fmt.Sprint("client ", n),
		Owner: "ann@example.org", Account: account, Scopes: []string{"account-idm-read"}, Enabled: true, Created: epoch,
	}
}

func signingKey(n int) oauth2.SigningKey {
	return oauth2.SigningKey{
		ID: fmt.Sprint("key-", n), Sealed: []byte("sealed"), Created: epoch, SignsFrom: epoch.Add(time.Duration(n) * time.Hour),
	}
}

func revocation(id string) oauth2.Revocation {
	return oauth2.Revocation{ID: id, Before: epoch.Truncate(time.Second), Until: epoch.Add(time.Hour)}
}

// testOAuth2Traces: each change leaves one event, one entry and one revision, that of a client for its revocation too, and
// what came to nothing leaves none.
func testOAuth2Traces(t *testing.T, open Open) {
	s := open(t)
	ctx, c, key := t.Context(), oauthClient(1), signingKey(1)
	update := told("oauthclient.update", c.ID)
	steps := []struct {
		kind   feed.Kind
		id     string
		action string
		do     func() error
		silent bool
	}{
		{feed.OAuthClient, c.ID, "oauthclient.create", func() error {
			return s.CreateClient(ctx, c, many, event("oauthclient.create", c.ID))
		}, false},
		{feed.OAuthClient, "", "", func() error { return s.CreateClient(ctx, c, many, event("oauthclient.create", c.ID)) }, true},
		{feed.OAuthClient, "", "", func() error { return s.CreateClient(ctx, oauthClient(2), 1, event("x", "x")) }, true},
		{feed.OAuthClient, c.ID, "oauthclient.update", func() error {
			return s.UpdateClient(ctx, c.ID, update, func(c *oauth2.Client) (*oauth2.Revocation, error) {
				update.Message, update.Patch = "Disabled.", `[{"op":"replace"}]`
				r := revocation(c.ID)
				return &r, nil
			})
		}, false},
		{feed.OAuthClient, "", "", func() error {
			return s.UpdateClient(ctx, c.ID, told("x", "x"), func(*oauth2.Client) (*oauth2.Revocation, error) { return nil, errors.New("no") })
		}, true},
		{feed.OAuthClient, "", "", func() error { return s.RecordClientUse(ctx, c.ID, epoch) }, true},
		{feed.OAuthClient, c.ID, "oauthclient.delete", func() error {
			return s.DeleteClient(ctx, c.ID, revocation(c.ID), event("oauthclient.delete", c.ID))
		}, false},
		{feed.OAuthClient, "", "", func() error { return s.DeleteClient(ctx, c.ID, revocation("other"), event("x", "x")) }, true},
		{feed.SigningKey, key.ID, "signingkey.create", func() error {
			return s.AddSigningKey(ctx, key, "", event("signingkey.create", key.ID))
		}, false},
		{feed.SigningKey, "", "", func() error { return s.AddSigningKey(ctx, signingKey(2), "", event("x", "x")) }, true},
		{feed.SigningKey, key.ID, "signingkey.delete", func() error {
			return s.RemoveSigningKey(ctx, key.ID, event("signingkey.delete", key.ID))
		}, false},
		{feed.Revocation, "jti", "oauthtoken.revoke", func() error {
			return s.Revoke(ctx, revocation("jti"), event("oauthtoken.revoke", "jti"))
		}, false},
		{feed.Revocation, "", "", func() error { return s.Revoke(ctx, revocation("jti"), event("x", "x")) }, true},
		{feed.Revocation, "", "", func() error { return s.Revoke(ctx, revocation(c.ID), event("x", "x")) }, true},
		{feed.Revocation, "", "", func() error { return s.PurgeRevocations(ctx, epoch.Add(time.Hour)) }, true},
	}
	var want []trace
	for _, step := range steps {
		if err := step.do(); err != nil && !step.silent {
			t.Errorf("%s: %v", step.action, err)
		}
		if !step.silent {
			want = append(want, trace{step.kind, step.id, step.action, testDetail})
		}
		wantTraces(t, s, 0, want...)
	}
	// What the change said of itself is in the event.
	updated := event("oauthclient.update", c.ID)
	updated.Message, updated.Patch = "Disabled.", `[{"op":"replace"}]`
	wantEventOf(t, s, updated, 2)
}

// testRevocationPrecision. Attack: a token that was issued in the last part of a millisecond lives on, because the bound of
// its revocation was cut off. Invariant: a store that keeps milliseconds rounds a revocation up, never down.
func testRevocationPrecision(t *testing.T, open Open) {
	s := open(t)
	for _, finer := range []time.Duration{0, 1, 999_999} {
		id := fmt.Sprint("dt0s02.", finer)
		want := oauth2.Revocation{ID: id, Before: epoch.Add(finer), Until: epoch.Add(time.Hour + finer)}
		must(t, s.Revoke(t.Context(), want, event("oauthtoken.revoke", id)))
		got, err := s.Revocations(t.Context(), epoch, id[:len(id)-1], 1)
		must(t, err)
		if len(got) != 1 || got[0].Before.Before(want.Before) || got[0].Until.Before(want.Until) ||
			got[0].Until.Sub(want.Until) >= time.Millisecond {
			t.Errorf("got %+v, want %+v or up to a millisecond later", got, want)
		}
	}
}

// everyOAuth2 adds the methods of oauth2.Store.
func everyOAuth2(ctx context.Context, s store.Store, calls map[string]error) {
	e, id := event("test", "nobody"), "nobody"
	_, calls["Client"] = s.Client(ctx, id)
	_, calls["Clients"] = s.Clients(ctx, oauth2.ClientQuery{})
	calls["CreateClient"] = s.CreateClient(ctx, oauthClient(1), 0, e)
	calls["UpdateClient"] = s.UpdateClient(ctx, id, &e, func(*oauth2.Client) (*oauth2.Revocation, error) { return nil, nil })
	calls["DeleteClient"] = s.DeleteClient(ctx, id, revocation(id), e)
	calls["RecordClientUse"] = s.RecordClientUse(ctx, id, epoch)
	_, calls["SigningKeys"] = s.SigningKeys(ctx)
	calls["AddSigningKey"] = s.AddSigningKey(ctx, signingKey(1), "another", e)
	calls["RemoveSigningKey"] = s.RemoveSigningKey(ctx, id, e)
	calls["Revoke"] = s.Revoke(ctx, revocation(id), e)
	_, calls["Revocations"] = s.Revocations(ctx, epoch, "", 0)
	calls["PurgeRevocations"] = s.PurgeRevocations(ctx, epoch)
}
