package tokens_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/tokenstest"
)

// Attack: a stream that was opened with a token goes on after the token was revoked, because the cache still has it.
// Invariant: the store is asked, and everything that would refuse a new request ends the old one.
func TestIsLiveAsksTheStore(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	minted := g.issue(t, "dt0c01", nil)
	g.verify(t, apiToken(minted.Secret.Reveal()))
	record := tokens.Record{ID: minted.ID, Digest: minted.Digest, Environment: "prod", Enabled: true, Expires: now.Add(time.Hour)}
	with := func(edit func(*tokens.Record)) tokens.Record { r := record; edit(&r); return r }
	for name, test := range map[string]struct {
		record tokens.Record
		want   bool
	}{
		"good":           {record, true},
		"disabled":       {with(func(r *tokens.Record) { r.Enabled = false }), false},
		"expired":        {with(func(r *tokens.Record) { r.Expires = now }), false},
		"moved":          {with(func(r *tokens.Record) { r.Environment = "test" }), false},
		"staff by now":   {with(func(r *tokens.Record) { r.Staff = true }), false},
		"client within":  {with(func(r *tokens.Record) { r.Networks = []string{"192.0.2.0/24"} }), true},
		"client outside": {with(func(r *tokens.Record) { r.Networks = []string{"198.51.100.0/24"} }), false},
	} {
		g.store.Put(test.record)
		if live, err := g.IsLive(t.Context(), minted.ID, "prod", "192.0.2.1", now); live != test.want || err != nil {
			t.Errorf("%s: %v, %v", name, live, err)
		}
	}
	if live, err := g.IsLive(t.Context(), "dt0c01."+public24, "prod", "192.0.2.1", now); live || err != nil {
		t.Errorf("deleted: %v, %v", live, err)
	}
}

// Attack: a stream goes on without a ceiling after its token was marked as remote support staff's. Invariant: it is cut, and
// what was begun under the ceiling goes on as long as the token is good for anything.
func TestIsLiveUnderCeiling(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	var marked tokens.Record
	minted := g.issue(t, "dt0c01", func(r *tokens.Record) { r.Staff = true; marked = *r })
	marked.ID, marked.Digest = minted.ID, minted.Digest
	for _, on := range []bool{true, false} {
		marked.Enabled = on
		g.store.Put(marked)
		if live, err := g.IsLive(t.Context(), minted.ID, "prod", "", now); live || err != nil {
			t.Errorf("begun without: %v, %v", live, err)
		}
		if live, err := g.IsLiveUnderCeiling(t.Context(), minted.ID, "prod", "", now); live != on || err != nil {
			t.Errorf("begun under it, enabled %v: %v, %v", on, live, err)
		}
	}
}

func TestIsLiveTellsFaultFromAbsence(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{Store: &tokenstest.Memory{Before: func(context.Context, string) error { return errDown }}})
	if live, err := g.IsLive(t.Context(), "dt0c01."+public24, "prod", "", now); live || !errors.Is(err, errDown) {
		t.Errorf("%v, %v", live, err)
	}
}

func TestIsLiveOfUnreadableNetworkIsFault(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	minted := g.issue(t, "dt0c01", func(r *tokens.Record) { r.Networks = []string{"192.0.2.0/24", "office"} })
	if live, err := g.IsLive(t.Context(), minted.ID, "prod", "192.0.2.1", now); live || err == nil {
		t.Errorf("%v, %v", live, err)
	}
}

// Attack: an administrator switches personal tokens off, and a stream that was opened with one goes on. Fix: the settings
// are read from the store. Invariant: the switch in memory, which is off for a moment after every change, cuts nothing
// that the store allows, and what the store forbids is cut whatever the switch in memory says.
func TestIsLiveReadsPersonalSettings(t *testing.T) {
	for name, test := range map[string]struct {
		inMemory func(string, time.Time) bool
		inStore  bool
		want     bool
	}{
		"on":                      {allOn, true, true},
		"off, not heard of yet":   {allOn, false, false},
		"on, just being reloaded": {func(string, time.Time) bool { return false }, true, true},
		"no personal tokens here": {nil, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGate(t, tokens.VerifierConfig{Personal: test.inMemory})
			setPersonal(t, g.store, "prod", test.inStore)
			minted := g.issue(t, "dt0c01", func(r *tokens.Record) { r.Personal = true })
			if live, err := g.IsLive(t.Context(), minted.ID, "prod", "", now); live != test.want || err != nil {
				t.Errorf("%v, %v", live, err)
			}
		})
	}
}

// setPersonal turns an administrator's switch.
func setPersonal(t testing.TB, store tokens.Store, environment string, on bool) {
	t.Helper()
	event := audit.Event{Time: now, Actor: "admin", Action: "tokensettings.update", Object: environment}
	err := store.UpdateSettings(context.Background(), environment, &event, func(s *tokens.Settings) error {
		s.PersonalTokens = on
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestIsLiveOfPersonalTokenNeedsSettings(t *testing.T) {
	store := &tokenstest.Memory{Before: func(_ context.Context, method string) error {
		if method == "Settings" {
			return errDown
		}
		return nil
	}}
	g := newGate(t, tokens.VerifierConfig{Store: store, Personal: allOn})
	minted := g.issue(t, "dt0c01", func(r *tokens.Record) { r.Personal = true })
	if live, err := g.IsLive(t.Context(), minted.ID, "prod", "", now); live || !errors.Is(err, errDown) {
		t.Errorf("%v, %v", live, err)
	}
}
