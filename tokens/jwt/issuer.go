package jwt

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/doorward/doorward/tokens"
)

// Issuer is what is said about one issuer of tokens. The zero value of each field but URL and the audiences means
// its default. A claim is named by its name; a name that begins with "/" is a JSON pointer (RFC 6901) into the claims:
// "/realm_access/roles".
type Issuer struct {
	URL       string   // the exact text of iss, to the last slash
	Audiences []string // a token is for us when its aud has at least one of these exactly
	// AudiencePrefixes admit audiences that begin like this as well. What follows is for the caller to judge. One of
	// Audiences and AudiencePrefixes is required.
	AudiencePrefixes []string

	JWKS string              // where the keys are published; default: what URL/.well-known/openid-configuration says
	Keys *jose.JSONWebKeySet // the keys themselves, instead of JWKS: nothing is fetched, and they never grow stale
	// KeysLater: the keys are given by Verifier.SetKeys, instead of Keys. Until then there is a fault for each token.
	KeysLater bool

	Algorithms []string // accepted alg; default ES256, ES384, EdDSA, PS256, RS256; never "none" or a symmetric one
	Types      []string // accepted typ, without "application/", in any case; default at+jwt, JWT; "" admits tokens without typ

	UserClaim        string   // default sub; a token without it is refused
	EmailClaim       string   // default email; not believed where the claim email_verified says no
	GroupsClaim      string   // default groups; a string or a list of strings
	ScopeClaims      []string // default scope, scp: the first that is there counts; a string with spaces or a list
	EnvironmentClaim string   // default none; where it is set, a token without it is refused

	ClockSkew   time.Duration // by how much the issuer's clock may differ; default 0, at most 1 min
	MaxLifetime time.Duration // from iat (where missing: from now) to exp; default 24 h

	RefreshEvery       time.Duration // keys are fetched again after this, ± 10 %; default 10 min
	UnknownKeyInterval time.Duration // an unknown key has them fetched at once, but no oftener than this; default 30 s
	StaleFor           time.Duration // keys serve until they are this old when they cannot be fetched; default 1 h
	FetchTimeout       time.Duration // for one fetch with all that belongs to it; default 5 s
}

const (
	maxClockSkew = time.Minute
	minInterval  = time.Second // a shorter one would be an attack on the issuer
)

// completed checks an issuer and fills in its defaults. The result shares nothing with the original.
func (i Issuer) completed() (*Issuer, error) {
	i.Algorithms = orDefault(i.Algorithms, defaultAlgorithms)
	i.Types = orDefault(i.Types, []string{"at+jwt", "jwt"})
	for n, name := range i.Types {
		i.Types[n] = mediaType(name)
	}
	i.Audiences, i.AudiencePrefixes = slices.Clone(i.Audiences), slices.Clone(i.AudiencePrefixes)
	i.ScopeClaims = orDefault(i.ScopeClaims, []string{"scope", "scp"})
	i.UserClaim = cmp.Or(i.UserClaim, "sub")
	i.EmailClaim = cmp.Or(i.EmailClaim, "email")
	i.GroupsClaim = cmp.Or(i.GroupsClaim, "groups")
	i.MaxLifetime = cmp.Or(i.MaxLifetime, 24*time.Hour)
	i.RefreshEvery = cmp.Or(i.RefreshEvery, 10*time.Minute)
	i.UnknownKeyInterval = cmp.Or(i.UnknownKeyInterval, 30*time.Second)
	i.StaleFor = cmp.Or(i.StaleFor, time.Hour)
	i.FetchTimeout = cmp.Or(i.FetchTimeout, 5*time.Second)
	if err := errors.Join(i.checkNames(), i.checkTimes(), i.checkPlace()); err != nil {
		return nil, fmt.Errorf("issuer %.200q: %w", i.URL, err)
	}
	return &i, nil
}

func orDefault(given, otherwise []string) []string {
	if len(given) == 0 {
		return slices.Clone(otherwise)
	}
	return slices.Clone(given)
}

// checkNames refuses above all an issuer without an audience: its tokens for every other service would be good here.
func (i *Issuer) checkNames() error {
	var errs []error
	if i.URL == "" {
		errs = append(errs, errors.New("an issuer needs the URL that its tokens have as iss"))
	}
	missing := len(i.Audiences) == 0 && len(i.AudiencePrefixes) == 0
	if missing || slices.Contains(i.Audiences, "") || slices.Contains(i.AudiencePrefixes, "") {
		errs = append(errs, errors.New("an audience is required: without one, tokens meant for other services would be accepted"))
	}
	for _, name := range i.Algorithms {
		if _, known := fits[name]; !known {
			errs = append(errs, fmt.Errorf("algorithm %.40q is not one of %s", name, strings.Join(knownAlgorithms(), ", ")))
		}
	}
	return errors.Join(errs...)
}

func (i *Issuer) checkTimes() error {
	switch {
	case i.ClockSkew < 0 || i.ClockSkew > maxClockSkew:
		return fmt.Errorf("a clock skew of %s is not between 0 and %s", i.ClockSkew, maxClockSkew)
	case i.MaxLifetime < 0:
		return errors.New("the longest lifetime of a token cannot be negative")
	case min(i.RefreshEvery, i.UnknownKeyInterval, i.FetchTimeout) < minInterval:
		return fmt.Errorf("keys are fetched no oftener than every %s, with no less time for it", minInterval)
	case i.StaleFor <= i.RefreshEvery+i.RefreshEvery/10:
		return fmt.Errorf("keys that serve for %s would be too old before they are fetched again after %s", i.StaleFor, i.RefreshEvery)
	}
	return nil
}

// checkPlace looks at where the keys come from.
func (i *Issuer) checkPlace() error {
	switch {
	case (i.Keys != nil || i.KeysLater) && i.JWKS != "":
		return errors.New("keys are either given or fetched from a URL, not both")
	case i.Keys != nil && i.KeysLater:
		return errors.New("keys are either given now or later, not both")
	case i.Keys != nil || i.KeysLater:
		return nil
	case i.JWKS != "":
		return CheckURL(i.JWKS)
	}
	if strings.Contains(i.URL, "?") {
		return errors.New("keys cannot be discovered at a URL with a query: name the URL of the keys")
	}
	return CheckURL(i.URL)
}

// judgeHeader holds a header against what the operator accepts from this issuer.
func (i *Issuer) judgeHeader(h header) tokens.Refusal {
	switch {
	case !slices.Contains(i.Types, h.mediaType):
		return WrongType
	case !slices.Contains(i.Algorithms, h.algorithm):
		return WrongAlgorithm
	}
	return ""
}
