package oauth2

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/doorward/doorward/internal/seal"
)

// signingKey is a key that was opened.
type signingKey struct {
	id        string
	signsFrom time.Time
	public    *ecdsa.PublicKey
	signer    jose.Signer
}

// accessToken is the media type of access tokens (RFC 9068 section 2.1), without "application/".
const accessToken = "at+jwt"

// purpose binds a sealed key to its identifier.
func purpose(id string) string { return "signing key " + id }

// makeKey makes a key pair. It does not take randomness from its caller: the standard library has its own for keys.
func makeKey(sealer *seal.Sealer, now, signsFrom time.Time) (SigningKey, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return SigningKey{}, err
	}
	id, err := thumbprint(&private.PublicKey)
	if err != nil {
		return SigningKey{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return SigningKey{}, err
	}
	return SigningKey{ID: id, Sealed: sealer.Seal(der, purpose(id)), Created: now, SignsFrom: signsFrom}, nil
}

// thumbprint is that of RFC 7638, with SHA-256.
func thumbprint(public *ecdsa.PublicKey) (string, error) {
	key := jose.JSONWebKey{Key: public}
	sum, err := key.Thumbprint(crypto.SHA256)
	return base64.RawURLEncoding.EncodeToString(sum), err
}

// openKey checks that what was sealed is the key that it is stored as.
func openKey(sealer *seal.Sealer, s SigningKey) (*signingKey, error) {
	der, err := sealer.Open(s.Sealed, purpose(s.ID))
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("what is sealed is not a private key") // the cause may have parts of it
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return nil, errors.New("the key is not one for ES256")
	}
	if id, err := thumbprint(&private.PublicKey); err != nil || id != s.ID {
		return nil, errors.New("the key has another identifier")
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: private, KeyID: s.ID}},
		(&jose.SignerOptions{}).WithType(accessToken),
	)
	if err != nil {
		return nil, err
	}
	return &signingKey{id: s.ID, signsFrom: s.SignsFrom, public: &private.PublicKey, signer: signer}, nil
}

// newKeyState writes down the public keys.
func newKeyState(keys []*signingKey) (*keyState, error) {
	state := &keyState{keys: keys, public: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}}
	for _, key := range keys {
		state.public.Keys = append(state.public.Keys, jose.JSONWebKey{
			Key: key.public, KeyID: key.id, Algorithm: string(jose.ES256), Use: "sig",
		})
	}
	var err error
	state.text, err = json.Marshal(state.public)
	return state, err
}
