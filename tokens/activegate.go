package tokens

import (
	"context"
	"strings"
	"time"
)

// KindActiveGate is the prefix of the tokens by which ActiveGates connect. The gate takes them from agents only.
const KindActiveGate = "dt0g02"

// The types of ActiveGates.
const (
	ActiveGateEnvironment = "ENVIRONMENT" // serves one environment
	ActiveGateCluster     = "CLUSTER"     // serves a whole cluster
)

// maxActiveGateYears is how long an ActiveGate token may live at most, as the API documents.
const maxActiveGateYears = 2

// ActiveGateRequest asks for a new ActiveGate token.
type ActiveGateRequest struct {
	Name        string    // 1 … 100 characters; need not be unique
	Owner       string    // user, at most 250 characters; "" for none
	Environment string    // the one environment that the token is good for
	Type        string    // ActiveGateEnvironment or ActiveGateCluster
	Seed        bool      // comes with an installer, to be exchanged at the first contact
	Expires     time.Time // zero: never; else in the future, at most two years ahead, cut to the millisecond
}

// CreateActiveGate mints an ActiveGate token. fault.Invalid says what is wrong with the request, part by part.
func (s *Service) CreateActiveGate(ctx context.Context, actor string, request ActiveGateRequest) (Created, error) {
	now := s.now()
	request.Expires = cutToMillisecond(request.Expires)
	if err := request.check(now); err != nil {
		return Created{}, err
	}
	return s.issue(ctx, actor, KindActiveGate, Record{
		Name: request.Name, Owner: request.Owner, Environment: request.Environment, ActiveGate: request.Type, Seed: request.Seed,
		Enabled: true, Created: now, Expires: request.Expires,
	})
}

func (request ActiveGateRequest) check(now time.Time) error {
	var wrong findings
	wrong.text("name", "name of a token", request.Name, 1, maxName)
	wrong.text("owner", "owner of a token", request.Owner, 0, maxOwner)
	wrong.environment(request.Environment)
	if request.Type != ActiveGateEnvironment && request.Type != ActiveGateCluster {
		wrong.add("activeGateType", "The type of an ActiveGate is %s or %s.", ActiveGateEnvironment, ActiveGateCluster)
	}
	switch {
	case request.Expires.IsZero():
	case !request.Expires.After(now):
		wrong.add("expirationDate", "The expiration date must be in the future.")
	case request.Expires.After(now.AddDate(maxActiveGateYears, 0, 0)):
		wrong.add("expirationDate", "An ActiveGate token expires within %d years, or never.", maxActiveGateYears)
	}
	return wrong.err()
}

// DeleteActiveGate removes an ActiveGate token for good. fault.NotFound when there is none with this identifier.
func (s *Service) DeleteActiveGate(ctx context.Context, actor, id string) error {
	if kindOf(id) != KindActiveGate {
		return storeFault(ErrNotFound)
	}
	return s.Delete(ctx, actor, id)
}

// kindOf is the prefix of an identifier, "" for that of an old-format token.
func kindOf(id string) string {
	prefix, _, found := strings.Cut(id, ".")
	if !found {
		return ""
	}
	return prefix
}

// actionOn is the action of an audit event about the token with this identifier.
func actionOn(id, verb string) string {
	if kindOf(id) == KindActiveGate {
		return "activegatetoken." + verb
	}
	return "token." + verb
}
