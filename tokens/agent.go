package tokens

import (
	"context"
	"errors"
	"time"
)

// AgentKinds are the credentials of agents that a site takes; the zero AgentKinds takes none.
type AgentKinds struct {
	TenantToken     bool // the environment's secret, which all its agents share
	ActiveGateToken bool // "dt0g02.…" and the older "dt0g01.…", one for each ActiveGate
}

// kindActiveGateOlder is the prefix of ActiveGate tokens that are no longer made.
const kindActiveGateOlder = "dt0g01"

// maxTenantText bounds a tenant token in bytes; those that are made here have 32.
const maxTenantText = 128

// VerifyAgent is Verify for the credential of an agent, which is not sent as an API token and gives no access to an API:
// its principal holds no scopes. The text tells the kind: what begins as an ActiveGate token is never taken for a tenant
// token, nor the other way round.
//
// A credential from the cache costs no query and no allocation, whether it is right or wrong.
func (v *Verifier) VerifyAgent(ctx context.Context, text string, kinds AgentKinds, environment, clientIP string, now time.Time) (*Principal, Refusal, error) {
	claim, isTenant := v.readAgent(text, kinds)
	at, k := v.tokens, key{id: claim.id}
	if isTenant {
		at, k = v.tenants, key{id: environment}
		if claim.refusal == "" && !validEnvironment(environment) {
			claim.refusal = Unknown // no store has it, and a long name would fill the cache
		}
	}
	digest := v.digest(claim.secret)
	found, refusal, err := at.look(ctx, claim, k, digest, clientIP, now)
	if err != nil {
		return nil, "", err
	}
	old := &nobody.digest
	if found.old != nil {
		old = found.old
	}
	// Both are compared, whatever the first says and whether or not there is a second, so that the time says neither which
	// of the two it was nor that a rotation runs.
	same, sameOld := v.equal(digest, found.digest), v.equal(digest, *old)
	return v.conclude(found, refusal, same || sameOld && found.old != nil, environment, clientIP, now)
}

// readAgent is read for the credential of an agent.
func (v *Verifier) readAgent(text string, kinds AgentKinds) (c claim, isTenant bool) {
	id, secret, _, err := v.config.Formats.split(text)
	switch {
	case looksLikeActiveGate(text):
		if err != nil {
			return claim{secret: text[:min(len(text), 64)], refusal: Malformed}, false
		}
		c = claim{id: id, secret: secret}
		if !kinds.ActiveGateToken {
			c.refusal = NotAccepted
		}
		return c, false
	case err == nil: // an API token went astray
		return claim{id: id, secret: secret, refusal: NotAccepted}, false
	case !tenantShape(text):
		return claim{secret: text[:min(len(text), 64)], refusal: Malformed}, true
	}
	c = claim{secret: text}
	if !kinds.TenantToken {
		c.refusal = NotAccepted
	}
	return c, true
}

func looksLikeActiveGate(text string) bool {
	kind := kindOf(text)
	return kind == KindActiveGate || kind == kindActiveGateOlder
}

// tenantShape reports whether text can be a tenant token. It is opaque: any printable ASCII but the space, which ends a
// credential in a header.
func tenantShape(text string) bool {
	if text == "" || len(text) > maxTenantText {
		return false
	}
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// askTenant asks the store for the tenant token of the environment that k names.
func (v *Verifier) askTenant(ctx context.Context, k key, _ *entry, now time.Time) (*entry, error) {
	t, err := v.config.Store.TenantToken(ctx, k.id)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case t.Environment != k.id || t.ActiveDigest == Digest{}:
		return nil, nil
	}
	found := &entry{
		principal: Principal{
			TokenID: "tenant:" + t.Environment, TokenName: "tenant token", Environment: t.Environment, Kind: kindTenant,
		},
		digest: t.ActiveDigest, enabled: true, loaded: now,
	}
	if t.Rotating() {
		old := t.OldDigest // a copy, so that the sealed texts are not kept with it
		found.old = &old
	}
	return found, nil
}
