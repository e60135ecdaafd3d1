package tokens_test

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/tokenstest"
)

// inventingStore has every token that anybody asks for. Like a database it makes each record anew, so that none of it is
// shared with another.
type inventingStore struct {
	tokenstest.Memory
	digest tokens.Digest
}

func (s *inventingStore) Token(_ context.Context, id string) (tokens.Record, error) {
	r := tokens.Record{
		ID: strings.Clone(id), Digest: s.digest, Name: strings.Clone("ci-0c3f2a pipeline"), Owner: strings.Clone("owner-117@example.org"),
		Environment: strings.Clone("abc12345"), Enabled: true, Created: now,
	}
	err := json.Unmarshal([]byte(`["entities.read","logs.read","metrics.ingest","metrics.read"]`), &r.Scopes)
	return r, err
}

// bytesPerToken lets n different tokens with four scopes through, and says what the verifier then takes for each.
func bytesPerToken(tb testing.TB, n int) int64 {
	tb.Helper()
	v := tokens.NewVerifier(tokens.VerifierConfig{Store: &inventingStore{digest: tokens.DigestOf(secret64)}, Formats: formats(tb)})
	defer func() { _ = v.Close(context.Background()) }()
	before := liveHeap()
	for i := range n {
		// The credential is of the request, and gone with it.
		c := apiToken(fmt.Sprintf("dt0c01.%s.%s", serial(i), secret64))
		if _, refusal, err := v.Verify(tb.Context(), c, "abc12345", "192.0.2.1", now); refusal != "" || err != nil {
			tb.Fatal(refusal, err)
		}
	}
	// What waits to be written about their use is bounded by itself, and no part of the cache.
	if err := v.Flush(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	grown := liveHeap() - before
	if cached := v.Stats().Cached; cached != n {
		tb.Fatalf("%d tokens are remembered, want %d", cached, n)
	}
	return grown / int64(n)
}

// serial is the public part of token number n.
func serial(n int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	id := []byte(strings.Repeat("A", 24))
	for i := len(id) - 1; n > 0; i-- {
		id[i] = letters[n%32]
		n /= 32
	}
	return string(id)
}

// liveHeap collects twice: what a finaliser or a pool held on to is gone the second time.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc) //nolint:gosec // far below 2^63
}

// TestMemoryOfATokenIsBounded: 100,000 tokens that are remembered are to fit into 100 MiB.
func TestMemoryOfATokenIsBounded(t *testing.T) {
	if each := bytesPerToken(t, 10_000); each > 1<<10 {
		t.Errorf("a remembered token takes %d bytes, want 1024 at most", each)
	} else {
		t.Logf("a remembered token takes %d bytes", each)
	}
}

// BenchmarkRememberedToken: what a remembered token takes. The time is that of filling the cache.
func BenchmarkRememberedToken(b *testing.B) {
	var each int64
	for b.Loop() {
		each = bytesPerToken(b, 20_000)
	}
	b.ReportMetric(float64(each), "B/token")
}
