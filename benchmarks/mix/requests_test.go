package mix

import (
	"bufio"
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/benchmarks/fill"
	"github.com/doorward/doorward/tokens"
)

func newRandom() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// What is sent is one whole request, which Go's own server reads to its end.
func TestRequestsAreWhole(t *testing.T) {
	token := fill.Token(1)
	raws := map[string][]byte{
		"get": Get(metricsPath, token), "no credential": Get(metricsPath, ""), "post": Post(ingestPath, token, []byte("x")), "large": LargeBody(token, 1<<20),
	}
	for name, next := range map[string]Next{
		"random": Strangers(), "repeated": Stranger(1), "kid": UnknownKeys("http://127.0.0.1:1", "a", time.Unix(1e9, 0)),
	} {
		raws[name] = next(newRandom(), 0).Raw
	}
	for name, raw := range raws {
		in := bufio.NewReader(bytes.NewReader(raw))
		r, err := http.ReadRequest(in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		n, err := io.Copy(io.Discard, r.Body)
		if rest, _ := io.ReadAll(in); err != nil || n != r.ContentLength || len(rest) > 0 {
			t.Errorf("%s: a body of %d bytes, %d of them there, and %d more (%v)", name, r.ContentLength, n, len(rest), err)
		}
		scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if want := map[string]string{"no credential": "", "kid": "Bearer"}; scheme != "Api-Token" && scheme != want[name] {
			t.Errorf("%s: scheme %q", name, scheme)
		}
	}
	if r, _ := http.ReadRequest(bufio.NewReader(bytes.NewReader(raws["large"]))); r.ContentLength != 1<<20 {
		t.Errorf("the large body has %d bytes", r.ContentLength)
	}
}

// Only a look-up tells that nobody was given them: one that is refused for its form would cost a gateway nothing.
func TestRandomTokensAreWellFormed(t *testing.T) {
	formats, err := tokens.NewFormats()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for rng := newRandom(); len(seen) < 1000; {
		token := RandomToken(rng)
		if seen[token] {
			t.Fatal("a token came twice")
		}
		seen[token] = true
		if _, err := formats.Parse(token); err != nil {
			t.Fatal(err)
		}
	}
	for k := range 100 {
		if _, err := formats.Parse(fill.Token(fill.Working(k))); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDistinctEachTime(t *testing.T) {
	for name, next := range map[string]Next{"random": Strangers(), "kid": UnknownKeys("http://127.0.0.1:1", "a", time.Unix(1e9, 0))} {
		rng := newRandom()
		if bytes.Equal(next(rng, 0).Raw, next(rng, 1).Raw) {
			t.Errorf("%s: the same request twice", name)
		}
	}
	if next := Stranger(7); !bytes.Equal(next(newRandom(), 0).Raw, next(newRandom(), 1).Raw) {
		t.Error("repeated: two different requests")
	}
}

// The share of each rank is what Zipf's law says.
func TestZipf(t *testing.T) {
	const n, s, draws = 10_000, zipfExponent, 1_000_000
	z, rng := newZipf(n, s), newRandom()
	counts := make([]int, n)
	for range draws {
		counts[z.draw(rng)]++
	}
	sum := 0.0
	for k := range n {
		sum += math.Pow(float64(k+1), -s)
	}
	for _, k := range []int{0, 1, 2, 9, 99} {
		want := draws * math.Pow(float64(k+1), -s) / sum
		if got := float64(counts[k]); math.Abs(got-want) > 6*math.Sqrt(want) {
			t.Errorf("rank %d: %v draws, want about %.0f", k, got, want)
		}
	}
	tail := 0
	for _, c := range counts[n/2:] {
		tail += c
	}
	if tail == 0 {
		t.Error("the less popular half was never drawn")
	}
	if got := newZipf(1, s).draw(rng); got != 0 {
		t.Errorf("of one: rank %d", got)
	}
}

func TestBlend(t *testing.T) {
	next := Blend(4, Same("rare", nil), Same("often", nil))
	var names []string
	for n := range int64(8) {
		names = append(names, next(nil, n).Name)
	}
	if got, want := strings.Join(names, " "), "often often often rare often often often rare"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
