package tokens_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/tokens"
)

// Property: whatever the random bytes and the lengths, a minted token is parsed as the same token, its digest is that of
// its secret, it consists of base32 characters, and it is masked.
func TestMintedTokensParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		custom := tokens.Format{
			Prefix: "shop01", Mintable: true,
			Public: []int{rapid.IntRange(8, 128).Draw(t, "public")}, Secret: rapid.IntRange(40, 128).Draw(t, "secret"),
		}
		fs, err := tokens.NewFormats(custom)
		if err != nil {
			t.Fatal(err)
		}
		prefix := rapid.SampledFrom([]string{"dt0c01", "dt0s16", "shop01"}).Draw(t, "prefix")
		random := rapid.SliceOfN(rapid.Byte(), 200, 200).Draw(t, "random")
		minted, err := fs.Mint(prefix, bytes.NewReader(random))
		if err != nil {
			t.Fatal(err)
		}
		text := minted.Secret.Reveal()
		p, err := fs.Parse(text)
		if err != nil || p.ID != minted.ID || !p.Digest().Equal(minted.Digest) {
			t.Fatalf("%s was parsed as %v, %v", minted.ID, p, err)
		}
		if !base32Token.MatchString(text) || tokens.Mask(text) != minted.ID+".***" {
			t.Fatalf("%s has a wrong layout", minted.ID)
		}
	})
}

var base32Token = regexp.MustCompile(`\A[a-z][a-z0-9]+\.[A-Z2-7]+\.[A-Z2-7]+\z`)

func TestMintUsesAllItsRandomness(t *testing.T) {
	fs := formats(t)
	random := make([]byte, 55) // 15 bytes for the public part, 40 for the secret
	seen := make(map[string]bool)
	for i := range random {
		for bit := range 8 {
			random[i] ^= 1 << bit
			minted, err := fs.Mint("dt0c01", bytes.NewReader(random))
			if err != nil {
				t.Fatal(err)
			}
			seen[minted.Secret.Reveal()] = true
			random[i] ^= 1 << bit
		}
	}
	if len(seen) != 55*8 {
		t.Errorf("%d of %d bits make a difference", len(seen), 55*8)
	}
}

func TestMintFailsWithItsSource(t *testing.T) {
	fs := formats(t)
	for _, n := range []int{0, 14, 15, 54} {
		if minted, err := fs.Mint("dt0c01", bytes.NewReader(make([]byte, n))); err == nil || minted.ID != "" {
			t.Errorf("%d random bytes were enough for %v", n, minted)
		}
	}
	for _, prefix := range []string{"dt0g01", "dt0s02", "nosuch", ""} {
		if _, err := fs.Mint(prefix, rand.Reader); !errors.Is(err, tokens.ErrNotMintable) {
			t.Errorf("Mint(%q): %v", prefix, err)
		}
	}
}

// The vendor documents one expression by which scanners and log filters find tokens.
func TestMintedTokensAreFoundByScanners(t *testing.T) {
	for _, prefix := range []string{"dt0c01", "dt0s16"} {
		minted, err := formats(t).Mint(prefix, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if text := minted.Secret.Reveal(); scannerShape.FindString("token="+text+";") != text {
			t.Errorf("%s is not found", minted.ID)
		}
	}
}

func TestMintLengths(t *testing.T) {
	minted, err := formats(t).Mint("dt0c01", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, secret, _ := strings.Cut(strings.TrimPrefix(minted.Secret.Reveal(), "dt0c01."), ".")
	if len(public) != 24 || len(secret) != 64 || minted.ID != "dt0c01."+public {
		t.Errorf("%d public and %d secret characters, identifier %s", len(public), len(secret), minted.ID)
	}
}
