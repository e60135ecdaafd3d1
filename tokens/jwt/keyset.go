package jwt

import (
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

const (
	maxKeys = 100
	// maxCandidates bounds the signature checks that one token can cause. Different keys may share an identifier, and a
	// token need not name any.
	maxCandidates = 4
)

// key is a public key under its issuer's own rules. It is immutable.
type key struct {
	id        string
	algorithm string // the only one that the issuer uses it with; "" when it does not say
	public    any    // *ecdsa.PublicKey, ed25519.PublicKey or *rsa.PublicKey
	print     string // RFC 7638 thumbprint, to know the key again in a later set
}

// serves reports whether the key may check a signature of this algorithm. It is asked at every use, of kept keys as well.
func (k *key) serves(algorithm string) bool {
	test, known := fits[algorithm]
	return known && (k.algorithm == "" || k.algorithm == algorithm) && test(k.public)
}

// keySet is what an issuer published at one time. It is immutable, so that its address says whether anything changed.
type keySet struct {
	keys   []*key
	digest [sha256.Size]byte // of the document
}

// candidates are the keys that may have made a signature. A token without a key's name is for any key that fits.
func (s *keySet) candidates(h header) []*key {
	var found []*key
	for _, k := range s.keys {
		if (h.keyID == "" || k.id == h.keyID) && k.serves(h.algorithm) {
			found = append(found, k)
		}
	}
	if len(found) > maxCandidates {
		return nil
	}
	return found
}

// holds reports whether the same key is in the set, still good for this algorithm.
func (s *keySet) holds(other *key, algorithm string) bool {
	return slices.ContainsFunc(s.keys, func(k *key) bool {
		return k.id == other.id && k.print == other.print && k.serves(algorithm)
	})
}

// parseKeySet reads a JWK set (RFC 7517 section 5). Keys that are not for us are left out, as the RFC wants it: for
// encryption, of an unknown type, too weak. A document without a single usable key is an error, so that it never takes
// the place of one that has some.
func parseKeySet(data []byte) (*keySet, error) {
	document, err := decodeObject(data, 20*maxClaims)
	if err != nil {
		return nil, err
	}
	entries, ok := document["keys"].([]any)
	if !ok || len(entries) > maxKeys {
		return nil, fmt.Errorf("the set has no list of at most %d keys", maxKeys)
	}
	set := &keySet{digest: sha256.Sum256(data)}
	unusable := errors.New("the list is empty")
	for _, entry := range entries {
		k, err := parseKey(entry)
		if err != nil {
			unusable = err
			continue
		}
		set.keys = append(set.keys, k)
	}
	if len(set.keys) == 0 {
		return nil, fmt.Errorf("the set has no usable key: %w", unusable)
	}
	return set, nil
}

func parseKey(entry any) (*key, error) {
	object, ok := entry.(map[string]any)
	if !ok {
		return nil, errNotJSON
	}
	if ops, has := object["key_ops"]; has && !isFor(ops, "verify") {
		return nil, errors.New("key_ops does not allow to verify")
	}
	// go-jose is given what was read here, so that both believe the same.
	data, err := json.Marshal(object)
	if err != nil {
		return nil, errNotJSON
	}
	var parsed jose.JSONWebKey
	if err := parsed.UnmarshalJSON(data); err != nil {
		return nil, errors.New("not a key of a known type") // the cause may have parts of a private key
	}
	return newKey(parsed)
}

func isFor(operations any, wanted string) bool {
	list, ok := operations.([]any)
	return ok && slices.Contains(list, any(wanted))
}

// newKey applies the rules that hold for every key, wherever it comes from.
func newKey(parsed jose.JSONWebKey) (*key, error) {
	k := &key{id: parsed.KeyID, algorithm: parsed.Algorithm, public: parsed.Key}
	switch {
	case !parsed.Valid() || !parsed.IsPublic():
		return nil, errors.New("not a public key") // nor a symmetric one
	case len(k.id) > maxKeyID:
		return nil, fmt.Errorf("kid is longer than %d bytes", maxKeyID)
	case parsed.Use != "" && parsed.Use != "sig":
		return nil, errors.New("use is not sig")
	case !slices.ContainsFunc(knownAlgorithms(), k.serves):
		return nil, errors.New("the key fits no algorithm, or not the one that it is for")
	}
	thumbprint, err := parsed.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, errors.New("the key has no thumbprint")
	}
	k.print = string(thumbprint)
	return k, nil
}

// staticKeys takes the operator's own keys. Here a key that cannot be used is a mistake, not a stranger's business.
func staticKeys(given *jose.JSONWebKeySet) (*keySet, error) {
	if len(given.Keys) == 0 || len(given.Keys) > maxKeys {
		return nil, fmt.Errorf("1 to %d keys are needed, not %d", maxKeys, len(given.Keys))
	}
	set := &keySet{}
	for i, parsed := range given.Keys {
		k, err := newKey(parsed)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		set.keys = append(set.keys, k)
	}
	return set, nil
}
