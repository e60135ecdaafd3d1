package jwt_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/jwt"
)

// signed is a token of ecKey or ecKey2 that names its key, good for an hour.
func signed(kid string) string {
	private := ecKey
	if kid == "two" {
		private = ecKey2
	}
	in := time.Now().Add(time.Hour).Unix()
	return compact(headed(object{"kid": kid}), claiming(time.Now(), object{"exp": in}), es(private, crypto.SHA256))
}

func expectFault(t testing.TB, v *jwt.Verifier, text string) {
	t.Helper()
	if id, refusal, err := v.Verify(t.Context(), text, time.Now()); err == nil || fault.KindOf(err) != fault.Unavailable || id != nil || refusal != "" {
		t.Errorf("%v, refusal %q, %v; want a fault", id, refusal, err)
	}
}

func instant(t testing.TB, check func()) {
	t.Helper()
	began := time.Now()
	check()
	if took := time.Since(began); took != 0 {
		t.Errorf("a request waited for %s", took)
	}
}

// Attack: invent a key identifier for every token, so that each request has the issuer asked, which then refuses us or
// falls over. Invariant: one fetch in UnknownKeyInterval, whoever asks for what, and no request waits.
func TestFloodOfUnknownKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(published("one", &ecKey.PublicKey))
		v := newVerifier(t, a.options(), fetched())
		text := signed("one")
		expect(t, v, text, time.Now(), "")
		claims := claiming(time.Now(), nil)
		junk := func([]byte) []byte { return make([]byte, 64) }
		for second := range 91 {
			synctest.Wait()
			if most := int64(1 + second/30); a.fetches.Load() > most {
				t.Fatalf("%d fetches in %d s", a.fetches.Load(), second)
			}
			instant(t, func() {
				for n := range 200 {
					expect(t, v, compact(headed(object{"kid": fmt.Sprint(second, n)}), claims, junk), time.Now(), jwt.UnknownKey)
				}
				expect(t, v, text, time.Now(), "")
			})
			time.Sleep(time.Second)
		}
		if a.fetches.Load() != 4 {
			t.Errorf("%d fetches, want 4: the first, and those at 30, 60 and 90 s", a.fetches.Load())
		}
	})
}

// A client that keeps sending one token of a key that is gone has the keys fetched once, and not for ever.
func TestOneUnknownKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(published("one", &ecKey.PublicKey))
		v := newVerifier(t, a.options(), given(func(i *jwt.Issuer) { i.Keys, i.JWKS, i.RefreshEvery = nil, issuerURL+"/keys", 50*time.Minute }))
		text := signed("two")
		for range 115 {
			expect(t, v, text, time.Now(), jwt.UnknownKey)
			time.Sleep(time.Second)
		}
		if a.fetches.Load() != 2 {
			t.Errorf("%d fetches", a.fetches.Load())
		}
	})
}

func TestRotation(t *testing.T) {
	one, two := published("one", &ecKey.PublicKey), published("two", &ecKey2.PublicKey)
	renamed := published("one", &ecKey2.PublicKey)
	t.Run("overlap", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := newAuthority(one)
			v := newVerifier(t, a.options(), fetched())
			first := signed("one")
			expect(t, v, first, time.Now(), "")
			a.publish(one, two)
			time.Sleep(10*time.Minute + time.Second)
			instant(t, func() {
				expect(t, v, signed("two"), time.Now(), "")
				expect(t, v, first, time.Now(), "")
			})
			if a.fetches.Load() != 2 {
				t.Errorf("%d fetches", a.fetches.Load())
			}
		})
	})
	t.Run("no overlap", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := newAuthority(one)
			v := newVerifier(t, a.options(), fetched())
			first := signed("one")
			expect(t, v, first, time.Now(), "")
			a.publish(two)
			time.Sleep(5 * time.Second)
			second := signed("two")
			expect(t, v, second, time.Now(), jwt.UnknownKey)
			time.Sleep(26 * time.Second) // the interval since the last fetch
			expect(t, v, second, time.Now(), "")
			// Attack: use what was signed with a stolen key after the issuer has withdrawn it; the cache knows the token.
			expect(t, v, first, time.Now(), jwt.UnknownKey)
		})
	})
	t.Run("same name", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := newAuthority(one)
			v := newVerifier(t, a.options(), fetched())
			first := signed("one")
			expect(t, v, first, time.Now(), "")
			a.publish(renamed)
			second := compact(headed(nil), claiming(time.Now(), nil), es(ecKey2, crypto.SHA256))
			expect(t, v, second, time.Now(), jwt.BadSignature)
			time.Sleep(31 * time.Second)
			expect(t, v, second, time.Now(), "")
			expect(t, v, first, time.Now(), jwt.BadSignature)
		})
	})
	// heimdall once kept a key without keeping the check that it had to pass. Here the issuer withdraws the right to
	// use the key for this algorithm; the key stays.
	t.Run("same key, other rules", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := newAuthority(one, two)
			v := newVerifier(t, a.options(), fetched())
			first := signed("one")
			expect(t, v, first, time.Now(), "")
			forbidden := one
			forbidden.Use = "enc"
			a.publish(forbidden, two)
			time.Sleep(11 * time.Minute)
			expect(t, v, first, time.Now(), jwt.UnknownKey)
		})
	})
}

// Attack: keep an issuer from withdrawing a key by keeping us from reading its keys; or take it down to take us down.
// Invariant: the last good keys serve for StaleFor and not a moment longer, then there is a fault, and nothing else that
// the issuer may answer ever takes their place.
func TestIssuerInTrouble(t *testing.T) {
	for name, trouble := range map[string]func(*authority){
		"down":              (*authority).goDown,
		"slow":              (*authority).goSlow,
		"error":             func(a *authority) { a.say(http.StatusInternalServerError, `{"keys":[]}`) },
		"redirect":          func(a *authority) { a.say(http.StatusFound, a.answer) },
		"no content":        func(a *authority) { a.say(http.StatusNoContent, "") },
		"partial":           func(a *authority) { a.say(http.StatusPartialContent, a.answer) },
		"HTML":              func(a *authority) { a.say(0, "<html>") },
		"empty":             func(a *authority) { a.say(0, "") },
		"no keys":           func(a *authority) { a.say(0, `{"keys":[]}`) },
		"null":              func(a *authority) { a.say(0, `{"keys":null}`) },
		"a list":            func(a *authority) { a.say(0, `[]`) },
		"no usable key":     func(a *authority) { a.say(0, `{"keys":[{"kty":"oct","k":"AA"},{"kty":"new"},7]}`) },
		"off the curve":     func(a *authority) { a.say(0, `{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`) },
		"two texts":         func(a *authority) { a.say(0, a.answer+a.answer) },
		"cut off":           func(a *authority) { a.say(0, a.answer[:len(a.answer)-1]) },
		"a hundred and one": func(a *authority) { a.say(0, `{"keys":[0`+strings.Repeat(",0", 100)+`]}`) },
		"huge":              func(a *authority) { a.say(0, strings.Repeat(" ", 1<<20)+a.answer) },
		"deep":              func(a *authority) { a.say(0, strings.Repeat("[", 1<<20)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAuthority(published("one", &ecKey.PublicKey))
				healthy := a.answer
				var reports atomic.Uint64
				o := a.options()
				o.OnError = func(error) { reports.Add(1) }
				v := newVerifier(t, o, fetched())
				text := signed("one")
				expect(t, v, text, time.Now(), "")
				trouble(a)
				time.Sleep(time.Hour - time.Nanosecond)
				instant(t, func() {
					expect(t, v, text, time.Now(), "")
					expect(t, v, signed("one"), time.Now(), "")
					expect(t, v, signed("two"), time.Now(), jwt.UnknownKey)
				})
				time.Sleep(time.Nanosecond)
				instant(t, func() {
					expectFault(t, v, signed("one"))
					expectFault(t, v, text)
				})
				synctest.Wait()
				if s := v.Stats().Issuers[0]; reports.Load() < 50 || s.Faults < reports.Load() || s.Unavailable != 2 || s.Keys != 1 {
					t.Errorf("%d reports, %+v", reports.Load(), s)
				}
				a.say(0, healthy)
				time.Sleep(45 * time.Second)
				expect(t, v, signed("one"), time.Now(), "")
			})
		})
	}
}

func TestFirstFetch(t *testing.T) {
	t.Run("waited for", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := newAuthority(published("one", &ecKey.PublicKey))
			a.goSlow()
			v := newVerifier(t, a.options(), fetched())
			began := time.Now()
			expectFault(t, v, signed("one"))
			if took := time.Since(began); took != 5*time.Second {
				t.Errorf("waited %s, want the time of one fetch", took)
			}
			instant(t, func() { expectFault(t, v, signed("one")) })
			a.publish(published("one", &ecKey.PublicKey))
			time.Sleep(2 * time.Second)
			expect(t, v, signed("one"), time.Now(), "")
		})
	})
	t.Run("given up", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := newAuthority()
			a.goSlow()
			v := newVerifier(t, a.options(), fetched())
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, _, err := v.Verify(ctx, signed("one"), time.Now()); !errors.Is(err, context.DeadlineExceeded) || fault.KindOf(err) != fault.Unavailable {
				t.Errorf("%v", err)
			}
		})
	})
	t.Run("closed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := newAuthority()
			a.goSlow()
			v := newVerifier(t, a.options(), fetched())
			var waiting sync.WaitGroup
			waiting.Go(func() { expectFault(t, v, signed("one")) })
			synctest.Wait()
			instant(t, v.Close)
			waiting.Wait()
			instant(t, v.Close)
		})
	})
	t.Run("another issuer is down", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := newAuthority()
			a.goSlow()
			other := given(func(i *jwt.Issuer) { i.URL = "https://other.test" })
			v := newVerifier(t, a.options(), fetched(), other)
			instant(t, func() { expect(t, v, good(time.Now(), object{"iss": other.URL}), time.Now(), "") })
		})
	})
}

// Attack: use a token beyond its end because the cache has it, or because a clock is set back. Invariant: exp and nbf are
// read at every request by the wall clock of that request, exactly.
func TestTimeInCache(t *testing.T) {
	v := newVerifier(t, jwt.Options{}, given(nil))
	expires := now.Add(5 * time.Minute)
	text := good(now, object{"nbf": now.Add(-time.Minute).Unix()})
	for _, test := range []struct {
		at   time.Time
		want tokens.Refusal
	}{
		{now, ""}, {expires.Add(-time.Nanosecond), ""}, {expires, tokens.Expired}, {expires.Add(time.Hour), tokens.Expired},
		{expires.Add(-time.Nanosecond), ""}, {now.Add(-time.Minute), ""}, {now.Add(-time.Minute - time.Nanosecond), jwt.NotYetValid},
		{now.Add(-time.Hour), jwt.NotYetValid}, {now, ""},
	} {
		expect(t, v, text, test.at, test.want)
	}
	if s := v.Stats(); s.Misses != 1 || s.Hits != 8 {
		t.Errorf("%+v", s)
	}
	// What time alone refuses is not kept as refused.
	later := good(now.Add(time.Hour), object{"nbf": now.Add(time.Hour).Unix()})
	expect(t, v, later, now, jwt.NotYetValid)
	expect(t, v, later, now.Add(time.Hour), "")
}

// A clock that is set back by an hour makes no keys younger.
func TestClockSetBackDoesNotKeepKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(published("one", &ecKey.PublicKey))
		v := newVerifier(t, a.options(), fetched())
		text := good(time.Now().Add(-time.Hour), object{"exp": time.Now().Add(time.Hour).Unix()})
		expect(t, v, text, time.Now(), "")
		if _, refusal, err := v.Verify(t.Context(), text, time.Now().Add(-time.Hour)); err == nil {
			t.Errorf("%q", refusal)
		}
	})
}

// A bad token is looked at once in RefusedFor; new keys are a reason to look again at once.
func TestRefusalsAreKept(t *testing.T) {
	v := newVerifier(t, jwt.Options{RefuseEntries: 2, CacheEntries: 2}, given(nil))
	bad := compact(headed(nil), claiming(now, nil), es(ecKey2, crypto.SHA256))
	for range 5 {
		expect(t, v, bad, now, jwt.BadSignature)
	}
	expect(t, v, bad, now.Add(10*time.Second), jwt.BadSignature)
	expect(t, v, bad, now.Add(-10*time.Second), jwt.BadSignature)
	if s := v.Stats(); s.Misses != 3 || s.RefusedHits != 4 || s.Refused != 7 {
		t.Errorf("%+v", s)
	}
	if err := v.SetKeys(issuerURL, setOf(published("one", &ecKey2.PublicKey))); err != nil {
		t.Fatal(err)
	}
	expect(t, v, bad, now, "")
	// Both lists are bounded, each for itself.
	for n := range 5 {
		expect(t, v, compact(headed(nil), claiming(now, object{"jti": fmt.Sprint(n)}), es(ecKey, crypto.SHA256)), now, jwt.BadSignature)
	}
	if s := v.Stats(); s.Cached != 1 || s.CachedBad != 2 {
		t.Errorf("%+v", s)
	}
}

// Verifications, rotations and Stats at the same time; for the race detector. A token is never accepted under a key that
// was never published.
func TestConcurrency(t *testing.T) {
	a := newAuthority(published("one", &ecKey.PublicKey))
	static := given(func(i *jwt.Issuer) { i.URL = "https://own.test" })
	v := newVerifier(t, a.options(), fetched(), static)
	own, first, forged := good(now, object{"iss": static.URL}), good(now, object{"exp": now.Add(time.Hour).Unix()}), signed("two")
	var done sync.WaitGroup
	for range 4 {
		done.Go(func() {
			for range 200 {
				if _, refusal, err := v.Verify(t.Context(), own, now); err != nil || refusal != "" && refusal != jwt.UnknownKey {
					t.Errorf("%q, %v", refusal, err)
				}
				// The authority's keys are as old as the machine's clock says.
				if _, refusal, err := v.Verify(t.Context(), forged, time.Now()); err != nil || refusal != jwt.UnknownKey {
					t.Errorf("%q, %v", refusal, err)
				}
				_, _, _ = v.Verify(t.Context(), first, time.Now())
			}
		})
	}
	done.Go(func() {
		for i := range 100 {
			k := published([]string{"one", "two"}[i%2], &ecKey.PublicKey)
			if err := v.SetKeys(static.URL, setOf(k)); err != nil {
				t.Error(err)
			}
			_ = v.Stats()
		}
	})
	done.Wait()
}
