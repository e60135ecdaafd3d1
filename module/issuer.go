package module

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/jwt"
)

// Issuer is somebody else who issues JWTs that are taken here, sent as `Bearer`: a company's login, or a cluster that
// gives its workloads identities. A token is checked against the keys that the issuer publishes. What its user may do
// is for policies to say, and for the token's scopes where it names any.
//
// A claim is named by its name; a name that begins with `/` is a JSON pointer into the claims: `/realm_access/roles`.
type Issuer struct {
	// The exact text of `iss`, to the last slash. Required.
	URL string `json:"url"`

	// A token is taken when its `aud` has at least one of these exactly. Required: without it, tokens that were made for
	// other services would be good here.
	Audiences []string `json:"audiences"`

	// Where the issuer publishes its keys: https, or http on this machine. Default: what
	// `<url>/.well-known/openid-configuration` says.
	JWKS string `json:"jwks,omitempty"`

	// Accepted signatures. Default: ES256, ES384, EdDSA, PS256, RS256.
	Algorithms []string `json:"algorithms,omitempty"`

	// Accepted values of `typ`; an empty one admits tokens without it. Default: `at+jwt` and `JWT`.
	Types []string `json:"types,omitempty"`

	// The claim that names the user. A token without it is refused. Default: `sub`.
	UserClaim string `json:"user_claim,omitempty"`

	// The claim with the user's address. Where it names the user too, a token is refused whose `email_verified` says no.
	// Default: `email`.
	EmailClaim string `json:"email_claim,omitempty"`

	// The claim with the user's groups, by which policies reach the user. Default: `groups`.
	GroupsClaim string `json:"groups_claim,omitempty"`

	// The claims with the token's scopes; the first that is there counts. Default: `scope`, `scp`.
	ScopeClaims []string `json:"scope_claims,omitempty"`

	// The claim with the one environment that a token is good for. A token without it is refused. Default: none.
	EnvironmentClaim string `json:"environment_claim,omitempty"`

	// The environments that tokens of this issuer are good for. Default: with an environment claim, what that says;
	// otherwise the app's environment.
	Environments []string `json:"environments,omitempty"`

	// The issuer's users are the users of this gateway: they have the groups of the user of the same name as well, and
	// policies know them by that name. Default: the user `alice` is `<url>#alice` and nobody else.
	LocalUsers bool `json:"local_users,omitempty"`

	// By how much the issuer's clock may differ. Default: 0. At most 1m.
	ClockSkew caddy.Duration `json:"clock_skew,omitempty"`

	// A token that is good for longer is refused. Default: 24h.
	MaxLifetime caddy.Duration `json:"max_lifetime,omitempty"`

	// Keys are fetched again after this time. Default: 10m.
	Refresh caddy.Duration `json:"refresh,omitempty"`

	// While the issuer is away, its keys serve until they are this old; then its tokens get 503. Default: 1h.
	StaleFor caddy.Duration `json:"stale_for,omitempty"`
}

// jwtIssuer is the part that concerns the token itself.
func (i *Issuer) jwtIssuer() jwt.Issuer {
	return jwt.Issuer{
		URL: i.URL, Audiences: i.Audiences, JWKS: i.JWKS, Algorithms: i.Algorithms, Types: i.Types,
		UserClaim: i.UserClaim, EmailClaim: i.EmailClaim, GroupsClaim: i.GroupsClaim, ScopeClaims: i.ScopeClaims,
		EnvironmentClaim: i.EnvironmentClaim,
		ClockSkew:        time.Duration(i.ClockSkew), MaxLifetime: time.Duration(i.MaxLifetime),
		RefreshEvery: time.Duration(i.Refresh), StaleFor: time.Duration(i.StaleFor),
	}
}

func (i *Issuer) check() error {
	if strings.Contains(i.URL, userSeparator) {
		return fmt.Errorf("issuer %q: expected a URL without %q", i.URL, userSeparator)
	}
	for _, name := range i.Environments {
		if err := checkEnvironmentName(name); err != nil {
			return fmt.Errorf("issuer %q: %w", i.URL, err)
		}
	}
	return i.jwtIssuer().Check()
}

// completeIssuers fills in the environment, the one default that depends on the app.
func completeIssuers(issuers []Issuer, environment string) []Issuer {
	completed := slices.Clone(issuers)
	for n := range completed {
		if i := &completed[n]; i.EnvironmentClaim == "" && len(i.Environments) == 0 {
			i.Environments = []string{environment}
		}
	}
	return completed
}

// issuers are those that a gate trusts. It keeps their keys, so it is shared and outlives reloads as the gate does.
type issuers struct {
	verifier *jwt.Verifier
	byURL    map[string]*Issuer
	own      *Issuer // of the gateway's own tokens; nil where it issues none
}

// newIssuers begins to fetch keys, and does not wait for them. It is nil where nobody is trusted, and no tokens are issued.
func newIssuers(config gateConfig, logger *zap.Logger) (*issuers, error) {
	trusted := config.Issuers
	if len(trusted) == 0 && config.keys.sealer == nil {
		return nil, nil
	}
	is := &issuers{byURL: make(map[string]*Issuer, len(trusted))}
	all := make([]jwt.Issuer, len(trusted))
	var errs []error
	for n := range trusted {
		i := &trusted[n]
		all[n], is.byURL[i.URL] = i.jwtIssuer(), i
		errs = append(errs, i.check())
	}
	if err := errors.Join(append(errs, checkPrefixes(config.TokenFormats))...); err != nil {
		return nil, err
	}
	if config.keys.sealer != nil {
		own, its := ownIssuer(config.OAuthIssuer)
		is.own, is.byURL[own.URL], all = own, own, append(all, its)
	}
	var err error
	is.verifier, err = jwt.NewVerifier(all, jwt.Options{
		Admit:   config.failures.admit,
		OnError: func(err error) { logger.Error("keys of issuers", zap.Error(err)) },
	})
	return is, err
}

// checkPrefixes refuses kinds of tokens that would be taken for JWTs, which begin with an encoded brace.
func checkPrefixes(formats []TokenFormat) error {
	for _, f := range formats {
		if jwt.Shaped(f.Prefix + ".AAAAAAAA.AAAAAAAA") {
			return fmt.Errorf("token format %q: tokens of issuers begin like that; expected another prefix", f.Prefix)
		}
	}
	return nil
}

func (is *issuers) close() {
	if is != nil {
		is.verifier.Close()
	}
}

// reads reports whether a credential is for issuers to judge. Without any it is not, and fails as any text does that is
// no token.
func (is *issuers) reads(c tokens.Credential) bool {
	return is != nil && c.Scheme == tokens.Bearer && jwt.Shaped(c.Text)
}

// verify reads a JWT for a request to environment at now. As in package tokens, a refusal is a verdict, and an error a
// fault: the keys of the issuer are not to be had.
func (is *issuers) verify(ctx context.Context, text, environment, clientIP string, now time.Time) (*bearer, tokens.Refusal, error) {
	identity, refusal, err := is.verifier.VerifyFrom(ctx, text, clientIP, now)
	if err != nil || refusal != "" || identity == nil {
		return nil, cmp.Or(refusal, tokens.Malformed), err
	}
	issuer := is.byURL[identity.Issuer]
	if issuer == nil {
		return nil, jwt.UntrustedIssuer, nil
	}
	if !issuer.isGoodFor(identity.Environment, environment) {
		return nil, tokens.WrongEnvironment, nil
	}
	return newBearer(issuer, identity, text, environment), "", nil
}

// isGoodFor asks both what the token says and what the operator does: an issuer that is trusted with one environment
// cannot give itself another.
func (i *Issuer) isGoodFor(claimed, environment string) bool {
	if i.EnvironmentClaim != "" && claimed != environment {
		return false
	}
	return len(i.Environments) == 0 || slices.Contains(i.Environments, environment)
}
