package tokens_test

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/tokenstest"
)

const (
	tenantText    = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	oldTenantText = "OLDDEFGHIJKLMNOPQRSTUVWXYZ234567"
)

var bothKinds = tokens.AgentKinds{TenantToken: true, ActiveGateToken: true}

// agent verifies for environment "prod" at now, and expects no fault.
func (g *gate) agent(t testing.TB, text string, kinds tokens.AgentKinds) (*tokens.Principal, tokens.Refusal) {
	t.Helper()
	p, refusal, err := g.VerifyAgent(t.Context(), text, kinds, "prod", "192.0.2.1", now)
	if err != nil {
		t.Fatal(err)
	}
	if (p == nil) != (refusal != "") {
		t.Fatalf("principal %v with refusal %q", p, refusal)
	}
	return p, refusal
}

func TestVerifyAgentAccepts(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	putTenant(t, g.store, "prod", tenantText, oldTenantText)
	expires := now.Add(time.Hour)
	minted := g.issue(t, "dt0g02", func(r *tokens.Record) {
		r.Name, r.Scopes, r.ActiveGate, r.Expires = "rack 7", nil, "ENVIRONMENT", expires
	})
	tenant := &tokens.Principal{TokenID: "tenant:prod", TokenName: "tenant token", Kind: "tenant_token", Environment: "prod"}
	activeGate := &tokens.Principal{
		TokenID: minted.ID, TokenName: "rack 7", Kind: "dt0g02", User: "alice", Environment: "prod", Expires: expires,
	}
	for name, test := range map[string]struct {
		text string
		want *tokens.Principal
	}{
		"tenant token":               {tenantText, tenant},
		"the one from before":        {oldTenantText, tenant},
		"ActiveGate token":           {minted.Secret.Reveal(), activeGate},
		"ActiveGate token once more": {minted.Secret.Reveal(), activeGate},
	} {
		p, refusal := g.agent(t, test.text, bothKinds)
		if diff := cmp.Diff(test.want, p, cmpopts.IgnoreUnexported(tokens.Principal{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: refusal %q, principal (-want +got):\n%s", name, refusal, diff)
		}
	}
	if diff := cmp.Diff(map[string]int{"Token": 1, "TenantToken": 1, "UpdateTenantToken": 1}, g.queries); diff != "" {
		t.Errorf("queries (-want +got):\n%s", diff)
	}
	if s := g.Stats(); s.Cached != 1 || s.Tenants != 1 || s.Hits != 2 || s.Queries != 2 {
		t.Errorf("%+v", s)
	}
}

func TestVerifyAgentRefuses(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{Legacy: true, Personal: allOn})
	putTenant(t, g.store, "prod", tenantText, "")
	activeGate := func(edit func(*tokens.Record)) string { return g.issue(t, "dt0g02", edit).Secret.Reveal() }
	good, api := activeGate(nil), g.issue(t, "dt0c01", nil).Secret.Reveal()
	for name, test := range map[string]struct {
		text  string
		kinds tokens.AgentKinds
		want  tokens.Refusal
	}{
		"empty":             {"", bothKinds, tokens.Malformed},
		"too long":          {strings.Repeat("a", 129), bothKinds, tokens.Malformed},
		"very long":         {strings.Repeat("a", 1<<20), bothKinds, tokens.Malformed},
		"space":             {tenantText + " ", bothKinds, tokens.Malformed},
		"line break":        {tenantText + "\n", bothKinds, tokens.Malformed},
		"delete character":  {tenantText + "\x7f", bothKinds, tokens.Malformed},
		"not ASCII":         {tenantText + "é", bothKinds, tokens.Malformed},
		"other case":        {strings.ToLower(tenantText), bothKinds, tokens.WrongSecret},
		"cut":               {tenantText[:31], bothKinds, tokens.WrongSecret},
		"longest":           {strings.Repeat("a", 128), bothKinds, tokens.WrongSecret},
		"one from before":   {oldTenantText, bothKinds, tokens.WrongSecret},
		"tenant tokens off": {tenantText, tokens.AgentKinds{ActiveGateToken: true}, tokens.NotAccepted},

		"cut ActiveGate token":  {good[:79], bothKinds, tokens.Malformed},
		"ActiveGate, no secret": {"dt0g02.", bothKinds, tokens.Malformed},
		"ActiveGate, no public": {"dt0g01..", bothKinds, tokens.Malformed},
		"ActiveGate, secret":    {good[:79] + flip(good[79]), bothKinds, tokens.WrongSecret},
		"unknown ActiveGate":    {"dt0g02.ABCDEFGH." + secret64, bothKinds, tokens.Unknown},
		"unknown older one":     {"dt0g01.ABCDEFGH." + secret64, bothKinds, tokens.Unknown},
		"ActiveGate off":        {good, tokens.AgentKinds{TenantToken: true}, tokens.NotAccepted},
		"disabled":              {activeGate(func(r *tokens.Record) { r.Enabled = false }), bothKinds, tokens.Disabled},
		"expired":               {activeGate(func(r *tokens.Record) { r.Expires = now }), bothKinds, tokens.Expired},
		"other environment":     {activeGate(func(r *tokens.Record) { r.Environment = "test" }), bothKinds, tokens.WrongEnvironment},
		"other network":         {activeGate(func(r *tokens.Record) { r.Networks = []string{"10.0.0.0/8"} }), bothKinds, tokens.WrongNetwork},

		"access token":     {api, bothKinds, tokens.NotAccepted},
		"agent connection": {"dt0a01.abc12345." + hex64, bothKinds, tokens.NotAccepted},
		"nothing taken":    {tenantText, tokens.AgentKinds{}, tokens.NotAccepted},
		"nothing taken, 2": {good, tokens.AgentKinds{}, tokens.NotAccepted},
	} {
		t.Run(name, func(t *testing.T) {
			for _, state := range []string{"cold", "warm"} {
				if _, refusal := g.agent(t, test.text, test.kinds); refusal != test.want {
					t.Errorf("%s: %q, want %q", state, refusal, test.want)
				}
			}
		})
	}
}

// Attack: use an agent's credential at an API, or an API token where an agent's is asked for. Invariant: neither way in
// takes what is meant for the other.
func TestAgentCredentialsAreNoAPITokens(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{Legacy: true})
	putTenant(t, g.store, "prod", tenantText, "")
	activeGate := g.issue(t, "dt0g02", nil).Secret.Reveal()
	older := strings.Replace(activeGate, "dt0g02", "dt0g01", 1)
	for text, want := range map[string]tokens.Refusal{
		activeGate: tokens.NotAccepted, older: tokens.NotAccepted, tenantText: tokens.Unknown,
	} {
		if _, refusal := g.verify(t, apiToken(text)); refusal != want {
			t.Errorf("at an API: %q, want %q", refusal, want)
		}
	}
}

// Attack: give a tenant a token that reads like an ActiveGate token or an API token (or find such an ActiveGate token),
// so that revoking the one leaves the other. Invariant: the text alone decides what it is compared with.
func TestAgentKindsDoNotMix(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	activeGate := g.issue(t, "dt0g02", func(r *tokens.Record) { r.Enabled = false }).Secret.Reveal()
	for text, want := range map[string]tokens.Refusal{
		activeGate:      tokens.Disabled,
		activeGate[:79]: tokens.Malformed,
		"dt0g02.x":      tokens.Malformed,
		"dt0c01" + "." + public24 + "." + secret64: tokens.NotAccepted,
	} {
		putTenant(t, g.store, "prod", text, text)
		g.ForgetTenant("prod")
		if _, refusal := g.agent(t, text, bothKinds); refusal != want {
			t.Errorf("%d characters: %q, want %q", len(text), refusal, want)
		}
	}
}

// Attack: what an unknown token is compared with is a constant of the source, so its text fits wherever there is nothing
// to compare with. Invariant: that comparison never decides anything.
func TestNobodysSecretOpensNothing(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	if _, refusal := g.agent(t, "nobody", bothKinds); refusal != tokens.Unknown {
		t.Errorf("without a tenant token: %q", refusal)
	}
	putTenant(t, g.store, "prod", tenantText, "")
	g.ForgetTenant("prod")
	if _, refusal := g.agent(t, "nobody", bothKinds); refusal != tokens.WrongSecret {
		t.Errorf("with no rotation under way: %q", refusal)
	}
}

// Attack: find out from the time of an answer whether an environment has a tenant token, whether a rotation runs, or
// which of the two texts one has. Invariant: one digest and two comparisons for every credential of an agent.
func TestEveryAgentTakesTheSameWork(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	work := g.CountWork()
	putTenant(t, g.store, "prod", tenantText, "")
	putTenant(t, g.store, "rotating", tenantText, oldTenantText)
	good := g.issue(t, "dt0g02", nil).Secret.Reveal()
	for name, test := range map[string]struct {
		text, environment string
		queries           int // when cold
	}{
		"right":                  {tenantText, "prod", 1},
		"wrong":                  {oldTenantText, "prod", 1},
		"active of two":          {tenantText, "rotating", 1},
		"old of two":             {oldTenantText, "rotating", 1},
		"neither":                {tenantText[1:], "rotating", 1},
		"no tenant token":        {tenantText, "test", 1},
		"no such environment":    {tenantText, "no/environment", 0},
		"no text":                {"", "prod", 0},
		"too long":               {strings.Repeat("a", 200), "prod", 0},
		"ActiveGate":             {good, "prod", 1},
		"ActiveGate, one bit":    {good[:79] + flip(good[79]), "prod", 1},
		"ActiveGate, unknown":    {"dt0g02.ABCDEFGH." + secret64, "prod", 1},
		"ActiveGate, malformed":  {good[:79], "prod", 0},
		"API token of some kind": {"dt0c01." + public24 + "." + secret64, "prod", 0},
	} {
		g.ForgetAll()
		for _, queries := range []int{test.queries, 0} {
			clear(g.queries)
			*work = tokens.Work{}
			if _, _, err := g.VerifyAgent(t.Context(), test.text, bothKinds, test.environment, "", now); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tokens.Work{Digests: 1, Comparisons: 2}, *work); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			if g.queries["Token"]+g.queries["TenantToken"] != queries {
				t.Errorf("%s: queries %v, want %d", name, g.queries, queries)
			}
		}
	}
}

// fixedTenant answers with the same record whatever it is asked for.
type fixedTenant struct {
	tokens.Store
	answer tokens.TenantToken
}

func (f fixedTenant) TenantToken(context.Context, string) (tokens.TenantToken, error) {
	return f.answer, nil
}

// Attack: a store folds case, so that the token of one environment opens another; or a finished rotation left the digest
// of the old text behind. Invariant: a record other than the one asked for counts as none, as does one without a digest,
// and an old text is good only while a rotation runs.
func TestVerifyAgentDistrustsTheStore(t *testing.T) {
	digest := tokens.DigestOf(tenantText)
	for name, test := range map[string]struct {
		answer tokens.TenantToken
		want   tokens.Refusal
	}{
		"as it should be":   {tokens.TenantToken{Environment: "prod", ActiveDigest: digest}, ""},
		"other environment": {tokens.TenantToken{Environment: "PROD", ActiveDigest: digest}, tokens.Unknown},
		"no digest":         {tokens.TenantToken{Environment: "prod", Active: []byte("sealed")}, tokens.Unknown},
		"left behind": {
			tokens.TenantToken{Environment: "prod", ActiveDigest: tokens.DigestOf(oldTenantText), OldDigest: digest}, tokens.WrongSecret,
		},
	} {
		v := tokens.NewVerifier(tokens.VerifierConfig{Store: fixedTenant{&tokenstest.Memory{}, test.answer}, Formats: formats(t)})
		_, refusal, err := v.VerifyAgent(t.Context(), tenantText, bothKinds, "prod", "", now)
		if refusal != test.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", name, refusal, err, test.want)
		}
		_ = v.Close(t.Context())
	}
}

func TestVerifyAgentStoreFault(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{Store: &tokenstest.Memory{Before: func(context.Context, string) error { return errDown }}})
	for _, text := range []string{tenantText, "dt0g02.ABCDEFGH." + secret64} {
		p, refusal, err := g.VerifyAgent(t.Context(), text, bothKinds, "prod", "", now)
		if p != nil || refusal != "" || fault.KindOf(err) != fault.Unavailable || !errors.Is(err, errDown) {
			t.Errorf("%v, %q, %v", p, refusal, err)
		}
	}
}

// The use of an ActiveGate token is noted as that of every token; of a tenant token there is nothing to note it in.
func TestAgentUses(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{FlushEvery: time.Hour})
	putTenant(t, g.store, "prod", tenantText, "")
	minted := g.issue(t, "dt0g02", nil)
	g.agent(t, minted.Secret.Reveal(), bothKinds)
	tenant, _ := g.agent(t, tenantText, bothKinds)
	g.NoteScopes(tenant, g.ScopeGroup([]string{"orders.read"}), now)
	if err := g.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := [][]tokens.Use{{{ID: minted.ID, At: now, IP: "192.0.2.1"}}}
	if diff := cmp.Diff(want, g.store.Uses()); diff != "" {
		t.Errorf("uses (-want +got):\n%s", diff)
	}
	if g.queries["RecordScopeUses"] != 0 {
		t.Errorf("queries %v", g.queries)
	}
}

func TestVerifyAgentHitsDoNotAllocate(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	putTenant(t, g.store, "prod", tenantText, oldTenantText)
	activeGate := g.issue(t, "dt0g02", func(r *tokens.Record) { r.Networks = []string{"192.0.2.0/24"} }).Secret.Reveal()
	for name, text := range map[string]string{
		"tenant": tenantText, "old tenant": oldTenantText, "wrong": tenantText[1:], "ActiveGate": activeGate,
		"ActiveGate, unknown": "dt0g02.ABCDEFGH." + secret64, "malformed": "dt0g02.", "API token": "dt0c01." + public24 + "." + secret64,
	} {
		ctx := t.Context()
		g.agent(t, text, bothKinds)
		if n := testing.AllocsPerRun(100, func() { _, _, _ = g.VerifyAgent(ctx, text, bothKinds, "prod", "192.0.2.1", now) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// Invariant: without the tenant's text or a token's whole text nobody gets in, whatever the text looks like.
func FuzzVerifyAgent(f *testing.F) {
	g := newGate(f, tokens.VerifierConfig{FlushEvery: time.Hour})
	putTenant(f, g.store, "prod", tenantText, oldTenantText)
	minted, err := g.formats.Mint("dt0g02", rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	g.store.Put(tokens.Record{ID: minted.ID, Digest: minted.Digest, Environment: "prod", Enabled: true})
	for _, seed := range []string{tenantText, oldTenantText, "", "nobody", "dt0g02.", minted.Secret.Reveal(), "dt0g01.ABCDEFGH." + secret64} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, refusal, err := g.VerifyAgent(t.Context(), text, bothKinds, "prod", "", now)
		if err != nil || (p == nil) == (refusal == "") {
			t.Fatalf("%v, %q, %v", p, refusal, err)
		}
		if want := text == tenantText || text == oldTenantText || text == minted.Secret.Reveal(); want != (p != nil) {
			t.Fatalf("%q", refusal)
		}
	})
}
