package session

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"

	"github.com/doorward/doorward/internal/rest"
)

const (
	kindJWT   = "jwt" // of a caller whose credential is a JWT
	ofUsers   = "user "
	ofTokens  = "token "
	shownLong = 200 // bytes of a name that is too long to be stored
)

// SubjectOf is who a caller is, for sessions: the user where it acts for one, and else the token. The word in front keeps a user
// who is called like a token apart from it.
func SubjectOf(c *rest.Caller) string {
	if c.User != "" && (c.ActsForUser || c.Kind == kindJWT) {
		return short(ofUsers, c.User)
	}
	return short(ofTokens, c.TokenID)
}

// ActorOf is who the audit trail names.
func ActorOf(c *rest.Caller) string {
	if c.Kind == kindJWT {
		return cmp.Or(c.User, c.TokenID)
	}
	return cmp.Or(c.TokenID, c.User)
}

// short is a name with a word in front. Of one that is too long the digest is a part, so that two that begin alike are two.
func short(word, name string) string {
	if len(word)+len(name) <= MaxText {
		return word + name
	}
	digest := sha256.Sum256([]byte(name))
	return bounded(word+name[:shownLong]) + "… sha256:" + hex.EncodeToString(digest[:])
}
