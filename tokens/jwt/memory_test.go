package jwt_test

import (
	"runtime"
	"strconv"
	"testing"

	"github.com/doorward/doorward/tokens/jwt"
)

// TestVerifiedTokensAreBoundedInBytes: tokens of a few kilobytes that take a hundred times as much once they are read.
//
// Attack: whoever may choose claims at a trusted issuer has many tokens made of nothing but small values, and uses each
// once. Fix: what is remembered is weighed by what it takes. Invariant: all of it together stays below a bound.
func TestVerifiedTokensAreBoundedInBytes(t *testing.T) {
	const sent, bound = 400, 96 << 20
	v := newVerifier(t, jwt.Options{}, given(nil))
	before := liveHeap()
	many := make([]any, 3500)
	for i := range many {
		many[i] = i % 10
	}
	for i := range sent {
		if _, refusal, err := v.Verify(t.Context(), good(now, object{"x": many, "jti": strconv.Itoa(i)}), now); refusal != "" || err != nil {
			t.Fatal(refusal, err)
		}
	}
	if cached := v.Stats().Cached; cached == sent || cached < sent/4 {
		t.Errorf("%d of %d tokens are remembered", cached, sent)
	}
	if grown := liveHeap() - before; grown > bound {
		t.Errorf("they take %d bytes", grown)
	}
}

func liveHeap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc) //nolint:gosec // far below 2^63
}
