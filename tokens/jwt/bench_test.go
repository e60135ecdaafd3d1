package jwt_test

import (
	"crypto"
	"strconv"
	"testing"

	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/jwt"
)

// typical is a token as providers issue them: a dozen groups, a few scopes, about a kilobyte.
func typical(n int) string {
	groups := make([]string, 12)
	for i := range groups {
		groups[i] = "8f2c1b7e-4d2a-4a55-9c3e-00000000000" + strconv.Itoa(i)
	}
	return good(now, object{"groups": groups, "scope": "storage:logs:read storage:metrics:read", "jti": strconv.Itoa(n)})
}

func benchmark(b *testing.B, text string, want tokens.Refusal) {
	v, ctx := newVerifier(b, jwt.Options{}, given(nil)), b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, refusal, err := v.Verify(ctx, text, now); refusal != want || err != nil {
			b.Fatal(refusal, err)
		}
	}
}

func BenchmarkVerifyHit(b *testing.B) { benchmark(b, typical(0), "") }

func BenchmarkVerifyRefusedHit(b *testing.B) {
	benchmark(b, compact(headed(nil), claiming(now, nil), es(ecKey2, crypto.SHA256)), jwt.BadSignature)
}

func BenchmarkVerifyUntrusted(b *testing.B) {
	benchmark(b, good(now, object{"iss": "https://other.test"}), jwt.UntrustedIssuer)
}

func BenchmarkVerifyMiss(b *testing.B) {
	v, ctx := newVerifier(b, jwt.Options{CacheEntries: 1}, given(nil)), b.Context()
	texts := []string{typical(1), typical(2)} // each pushes the other out
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if _, refusal, err := v.Verify(ctx, texts[n%2], now); refusal != "" || err != nil {
			b.Fatal(refusal, err)
		}
	}
}

func BenchmarkVerifyHitParallel(b *testing.B) {
	v, ctx, text := newVerifier(b, jwt.Options{}, given(nil)), b.Context(), typical(0)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, refusal, err := v.Verify(ctx, text, now); refusal != "" || err != nil {
				b.Error(refusal, err)
			}
		}
	})
}

func TestHitsDoNotAllocate(t *testing.T) {
	v := newVerifier(t, jwt.Options{}, given(nil))
	for name, text := range map[string]string{
		"good": typical(0), "bad": compact(headed(nil), claiming(now, nil), es(ecKey2, crypto.SHA256)), "malformed": "x",
	} {
		ctx := t.Context()
		_, _, _ = v.Verify(ctx, text, now)
		if n := testing.AllocsPerRun(100, func() { _, _, _ = v.Verify(ctx, text, now) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
