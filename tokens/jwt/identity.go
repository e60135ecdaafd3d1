package jwt

import (
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/scope"
)

// Identity is who a genuine token stands for. It is shared between requests: nobody changes it. It holds no secret.
type Identity struct {
	Issuer  string // iss
	Subject string // sub, as the issuer writes it

	// User is the user claim in the one spelling of CanonicalUser. It does not say which issuer vouches for the user.
	User  string
	Email string // in the same spelling; "" where there is none, or where the issuer says that it is not verified

	Groups      []string  // sorted, without duplicates, in Unicode form NFC
	Scopes      scope.Set // what is no scope by scope.Valid is left out
	HasScopes   bool      // the token says which scopes it has, be it none
	Environment string    // "" unless Issuer.EnvironmentClaim is set
	Audience    []string  // aud, all of it

	ID       string    // jti; "" for none
	KeyID    string    // kid of the header; "" for none
	IssuedAt time.Time // zero: the token does not say
	Expires  time.Time // exp and the clock skew: the token is dead from this instant on

	// Claims is everything the token says, for attributes of policies. Numbers are json.Number. At most 4,096 values,
	// 16 deep.
	Claims map[string]any
}

const (
	maxSubject = 255 // bytes; OpenID Connect Core section 2 has the same bound
	maxList    = 1000
	maxEntry   = 256 // bytes of one group, audience or identifier
)

// identify reads the claims of a token whose signature is good.
func (i *Issuer) identify(h header, claims map[string]any) (*Identity, window, tokens.Refusal) {
	id := &Identity{Issuer: i.URL, KeyID: h.keyID, Claims: claims}
	var ok bool
	if id.Audience, ok = names(claims["aud"]); !ok || !i.isFor(id.Audience) {
		return nil, window{}, WrongAudience
	}
	if !forAccess(h, claims) {
		return nil, window{}, WrongUse
	}
	span, ok := i.readTimes(claims)
	if !ok || !i.readPerson(id, claims) || !i.readRights(id, claims) {
		return nil, window{}, BadClaim
	}
	id.IssuedAt, id.Expires = span.issued, span.expires
	return id, span, ""
}

func (i *Issuer) isFor(audience []string) bool {
	return slices.ContainsFunc(audience, func(name string) bool {
		begins := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
		return slices.Contains(i.Audiences, name) || slices.ContainsFunc(i.AudiencePrefixes, begins)
	})
}

// readPerson reads who is meant.
func (i *Issuer) readPerson(id *Identity, claims map[string]any) (ok bool) {
	if id.Subject, ok = text(claims, "sub", maxSubject); !ok || id.Subject == "" || !isPlain(id.Subject) {
		return false
	}
	if id.ID, ok = text(claims, "jti", maxEntry); !ok || !isPlain(id.ID) {
		return false
	}
	if i.EnvironmentClaim != "" {
		if id.Environment, ok = text(claims, i.EnvironmentClaim, maxEntry); !ok || id.Environment == "" {
			return false
		}
	}
	// An address that nobody has verified is whatever its owner typed.
	denied := !emailVerified(claims)
	if denied && (i.UserClaim == i.EmailClaim || i.UserClaim == "email") {
		return false
	}
	user, ok := text(claims, i.UserClaim, maxEntry)
	if !ok {
		return false
	}
	if id.User, ok = CanonicalUser(user); !ok {
		return false
	}
	if email, has := text(claims, i.EmailClaim, maxEntry); has && !denied {
		id.Email, _ = CanonicalUser(email)
	}
	return true
}

// emailVerified is true as well where the issuer does not say: many have no other addresses.
func emailVerified(claims map[string]any) bool {
	value, has := find(claims, "email_verified")
	return !has || value == true || value == "true"
}

// readRights reads groups and scopes. Groups are taken as a whole or not at all: a policy may DENY by group, and leaving
// one out would grant. Scopes only grant, so one that cannot be a scope is left out.
func (i *Issuer) readRights(id *Identity, claims map[string]any) bool {
	if elsewhere, ok := claims["_claim_names"].(map[string]any); ok && elsewhere[i.GroupsClaim] != nil {
		return false // the groups did not fit into the token, and are to be fetched (OpenID Connect Core section 5.6.2)
	}
	if value, has := find(claims, i.GroupsClaim); has {
		groups, ok := names(value)
		if !ok {
			return false
		}
		if id.Groups, ok = canonicalNames(groups); !ok {
			return false
		}
	}
	for _, claim := range i.ScopeClaims {
		if value, has := find(claims, claim); has {
			scopes, ok := scopeNames(value)
			id.Scopes, id.HasScopes = scope.NewSet(slices.DeleteFunc(scopes, isNoScope)...), true
			return ok
		}
	}
	return true
}

func isNoScope(name string) bool { return !scope.Valid(name) }

// scopeNames reads a list, or a string with spaces between the names (RFC 8693 section 4.2).
func scopeNames(value any) ([]string, bool) {
	if joined, ok := value.(string); ok {
		list := strings.Fields(joined)
		return list, len(list) <= maxList
	}
	return names(value)
}

// names reads a string, or a list of at most maxList strings, none of them empty or too long.
func names(value any) ([]string, bool) {
	if single, ok := value.(string); ok {
		return []string{single}, isName(single)
	}
	list, ok := value.([]any)
	if !ok || len(list) > maxList {
		return nil, false
	}
	found := make([]string, 0, len(list))
	for _, entry := range list {
		name, ok := entry.(string)
		if !ok || !isName(name) {
			return nil, false
		}
		found = append(found, name)
	}
	return found, true
}

func isName(s string) bool { return s != "" && len(s) <= maxEntry }

// text reads a string claim of at most longest bytes, "" where it is missing.
func text(claims map[string]any, name string, longest int) (string, bool) {
	value, has := find(claims, name)
	if !has {
		return "", true
	}
	s, ok := value.(string)
	return s, ok && len(s) <= longest
}
