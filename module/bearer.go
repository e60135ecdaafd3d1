package module

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/jwt"
)

// bearer is who a JWT stands for.
type bearer struct {
	principal tokens.Principal
	identity  *jwt.Identity // shared between requests
	issuer    *Issuer
	own       ownToken // zero for a token of somebody else
	account   string   // that a token of the gateway is for; "" for one that is for environments only
}

const (
	kindJWT = "jwt"

	// jwtPrefix begins the identifier of every JWT. No identifier in the store has a colon.
	jwtPrefix = kindJWT + ":"

	// userSeparator stands between issuer and user. No issuer has one in its URL, so where the one ends is clear.
	userSeparator = "#"

	maxTokenName    = 128 // characters of jti that are shown as they are
	shownDigestSize = 16  // bytes
)

func newBearer(issuer *Issuer, identity *jwt.Identity, text, environment string) *bearer {
	return &bearer{
		principal: tokens.Principal{
			TokenID: jwtID(identity.ID, text), User: issuer.user(identity.User), Environment: environment,
			Kind: kindJWT, Class: tokens.ClassOAuth, Scopes: identity.Scopes, Expires: identity.Expires,
		},
		identity: identity,
		issuer:   issuer,
	}
}

// user keeps users of one name apart whom different issuers vouch for: policies and the upstream get to know them with
// their issuer.
func (i *Issuer) user(name string) string {
	if i.LocalUsers {
		return name
	}
	return i.URL + userSeparator + name
}

// jwtID names a token in logs and to the upstream: by its jti where that is a plain word, otherwise by a digest of what
// was signed. The signature is left out: it is the secret part, and can be written in several ways.
func jwtID(id, text string) string {
	if isTokenName(id) {
		return jwtPrefix + id
	}
	signed := text[:max(0, strings.LastIndexByte(text, '.'))]
	digest := sha256.Sum256([]byte(signed))
	return jwtPrefix + hex.EncodeToString(digest[:shownDigestSize])
}

// isTokenName leaves out the dot above all: with dots, an identifier might look like a token itself.
func isTokenName(id string) bool {
	if id == "" || len(id) > maxTokenName {
		return false
	}
	for i := range len(id) {
		if c := id[i]; c != ':' && (c == '.' || !hostByte(c)) {
			return false
		}
	}
	return true
}

// hasNoScopes reports a JWT that does not say which scopes it has, which is not the same as having none.
func (x *exchange) hasNoScopes() bool { return x.bearer != nil && !x.bearer.identity.HasScopes }

// subject is the user for policies. A user of an issuer has the groups that the token names; those of a local user of the
// same name only where the operator says that they are one. Of a user who is not local no domain is known: it would be
// the issuer's word for one of ours.
func (x *exchange) subject() (policyengine.Subject, error) {
	s := policyengine.Subject{User: x.principal.User}
	rules := x.h.gate.rules
	if x.bearer != nil {
		s.Groups = rules.groupsNamed(x.account(), x.bearer.identity.Groups)
		if !x.bearer.issuer.LocalUsers {
			return s, nil
		}
	}
	local, err := rules.groupsOf(x.r.Context(), s.User, x.now)
	if err != nil {
		return policyengine.Subject{}, err
	}
	_, s.UserDomain, _ = strings.Cut(s.User, "@")
	if len(s.Groups) == 0 {
		s.Groups = local
		return s, nil
	}
	s.Groups = distinct(slices.Concat(s.Groups, local))
	return s, nil
}

// distinct sorts texts and drops repetitions, in place.
func distinct(texts []string) []string {
	slices.Sort(texts)
	return slices.Compact(texts)
}
