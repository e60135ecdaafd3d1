package jwt_test

import (
	"crypto"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/jwt"
)

// Attack: invent a key identifier for every token while the issuer does not answer, so that requests wait for it, or what is
// remembered of the invented ones fills the memory. Invariants: the issuer is asked no oftener than in calm; nobody waits; the
// lists of refused tokens and absent keys stay within their bounds, and push out no good token.
func TestFloodOfUnknownKeysAtASlowIssuer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const refused = 500
		a := newAuthority(published("one", &ecKey.PublicKey))
		o := a.options()
		o.CacheEntries, o.RefuseEntries = 10, refused
		v := newVerifier(t, o, fetched())
		remembered := signed("one")
		expect(t, v, remembered, time.Now(), "")
		a.goSlow()
		before := v.Stats().Issuers[0].Refreshes
		claims := claiming(time.Now(), nil)
		junk := func([]byte) []byte { return make([]byte, 64) }
		for second := range 61 {
			instant(t, func() {
				for n := range 200 {
					expect(t, v, compact(headed(object{"kid": fmt.Sprint(second, n)}), claims, junk), time.Now(), jwt.UnknownKey)
				}
				expect(t, v, remembered, time.Now(), "")
				expect(t, v, signed("one"), time.Now(), "") // never seen, under a key that is known
			})
			time.Sleep(time.Second)
		}
		s := v.Stats()
		// The first attempt hangs for its 5 s, and those after a failure come after pauses that double.
		if asked := v.Stats().Issuers[0].Refreshes - before; asked < 1 || asked > 6 {
			t.Errorf("%d attempts in a minute", asked)
		}
		if s.CachedBad > refused || s.Cached > 10 {
			t.Errorf("%+v", s)
		}
	})
}

// Attack: send ever new tokens from one address, each of which costs a signature check. Invariant: what is not remembered of
// such an address is not looked at, and a good token there gets the answer of a forged one; what is remembered is as it was,
// and so is everything from elsewhere.
func TestThrottledTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var throttled atomic.Bool
		a := newAuthority(published("one", &ecKey.PublicKey))
		o := a.options()
		o.Admit = func(address string, _ time.Time) bool { return !throttled.Load() || address != "192.0.2.1" }
		v := newVerifier(t, o, fetched())
		forge := func([]byte) []byte { return make([]byte, 64) }
		verify := func(text, address string) tokens.Refusal {
			t.Helper()
			identity, refusal, err := v.VerifyFrom(t.Context(), text, address, time.Now())
			if err != nil || (identity != nil) != (refusal == "") {
				t.Errorf("%v, %q, %v", identity, refusal, err)
			}
			return refusal
		}
		remembered, forged := signed("one"), compact(headed(object{"kid": "one"}), claiming(time.Now(), nil), forge)
		verify(remembered, "192.0.2.1")
		throttled.Store(true)
		examined := v.Stats().Misses
		time.Sleep(time.Second) // other claims
		good := compact(headed(object{"kid": "one"}), claiming(time.Now(), object{"jti": "new"}), es(ecKey, crypto.SHA256))
		for name, test := range map[string]struct {
			text string
			want tokens.Refusal
		}{
			"remembered": {remembered, ""}, "good, never seen": {good, tokens.Throttled}, "forged": {forged, tokens.Throttled},
		} {
			if got := verify(test.text, "192.0.2.1"); got != test.want {
				t.Errorf("%s: %q, want %q", name, got, test.want)
			}
		}
		if n := v.Stats().Misses - examined; n != 0 {
			t.Errorf("%d were examined", n)
		}
		if got := verify(good, "192.0.2.2"); got != "" {
			t.Errorf("from another address: %q", got)
		}
		if got := verify(good, "192.0.2.1"); got != "" {
			t.Errorf("remembered since: %q", got)
		}
	})
}
