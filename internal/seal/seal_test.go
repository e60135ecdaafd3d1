package seal_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/seal"
)

const purpose = "tenant token of prod"

var (
	oldKey = bytes.Repeat([]byte{1}, seal.KeySize)
	newKey = bytes.Repeat([]byte{2}, seal.KeySize)
	secret = []byte("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
)

func sealer(t testing.TB, keys ...[]byte) *seal.Sealer {
	t.Helper()
	s, err := seal.New(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestRoundTrip: whatever is sealed for a purpose opens for it and shows nothing of itself before.
func TestRoundTrip(t *testing.T) {
	s := sealer(t, oldKey)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOf(rapid.Byte()).Draw(t, "secret")
		purpose := rapid.String().Draw(t, "purpose")
		sealed := s.Seal(text, purpose)
		if got, err := s.Open(sealed, purpose); err != nil || !bytes.Equal(got, text) {
			t.Fatalf("opened as %q, %v", got, err)
		}
		if len(text) >= 8 && bytes.Contains(sealed, text) {
			t.Fatal("the sealed text shows the secret")
		}
		if bytes.Equal(sealed, s.Seal(text, purpose)) {
			t.Fatal("sealed twice alike: whoever reads the store sees which secrets are equal")
		}
	})
}

// Attack: somebody who can write to the store, but has no key, copies the sealed text of an environment whose secret they
// know to another environment. Fix: the purpose is authenticated with the text. Invariant: a sealed text opens for the
// purpose that it was sealed for, and for no other.
func TestSealedForSomethingElse(t *testing.T) {
	s := sealer(t, oldKey)
	rapid.Check(t, func(t *rapid.T) {
		one := rapid.String().Draw(t, "one")
		other := rapid.String().Filter(func(p string) bool { return p != one }).Draw(t, "other")
		if got, err := s.Open(s.Seal(secret, one), other); !errors.Is(err, seal.ErrDamaged) || got != nil {
			t.Fatalf("opened as %q, %v", got, err)
		}
	})
}

// Attack: a sealed text is changed in the store, to get another secret accepted or to learn from how it fails. Fix: every
// byte is under the authentication tag or decides which key is tried. Invariant: no changed, shortened or lengthened text
// opens.
func TestDamage(t *testing.T) {
	s := sealer(t, oldKey, newKey)
	sealed := s.Seal(secret, purpose)
	refused := func(name string, damaged []byte) {
		t.Helper()
		got, err := s.Open(damaged, purpose)
		if got != nil || !errors.Is(err, seal.ErrDamaged) && !errors.Is(err, seal.ErrKey) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for i := range sealed {
		for bit := range 8 {
			damaged := bytes.Clone(sealed)
			damaged[i] ^= 1 << bit
			refused("a flipped bit", damaged)
		}
		refused("cut off", sealed[:i])
		refused("without its beginning", sealed[i+1:])
	}
	refused("lengthened", append(bytes.Clone(sealed), 0))
}

func TestKeyChange(t *testing.T) {
	before := sealer(t, oldKey).Seal(secret, purpose)
	during := sealer(t, newKey, oldKey)
	if got, err := during.Open(before, purpose); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("sealed with the old key: %q, %v", got, err)
	}
	after := during.Seal(secret, purpose)
	if got, err := sealer(t, newKey).Open(after, purpose); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("sealed with the first of two keys: %q, %v", got, err)
	}
	if _, err := sealer(t, newKey).Open(before, purpose); !errors.Is(err, seal.ErrKey) {
		t.Errorf("with a key that is gone: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, keys := range map[string][][]byte{
		"no key": nil, "an empty one": {nil}, "a short one": {oldKey[1:]}, "a long one": {append(bytes.Clone(oldKey), 0)}, "a short second": {oldKey, oldKey[1:]},
	} {
		if s, err := seal.New(keys...); err == nil || s != nil {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}

func TestParseKey(t *testing.T) {
	text := seal.NewKey()
	k, err := seal.ParseKey("\n " + text + "\r\n")
	if err != nil || len(k) != seal.KeySize || text == seal.NewKey() {
		t.Errorf("%d bytes, %v", len(k), err)
	}
	for _, bad := range []string{"", "secret", text[1:], text + "AAAA", strings.TrimSuffix(text, "="), text[:20] + "\n" + text[20:] + "!", strings.Repeat("_", 43) + "="} {
		if _, err := seal.ParseKey(bad); err == nil || len(bad) > 5 && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// kept is secret as an earlier build sealed it with newKey.
const kept = "AU1uJSEaRVHYMAzKHVt3gjQW0FzUktGkiHt+9Mt46HtCEE190BhrIBSDHwruU9Lr1IIhUodsTrnPT+rMrncDTaw="

// TestKept: what stands in stores stays readable.
func TestKept(t *testing.T) {
	sealed, err := base64.StdEncoding.DecodeString(kept)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := sealer(t, newKey).Open(sealed, purpose); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("%q, %v", got, err)
	}
}

// FuzzOpen: no bytes make Open panic, and none open but those that were sealed.
func FuzzOpen(f *testing.F) {
	s := sealer(f, newKey, oldKey)
	sealed, _ := base64.StdEncoding.DecodeString(kept)
	for _, seed := range [][]byte{nil, {1}, {0}, sealed, sealed[:5], sealed[:17], sealed[:len(sealed)-1], append(bytes.Clone(sealed), 0)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := s.Open(text, purpose)
		if (err == nil) != bytes.Equal(text, sealed) || err == nil && !bytes.Equal(got, secret) {
			t.Fatalf("%q, %v", got, err)
		}
	})
}
