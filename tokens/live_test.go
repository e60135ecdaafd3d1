package tokens_test

import (
	"context"
	"errors"
	"testing"
	"time"

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
	disabled, expired, moved := record, record, record
	disabled.Enabled, expired.Expires, moved.Environment = false, now, "test"
	for name, test := range map[string]struct {
		record tokens.Record
		want   bool
	}{"good": {record, true}, "disabled": {disabled, false}, "expired": {expired, false}, "moved": {moved, false}} {
		g.store.Put(test.record)
		if live, err := g.IsLive(t.Context(), minted.ID, "prod", now); live != test.want || err != nil {
			t.Errorf("%s: %v, %v", name, live, err)
		}
	}
	if live, err := g.IsLive(t.Context(), "dt0c01."+public24, "prod", now); live || err != nil {
		t.Errorf("deleted: %v, %v", live, err)
	}
}

func TestIsLiveTellsFaultFromAbsence(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{Store: &tokenstest.Memory{Before: func(context.Context, string) error { return errDown }}})
	if live, err := g.IsLive(t.Context(), "dt0c01."+public24, "prod", now); live || !errors.Is(err, errDown) {
		t.Errorf("%v, %v", live, err)
	}
}
