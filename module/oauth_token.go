package module

import (
	"errors"
	"strings"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/jwt"
	"github.com/doorward/doorward/tokens/oauth2"
)

// ownToken is what revocations are asked about. The zero ownToken stands for a credential that was not issued here.
type ownToken struct {
	id, client string // jti and client_id
	issued     time.Time
}

func (t ownToken) isOwn() bool { return t.client != "" }

var (
	errNoRevocations = errors.New("the revocations of access tokens were not read lately")
	errNoSigningKeys = errors.New("the keys of access tokens could not be read")
)

// vouches asks whether a genuine token is still good. An error says that it cannot be told, and refuses with 503.
func (a *authority) vouches(t ownToken, now time.Time) (bool, error) {
	if a == nil || a.revoked.Stale(now) {
		return false, fault.New(fault.Unavailable, "Credentials cannot be checked at the moment.", errNoRevocations)
	}
	if a.keys.Current(now) == "" {
		return false, fault.New(fault.Unavailable, "Credentials cannot be checked at the moment.", errNoSigningKeys)
	}
	return !a.revoked.Revoked(t.id, t.client, t.issued, now), nil
}

// admitOwn judges what only tokens of the gateway itself have: they can be taken back, and each is for an account or for
// environments. Issuers have found the token genuine before.
func (x *exchange) admitOwn(b *bearer) (tokens.Refusal, error) {
	id := b.identity
	client, _ := id.Claims["client_id"].(string)
	own := ownToken{id.ID, client, id.IssuedAt}
	good, err := x.h.gate.authority.vouches(own, x.now)
	if err != nil {
		return "", err
	}
	if !good {
		return jwt.Revoked, nil
	}
	account, ok := x.reach(id)
	if !ok {
		return tokens.WrongEnvironment, nil
	}
	b.own, b.account = own, account
	return "", nil
}

// reach finds out whether a token is for this request, and the account that it is for. That is empty for a token that is for
// this environment only: it administers no account.
//
// A token of another account than the environment's is let through to the API of accounts alone, which stands in no
// environment: a client of any account finds it at every address of the gateway.
func (x *exchange) reach(id *jwt.Identity) (account string, ok bool) {
	account, _ = x.h.accounts.AccountOf(x.environment)
	switch {
	case isFor(id, oauth2.AccountURN, account):
		return account, true
	case isFor(id, oauth2.EnvironmentURN, x.environment):
		return "", true
	case !x.isAboutAccounts():
		return "", false
	}
	for _, audience := range id.Audience {
		if account, cut := strings.CutPrefix(audience, oauth2.AccountURN); cut && x.h.accounts.has(account) {
			return account, true
		}
	}
	return "", false
}

func isFor(id *jwt.Identity, urn, name string) bool {
	for _, audience := range id.Audience {
		if rest, cut := strings.CutPrefix(audience, urn); cut && rest == name {
			return true
		}
	}
	return false
}

// accountAPI is the group of Doorward's own rows that are about accounts.
const accountAPI = "account"

// isAboutAccounts reports whether the request is for Doorward's own API of accounts. An upstream's API of the same paths
// is not meant: it would be told an environment of one account and a user of another.
func (x *exchange) isAboutAccounts() bool {
	if x.h.api == nil {
		return false
	}
	e := x.h.table.Match(x.r.Method, x.endpointURI, &x.params)
	return e != nil && x.h.rows[e].own && e.API == accountAPI
}

// judgedIn is where policies are asked: the account of the environment, or that of the token where it is another. There no
// environment counts, as it would be somebody else's.
func (x *exchange) judgedIn() (account, environment string) {
	account, _ = x.h.accounts.AccountOf(x.environment)
	if b := x.bearer; b != nil && b.account != "" && b.account != account {
		return b.account, ""
	}
	return account, x.environment
}

// account is the one that policies are asked in.
func (x *exchange) account() string {
	account, _ := x.judgedIn()
	return account
}

// administers is the account that the caller may administer, "" for none.
func (x *exchange) administers() string {
	if b := x.bearer; b != nil && b.own.isOwn() {
		return b.account
	}
	return x.account()
}
