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
	"github.com/doorward/doorward/tokens/scope"
	"github.com/doorward/doorward/tokens/tokenstest"
)

const legacyText = "abcdefjhij1234567890"

// gate is a verifier before a store in memory that counts its queries.
type gate struct {
	*tokens.Verifier
	store   *tokenstest.Memory
	formats *tokens.Formats
	queries map[string]int
}

func newGate(t testing.TB, config tokens.VerifierConfig) *gate {
	t.Helper()
	g := &gate{formats: formats(t), queries: make(map[string]int)}
	if config.Store == nil {
		g.store = &tokenstest.Memory{Before: func(_ context.Context, method string) error { g.queries[method]++; return nil }}
		config.Store = g.store
	} else {
		g.store = config.Store.(*tokenstest.Memory)
	}
	config.Formats = g.formats
	g.Verifier = tokens.NewVerifier(config)
	t.Cleanup(func() { _ = g.Close(context.Background()) })
	return g
}

// issue mints a token and puts it into the store as edit leaves it.
func (g *gate) issue(t testing.TB, prefix string, edit func(*tokens.Record)) tokens.Minted {
	t.Helper()
	minted, err := g.formats.Mint(prefix, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r := tokens.Record{
		ID: minted.ID, Digest: minted.Digest, Name: "ci", Owner: "alice", Environment: "prod", Enabled: true,
		Scopes: []string{"orders.read", "orders.write"}, Created: now,
	}
	if edit != nil {
		edit(&r)
	}
	g.store.Put(r)
	return minted
}

func apiToken(text string) tokens.Credential {
	return tokens.Credential{Scheme: tokens.APIToken, Text: text}
}

// allOn takes personal tokens everywhere.
func allOn(string, time.Time) bool { return true }

// verify asks for environment "prod" at now, and expects no fault.
func (g *gate) verify(t testing.TB, c tokens.Credential) (*tokens.Principal, tokens.Refusal) {
	t.Helper()
	p, refusal, err := g.Verify(t.Context(), c, "prod", "192.0.2.1", now)
	if err != nil {
		t.Fatal(err)
	}
	if (p == nil) != (refusal != "") {
		t.Fatalf("principal %v with refusal %q", p, refusal)
	}
	return p, refusal
}

func TestVerifyAccepts(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{Personal: allOn})
	expires := now.Add(time.Millisecond)
	minted := g.issue(t, "dt0c01", func(r *tokens.Record) {
		r.Personal, r.Cluster, r.Administrator, r.Expires = true, true, true, expires
	})
	want := &tokens.Principal{
		TokenID: minted.ID, TokenName: "ci", User: "alice", Environment: "prod", Kind: "dt0c01", Cluster: true, Personal: true,
		Administrator: true, Scopes: scope.NewSet("orders.read", "orders.write"), Expires: expires,
	}
	for range 3 {
		p, refusal := g.verify(t, apiToken(minted.Secret.Reveal()))
		if diff := cmp.Diff(want, p, cmpopts.IgnoreUnexported(tokens.Principal{})); diff != "" {
			t.Errorf("refusal %q, principal (-want +got):\n%s", refusal, diff)
		}
	}
	if diff := cmp.Diff(map[string]int{"Token": 1}, g.queries); diff != "" {
		t.Errorf("queries (-want +got):\n%s", diff)
	}
}

func TestVerifyPlatformToken(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	minted := g.issue(t, "dt0s16", nil)
	for _, scheme := range []tokens.Scheme{tokens.Bearer, tokens.APIToken} {
		p, refusal := g.verify(t, tokens.Credential{Scheme: scheme, Text: minted.Secret.Reveal()})
		if refusal != "" || p.Class != tokens.ClassOAuth || p.Kind != "dt0s16" {
			t.Errorf("%v: %q, %+v", scheme, refusal, p)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	good := g.issue(t, "dt0c01", nil).Secret.Reveal()
	with := func(edit func(*tokens.Record)) tokens.Credential {
		return apiToken(g.issue(t, "dt0c01", edit).Secret.Reveal())
	}
	for name, test := range map[string]struct {
		credential tokens.Credential
		want       tokens.Refusal
	}{
		"empty":             {apiToken(""), tokens.Malformed},
		"cut":               {apiToken(good[:90]), tokens.Malformed},
		"very long":         {apiToken(strings.Repeat("a", 1<<20)), tokens.Malformed},
		"JWT":               {tokens.Credential{Scheme: tokens.Bearer, Text: "eyJh.eyJz.c2ln"}, tokens.Malformed},
		"unknown":           {apiToken("dt0c01." + public24 + "." + secret64), tokens.Unknown},
		"wrong secret":      {apiToken(good[:95] + flip(good[95])), tokens.WrongSecret},
		"Bearer":            {tokens.Credential{Scheme: tokens.Bearer, Text: good}, tokens.WrongScheme},
		"no scheme":         {tokens.Credential{Text: good}, tokens.WrongScheme},
		"OAuth2 client":     {tokens.Credential{Scheme: tokens.Bearer, Text: "dt0s02." + public24 + "." + secret64}, tokens.NotAccepted},
		"agent connection":  {apiToken("dt0a01.abc12345." + hex64), tokens.NotAccepted},
		"disabled":          {with(func(r *tokens.Record) { r.Enabled = false }), tokens.Disabled},
		"expired just now":  {with(func(r *tokens.Record) { r.Expires = now }), tokens.Expired},
		"expired long ago":  {with(func(r *tokens.Record) { r.Expires = now.Add(-time.Hour) }), tokens.Expired},
		"other environment": {with(func(r *tokens.Record) { r.Environment = "prod2" }), tokens.WrongEnvironment},
		"other case":        {with(func(r *tokens.Record) { r.Environment = "Prod" }), tokens.WrongEnvironment},
		"personal":          {with(func(r *tokens.Record) { r.Personal = true }), tokens.PersonalOff},
		"old format":        {apiToken(legacyText), tokens.LegacyOff},
		"old, as Bearer":    {tokens.Credential{Scheme: tokens.Bearer, Text: legacyText}, tokens.WrongScheme},
	} {
		t.Run(name, func(t *testing.T) {
			for _, state := range []string{"cold", "warm"} {
				if _, refusal := g.verify(t, test.credential); refusal != test.want {
					t.Errorf("%s: %q, want %q", state, refusal, test.want)
				}
			}
		})
	}
}

// flip is the same character with its lowest bit turned, or another one where that leaves the alphabet.
func flip(c byte) string {
	if next := c ^ 1; next >= 'A' && next <= 'Z' || next >= '0' && next <= '9' {
		return string(next)
	}
	return "M"
}

// Attack: guess which tokens, kinds and environments exist from how much work a refusal takes. Fix: whatever is wrong
// with a credential is found out by the same steps. Invariant: one digest and one comparison for every credential, the
// good one included, and no second query for anything that has been asked once.
func TestEveryRefusalTakesTheSameWork(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	work := g.CountWork()
	good := g.issue(t, "dt0c01", nil).Secret.Reveal()
	disabled := g.issue(t, "dt0c01", func(r *tokens.Record) { r.Enabled = false }).Secret.Reveal()
	for name, test := range map[string]struct {
		credential tokens.Credential
		queries    int // when cold
	}{
		"good":               {apiToken(good), 1},
		"one bit wrong":      {apiToken(good[:95] + flip(good[95])), 1},
		"unknown identifier": {apiToken("dt0c01." + public24 + "." + secret64), 1},
		"disabled":           {apiToken(disabled), 1},
		"malformed":          {apiToken(good[:95]), 0},
		"empty":              {apiToken(""), 0},
		"unknown kind":       {apiToken("dt0z99" + good[6:]), 0},
		"kind of no use":     {apiToken("dt0e01" + good[6:]), 0},
		"wrong scheme":       {tokens.Credential{Scheme: tokens.Bearer, Text: good}, 0},
		"old format":         {apiToken(legacyText), 0},
	} {
		g.ForgetAll()
		for _, queries := range []int{test.queries, 0} {
			clear(g.queries)
			*work = tokens.Work{}
			g.verify(t, test.credential)
			if diff := cmp.Diff(tokens.Work{Digests: 1, Comparisons: 1}, *work); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			if g.queries["Token"]+g.queries["LegacyToken"] != queries {
				t.Errorf("%s: queries %v, want %d", name, g.queries, queries)
			}
		}
	}
}

func TestVerifyOldFormat(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{Legacy: true})
	const id = "01234567-89ab-cdef-0123-456789abcdef"
	g.store.Put(tokens.Record{ID: id, Digest: tokens.DigestOf(legacyText), Legacy: true, Environment: "prod", Enabled: true})
	for range 2 {
		p, refusal := g.verify(t, apiToken(legacyText))
		if refusal != "" || p.TokenID != id || !p.Legacy || p.Kind != "legacy" {
			t.Fatalf("%q, %+v", refusal, p)
		}
	}
	if g.queries["LegacyToken"] != 1 {
		t.Errorf("queries %v", g.queries)
	}
	g.store.Put(tokens.Record{ID: id, Digest: tokens.DigestOf(legacyText), Legacy: true, Environment: "prod"})
	g.Forget(id)
	if _, refusal := g.verify(t, apiToken(legacyText)); refusal != tokens.Disabled {
		t.Errorf("after a change: %q", refusal)
	}
	if _, refusal := g.verify(t, tokens.Credential{Scheme: tokens.Bearer, Text: legacyText}); refusal != tokens.WrongScheme {
		t.Errorf("as Bearer: %q", refusal)
	}
}

// An old-format token that is imported while its text is remembered as unknown works at once.
func TestForgetOldFormatAbsence(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{Legacy: true})
	if _, refusal := g.verify(t, apiToken(legacyText)); refusal != tokens.Unknown {
		t.Fatalf("before: %q", refusal)
	}
	const id = "01234567-89ab-cdef-0123-456789abcdef"
	g.store.Put(tokens.Record{ID: id, Digest: tokens.DigestOf(legacyText), Legacy: true, Environment: "prod", Enabled: true})
	g.Forget(id)
	if _, refusal := g.verify(t, apiToken(legacyText)); refusal != "" {
		t.Errorf("after: %q", refusal)
	}
}

// Attack: an old-format text equals the secret part of a new token, or the other way round. Invariant: a record is used
// in its own format only.
func TestFormatsDoNotMix(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{Legacy: true})
	old := g.issue(t, "dt0c01", func(r *tokens.Record) { r.Legacy = true }).Secret.Reveal()
	if _, refusal := g.verify(t, apiToken(old)); refusal != tokens.Unknown {
		t.Errorf("a record of the old format, by identifier: %q", refusal)
	}
	if _, refusal := g.verify(t, apiToken(old[len(old)-64:])); refusal != "" {
		t.Errorf("a record of the old format, by digest: %q", refusal)
	}
	current := g.issue(t, "dt0c01", nil).Secret.Reveal()
	if _, refusal := g.verify(t, apiToken(current[len(current)-64:])); refusal != tokens.Unknown {
		t.Errorf("the bare secret of a new token: %q", refusal)
	}
}

// foldingStore answers for a token whose identifier differs in case, as a carelessly collated database would.
type foldingStore struct {
	tokens.Store
	answer tokens.Record
}

func (f foldingStore) Token(context.Context, string) (tokens.Record, error) { return f.answer, nil }

// Attack: a store folds case, so that a custom kind of token reaches another one's record. Invariant: a record other
// than the one asked for counts as none, even if the secret fits.
func TestVerifyIgnoresOtherRecord(t *testing.T) {
	fs := formats(t)
	minted, err := fs.Mint("dt0c01", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	answer := tokens.Record{ID: strings.ToLower(minted.ID), Digest: minted.Digest, Environment: "prod", Enabled: true}
	v := tokens.NewVerifier(tokens.VerifierConfig{Store: foldingStore{&tokenstest.Memory{}, answer}, Formats: fs})
	defer v.Close(t.Context())
	if _, refusal, err := v.Verify(t.Context(), apiToken(minted.Secret.Reveal()), "prod", "", now); refusal != tokens.Unknown || err != nil {
		t.Errorf("%q, %v", refusal, err)
	}
}

func TestStoreFaultIsUnavailable(t *testing.T) {
	broken := errors.New("disk on fire")
	store := &tokenstest.Memory{Before: func(context.Context, string) error { return broken }}
	g := newGate(t, tokens.VerifierConfig{Store: store})
	minted := g.issue(t, "dt0c01", nil)
	p, refusal, err := g.Verify(t.Context(), apiToken(minted.Secret.Reveal()), "prod", "", now)
	if p != nil || refusal != "" || fault.KindOf(err) != fault.Unavailable || !errors.Is(err, broken) {
		t.Errorf("%v, %q, %v", p, refusal, err)
	}
	if strings.Contains(fault.Public(err), "fire") {
		t.Error("the public reads the cause")
	}
	if s := g.Stats(); s.Faults != 1 || s.Queries != 1 || s.Misses != 1 {
		t.Errorf("%+v", s)
	}
}

// Attack: a flood of invented tokens pushes the real ones out of the cache, so that each real request costs a query.
// Invariant: absent identifiers have a list of their own, of bounded size.
func TestAbsentFloodLeavesCacheAlone(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{CacheEntries: 2, AbsentEntries: 3})
	genuine := []tokens.Minted{g.issue(t, "dt0c01", nil), g.issue(t, "dt0c01", nil)}
	for _, minted := range genuine {
		g.verify(t, apiToken(minted.Secret.Reveal()))
	}
	for range 100 {
		invented, err := g.formats.Mint("dt0c01", rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if _, refusal := g.verify(t, apiToken(invented.Secret.Reveal())); refusal != tokens.Unknown {
			t.Fatalf("invented: %q", refusal)
		}
	}
	clear(g.queries)
	for _, minted := range genuine {
		g.verify(t, apiToken(minted.Secret.Reveal()))
	}
	if s := g.Stats(); len(g.queries) != 0 || s.Cached != 2 || s.Absent != 3 {
		t.Errorf("queries %v, %+v", g.queries, s)
	}
}

func TestVerifyHitsDoNotAllocate(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{Legacy: true})
	g.store.Put(tokens.Record{ID: "old", Digest: tokens.DigestOf(legacyText), Legacy: true, Environment: "prod", Enabled: true})
	good := g.issue(t, "dt0c01", nil).Secret.Reveal()
	for name, text := range map[string]string{
		"good": good, "wrong secret": good[:95] + flip(good[95]), "absent": "dt0c01." + public24 + "." + secret64,
		"malformed": good[:95], "not accepted": "dt0e01" + good[6:], "old format": legacyText,
	} {
		c, ctx := apiToken(text), t.Context()
		g.verify(t, c)
		if n := testing.AllocsPerRun(100, func() { _, _, _ = g.Verify(ctx, c, "prod", "192.0.2.1", now) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
