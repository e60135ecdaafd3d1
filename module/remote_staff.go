package module

import (
	"net/netip"
	"slices"

	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/tokens"
)

// Why a credential of staff is refused, for logs and metrics.
const (
	staffClaimMissing tokens.Refusal = "staff_claim"   // it does not say what the credentials of staff have to
	staffNetwork      tokens.Refusal = "staff_network" // staff do not come from there
	staffName         tokens.Refusal = "staff_name"    // the name cannot be approved, because it could be read as another
)

// isStaff reports whether a principal is remote support staff.
func (r *remoteRules) isStaff(p *tokens.Principal, b *bearer) bool {
	if b == nil || p.Staff {
		return p.Staff
	}
	return r.issuers[b.issuer.URL] || slices.ContainsFunc(r.claims, b.says)
}

// says reports whether the token has a claim with one of its values.
func (b *bearer) says(c StaffClaim) bool {
	for _, value := range b.identity.Claim(c.Name) {
		if slices.Contains(c.Values, value) {
			return true
		}
	}
	return false
}

// admit says under which name staff go, or why the credential is not good enough for them.
func (r *remoteRules) admit(p *tokens.Principal, b *bearer, address string) (user string, refusal tokens.Refusal) {
	for _, c := range r.required {
		if b == nil || !b.says(c) {
			return "", staffClaimMissing
		}
	}
	if !r.isNear(address) {
		return "", staffNetwork
	}
	name := p.User
	if b != nil {
		name = b.identity.User // without its issuer: approvals name the person
	}
	user, ok := remote.CanonicalUser(name)
	if !ok {
		return "", staffName
	}
	return user, ""
}

func (r *remoteRules) isNear(address string) bool {
	if len(r.networks) == 0 {
		return true
	}
	from, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	from = from.Unmap().WithZone("")
	return slices.ContainsFunc(r.networks, func(n netip.Prefix) bool { return n.Contains(from) })
}

// identifyStaff has remote support staff known as such from here on. A credential that is not good enough for them gets the
// answer of one that is not genuine.
func (x *exchange) identifyStaff() bool {
	desk := x.h.gate.remote
	if !desk.rules.isStaff(x.principal, x.bearer) {
		return true
	}
	user, refusal := desk.rules.admit(x.principal, x.bearer, x.clientIP())
	if refusal != "" {
		x.recordFailedLogin(refusal)
		x.principal, x.bearer, x.refusal = nil, nil, refusal
		return x.denyStranger(reasonBadCredential)
	}
	x.visit = &visit{user: user}
	return true
}
