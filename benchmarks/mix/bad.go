package mix

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/doorward/doorward/benchmarks/load"
)

// RandomToken is the text of an access token that nobody was ever given: well-formed, so that only a look-up tells. The layout has no
// checksum.
func RandomToken(rng *rand.Rand) string {
	token := []byte("dt0c01.________________________.________________________________________________________________")
	fillLetters(rng, token[7:31])
	fillLetters(rng, token[32:])
	return string(token)
}

// fillLetters draws letters of base32, five bits each.
func fillLetters(rng *rand.Rand, text []byte) {
	var bits uint64
	for i := range text {
		if i%12 == 0 {
			bits = rng.Uint64()
		}
		text[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[bits&31]
		bits >>= 5
	}
}

// Strangers are tokens that nobody was given, another one each time.
func Strangers() Next {
	return func(rng *rand.Rand, _ int64) load.Request {
		return load.Request{Raw: Get(metricsPath, RandomToken(rng)), Name: "random"}
	}
}

// Stranger is one token that nobody was given, again and again.
func Stranger(seed uint64) Next {
	rng := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // nobody was given it, and nobody will be
	return Same("repeated", Get(metricsPath, RandomToken(rng)))
}

// NoCredential asks without any.
func NoCredential() Next { return Same("none", Get(metricsPath, "")) }

// UnknownKeys are JWTs of a trusted issuer by their words, signed with a key that the issuer never published, another one each time.
// They are in force for an hour from now.
func UnknownKeys(issuer, audience string, now time.Time) Next {
	claims := fmt.Appendf(nil, `{"iss":%q,"aud":%q,"sub":"nobody","email":"nobody@example.org","iat":%d,"exp":%d}`,
		issuer, audience, now.Unix(), now.Add(time.Hour).Unix())
	rest := "." + base64.RawURLEncoding.EncodeToString(claims) + "."
	return func(rng *rand.Rand, _ int64) load.Request {
		var random [72]byte // 8 of the key's name, 64 of the signature
		for i := range random {
			random[i] = byte(rng.Uint32())
		}
		header := fmt.Appendf(nil, `{"alg":"ES256","typ":"JWT","kid":"%s"}`, hex.EncodeToString(random[:8]))
		token := base64.RawURLEncoding.EncodeToString(header) + rest + base64.RawURLEncoding.EncodeToString(random[8:])
		return load.Request{Raw: Get(settingsPath+"?schemaIds=app:1", token), Name: "kid"}
	}
}
