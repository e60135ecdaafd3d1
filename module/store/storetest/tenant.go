package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/tokens"
)

// tenantToken is a rotating one, with every field set.
func tenantToken(environment string) tokens.TenantToken {
	return tokens.TenantToken{
		Environment: environment, Active: []byte{1, 0, 255}, ActiveDigest: tokens.DigestOf("active"), Old: []byte("old"),
		OldDigest: tokens.DigestOf("old"), Created: epoch, Modified: epoch.Add(time.Minute),
	}
}

func setTenantToken(t *testing.T, s store.Store, environment string, before, after tokens.TenantToken) {
	t.Helper()
	e := told("tenanttoken.start", environment)
	must(t, s.UpdateTenantToken(t.Context(), environment, e, func(now *tokens.TenantToken) error {
		if diff := cmp.Diff(before, *now); diff != "" {
			t.Errorf("tenant token handed to change (-want +got):\n%s", diff)
		}
		e.Message = "Rotating."
		*now = after
		return nil
	}))
	want := event("tenanttoken.start", environment)
	want.Message = "Rotating."
	wantEventOf(t, s, want, int64(revision(t, s)))
}

func testTenantToken(t *testing.T, open Open) {
	s := open(t)
	fails[tokens.TenantToken](t, "none", tokens.ErrNotFound)(s.TenantToken(t.Context(), "env-1"))
	one, two := tenantToken("env-1"), tenantToken("env-2")
	setTenantToken(t, s, "env-1", tokens.TenantToken{Environment: "env-1"}, one)
	moved := two
	moved.Environment = "env-1" // nobody can put one environment's in the place of another's
	setTenantToken(t, s, "env-2", tokens.TenantToken{Environment: "env-2"}, moved)
	same(t, "env-1", one)(s.TenantToken(t.Context(), "env-1"))
	same(t, "env-2", two)(s.TenantToken(t.Context(), "env-2"))

	// The rotation ends: the old text goes, and its digest with it even where it was left behind.
	ended := one
	ended.Active, ended.ActiveDigest, ended.Old, ended.Modified = []byte("new"), tokens.DigestOf("new"), nil, time.Time{}
	setTenantToken(t, s, "env-1", one, ended)
	ended.OldDigest = tokens.Digest{}
	same(t, "ended", ended)(s.TenantToken(t.Context(), "env-1"))
	want := []feed.Change{
		{Revision: 1, Kind: feed.TenantToken, ID: "env-1"}, {Revision: 2, Kind: feed.TenantToken, ID: "env-2"},
		{Revision: 3, Kind: feed.TenantToken, ID: "env-1"},
	}
	if diff := cmp.Diff(want, allChanges(t, s)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func testTenantTokenRefused(t *testing.T, open Open) {
	s := open(t)
	refusal := errors.New("no rotation runs")
	refuse := func(now *tokens.TenantToken) error {
		*now = tenantToken("env-1")
		return refusal
	}
	for _, want := range []tokens.TenantToken{{}, {Environment: "env-1", Active: []byte("a"), Created: epoch}} {
		if want.Environment != "" {
			setTenantToken(t, s, "env-1", tokens.TenantToken{Environment: "env-1"}, want)
		}
		before := revision(t, s)
		if err := s.UpdateTenantToken(t.Context(), "env-1", told("tenanttoken.finish", "env-1"), refuse); err != refusal { //nolint:errorlint // not even wrapped
			t.Errorf("UpdateTenantToken: got %v, want the error of change as it is", err)
		}
		got, err := s.TenantToken(t.Context(), "env-1")
		if (err == nil) != (want.Environment != "") || cmp.Diff(want, got) != "" {
			t.Errorf("after a refusal: got %+v, %v, want %+v", got, err, want)
		}
		wantChanges(t, s, before)
	}
}

func testSettings(t *testing.T, open Open) {
	s := open(t)
	same(t, "none", map[string]tokens.Settings{})(s.Settings(t.Context()))
	choose := func(environment string, before, after bool) {
		t.Helper()
		e := told("tokensettings.update", environment)
		must(t, s.UpdateSettings(t.Context(), environment, e, func(now *tokens.Settings) error {
			if now.PersonalTokens != before {
				t.Errorf("%s: settings handed to change: %+v", environment, *now)
			}
			e.Patch = "[]"
			now.PersonalTokens = after
			return nil
		}))
		want := event("tokensettings.update", environment)
		want.Patch = "[]"
		wantEventOf(t, s, want, int64(revision(t, s)))
	}
	choose("env-1", false, true)
	choose("env-2", false, false)
	choose("env-1", true, true)
	want := map[string]tokens.Settings{"env-1": {PersonalTokens: true}, "env-2": {}}
	same(t, "two", want)(s.Settings(t.Context()))

	refusal := errors.New("not now")
	err := s.UpdateSettings(t.Context(), "env-1", told("tokensettings.update", "env-1"), func(now *tokens.Settings) error {
		now.PersonalTokens = false
		return refusal
	})
	wantError(t, "refused", err, refusal)
	same(t, "after a refusal", want)(s.Settings(t.Context()))
	wantChanges(t, s, 3)
	if got := allChanges(t, s)[2]; got != (feed.Change{Revision: 3, Kind: feed.TokenSettings, ID: "env-1"}) {
		t.Errorf("change: %+v", got)
	}
}
