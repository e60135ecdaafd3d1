package module

import (
	"context"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/papapi"
)

// resolve asks the policies in force of whom a caller acts for, as papapi.Config.Resolve wants it. A token that acts for
// itself has no policies, and is granted nothing by any.
func (g *gate) resolve(ctx context.Context, call *rest.Call, q papapi.Question) (papapi.Grant, error) {
	x := gatedBy(call.Context())
	if x == nil || x.principal == nil || !actsForUser(x.principal) {
		return papapi.Refused, nil
	}
	subject, err := x.subject()
	if err != nil {
		return papapi.Refused, err
	}
	account, environment := x.judgedIn()
	request := policyengine.Request{
		Subject: subject, Account: account, Environment: environment, Permission: q.Permission, Now: x.now,
	}
	for _, name := range slices.Sorted(maps.Keys(q.Attributes)) {
		request.Attributes = append(request.Attributes, policyengine.Attribute{Name: name, Values: q.Attributes[name], Known: true})
	}
	outlook, err := g.rules.engine.Foresee(ctx, request)
	return grants[outlook], err
}

// grants are the API's words for outlooks.
var grants = [...]papapi.Grant{
	policyengine.Never: papapi.Refused, policyengine.Always: papapi.Granted, policyengine.Depends: papapi.Conditional,
}

// settleTimeout bounds how long an answer waits for the policies that it is about. The change is in the store by then: it
// takes effect a little later than the answer says, which is logged.
const settleTimeout = 5 * time.Second

// settle returns once the policies in the store are those in force, as papapi.Config.Settle wants it.
func (g *gate) settle(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	if err := g.rules.settle(limited); err != nil && ctx.Err() == nil {
		g.logger.Error("a change was answered before its policies were in force", zap.Error(err))
	}
}
