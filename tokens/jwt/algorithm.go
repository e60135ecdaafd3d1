package jwt

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"maps"
	"slices"
)

// minRSABits follows RFC 7518 section 3.3.
const minRSABits = 2048

// fits has every algorithm there is for an issuer, with the test whether a key is of its type and curve. Only those with a
// public key are in it: a symmetric algorithm would take the public key, which everybody knows, for the secret.
var fits = map[string]func(key any) bool{
	"ES256": onCurve(elliptic.P256()),
	"ES384": onCurve(elliptic.P384()),
	"ES512": onCurve(elliptic.P521()),
	"EdDSA": isEd25519,
	"PS256": isRSA, "PS384": isRSA, "PS512": isRSA,
	"RS256": isRSA, "RS384": isRSA, "RS512": isRSA,
}

var defaultAlgorithms = []string{"ES256", "ES384", "EdDSA", "PS256", "RS256"}

func knownAlgorithms() []string { return slices.Sorted(maps.Keys(fits)) }

func onCurve(curve elliptic.Curve) func(any) bool {
	return func(key any) bool {
		public, ok := key.(*ecdsa.PublicKey)
		return ok && public.Curve == curve
	}
}

func isEd25519(key any) bool {
	public, ok := key.(ed25519.PublicKey)
	return ok && len(public) == ed25519.PublicKeySize
}

func isRSA(key any) bool {
	public, ok := key.(*rsa.PublicKey)
	return ok && public.N.BitLen() >= minRSABits && public.E >= 3 && public.E&1 == 1
}
