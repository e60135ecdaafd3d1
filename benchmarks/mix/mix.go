// Package mix is what load is sent to a gateway: requests, and what goes on beside them.
package mix

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/benchmarks/load"
)

// Gateway is what the mixes ask, and what they may know of it. Prepare makes a store that has all of it, and Caddyfile a gateway.
type Gateway struct {
	Address  string   // host:port on loopback
	Tokens   []string // good tokens with the scopes metrics.read and metrics.ingest
	Admin    string   // an administrator's token with apiTokens.write
	Service  string   // a token of the cluster realm with ServiceProviderAPI
	Personal string   // a token of a user whom a policy lets read the settings app:0 … app:99
	Account  string   // of the policy
	Policy   string   // its UUID
	Issuer   string   // a trusted issuer of JWTs
	Audience string   // of these
	// Restart ends the gateway and starts it over the same store at the same address, without waiting until it answers. nil: there is
	// no way to.
	Restart func(ctx context.Context) error
}

// Needs are the things that a mix cannot do without. A gateway that somebody else runs may lack some.
type Needs int

// What a mix may need of a gateway.
const (
	NeedsTokens   Needs = 1 << iota // at least one good token
	NeedsMany                       // thousands of tokens
	NeedsAdmin                      // an administrator, to revoke
	NeedsPolicies                   // a user with a policy, and who may change it
	NeedsIssuer                     // an issuer of JWTs
	NeedsRestart                    // a gateway that may be ended and started
	NeedsEcho                       // a WebSocket at /live/… that gives back what it is sent
)

// ErrLacks is wrapped by the error of a mix that needs what a gateway has not.
var ErrLacks = errors.New("the gateway lacks")

// missing says what of the needs this gateway lacks. That there is an echo is seen when it is asked.
func (n Needs) missing(g Gateway) error {
	var lacks []string
	for need, has := range map[Needs]struct {
		has  bool
		name string
	}{
		NeedsTokens:   {len(g.Tokens) > 0, "a good token"},
		NeedsMany:     {len(g.Tokens) > 1000, "more than 1,000 good tokens"},
		NeedsAdmin:    {g.Admin != "", "an administrator's token"},
		NeedsPolicies: {g.Personal != "" && g.Service != "" && g.Policy != "", "a user with a policy"},
		NeedsIssuer:   {g.Issuer != "", "an issuer of JWTs"},
		NeedsRestart:  {g.Restart != nil, "a way to restart it"},
	} {
		if n&need != 0 && !has.has {
			lacks = append(lacks, has.name)
		}
	}
	if len(lacks) == 0 {
		return nil
	}
	slices.Sort(lacks)
	return fmt.Errorf("%w %s", ErrLacks, strings.Join(lacks, " and "))
}

// Mix is one kind of load.
type Mix struct {
	Name  string
	About string // in a few words, for people
	Needs Needs
	run   func(ctx context.Context, g Gateway, plan load.Plan) (Outcome, error)
}

// Outcome is what came of a mix.
type Outcome struct {
	Parts []Part // by kind of client; the first are those whose latency the mix is about
	Notes []Note
}

// Part is one generator's result.
type Part struct {
	Name string
	load.Result
}

// Note is a figure beside the latencies.
type Note struct{ Name, Value string }

func (o *Outcome) note(name, format string, values ...any) {
	o.Notes = append(o.Notes, Note{name, fmt.Sprintf(format, values...)})
}

// Run sends the mix. Of the plan it takes rate, spacing, connections, warm-up, duration, timeout, bound and seed; the rest is its own.
func (m Mix) Run(ctx context.Context, g Gateway, plan load.Plan) (Outcome, error) {
	if err := errors.Join(m.Needs.missing(g), load.Loopback(g.Address)); err != nil {
		return Outcome{}, fmt.Errorf("%s: %w", m.Name, err)
	}
	plan.Network, plan.Address = "tcp", g.Address
	outcome, err := m.run(ctx, g, plan)
	if err != nil {
		return outcome, fmt.Errorf("%s: %w", m.Name, err)
	}
	return outcome, nil
}

// All is every mix, in an order in which they may follow one another: the last leaves fewer good tokens behind.
func All() []Mix {
	return []Mix{
		{"hot", "one token that asks all the time", NeedsTokens, requests("hot", func(g Gateway) Next { return Hot(g.Tokens[0]) })},
		{"zipf", "many tokens, the popular ones more often (Zipf, s = 1.1)", NeedsTokens | NeedsMany, requests("zipf", popular)},
		{"user", "a user's token: policies are asked about 100 schemas", NeedsPolicies, requests("user", settings)},
		{"publish", "the same while the policy is published anew each second", NeedsPolicies, publish},
		{"bodies", "every 40th request has a body of 1 MiB", NeedsTokens, requests("bodies", bodies)},
		{"slow", "one token beside 200 clients whose bodies trickle, a byte a second", NeedsTokens, slow},
		{"websocket", "messages over WebSockets that stay open, and their echo", NeedsTokens | NeedsEcho, sockets},
		{"random", "one token beside a flood of tokens that nobody was given", NeedsTokens, beside(func(Gateway, load.Plan) Next { return Strangers() })},
		{"repeated", "one token beside a flood of one wrong token", NeedsTokens, beside(func(_ Gateway, p load.Plan) Next { return Stranger(p.Seed + 1) })},
		{"kid", "one token beside a flood of JWTs with unknown keys", NeedsTokens | NeedsIssuer, beside(func(g Gateway, _ load.Plan) Next {
			return UnknownKeys(g.Issuer, g.Audience, time.Now())
		})},
		{"cold", "the first 1,000 requests to a gateway that was just started", NeedsTokens | NeedsRestart, cold},
		{"revoke", "as zipf, while 1 % of the tokens a minute are revoked", NeedsTokens | NeedsMany | NeedsAdmin, revoke},
	}
}

// requests is a mix of requests and nothing beside.
func requests(name string, next func(g Gateway) Next) func(context.Context, Gateway, load.Plan) (Outcome, error) {
	return func(ctx context.Context, g Gateway, plan load.Plan) (Outcome, error) {
		plan.Next = next(g)
		result, err := load.Run(ctx, plan)
		return Outcome{Parts: []Part{{name, result}}}, err
	}
}

func popular(g Gateway) Next { return Popular("zipf", Gets(metricsPath, g.Tokens), zipfExponent) }

const zipfExponent = 1.1

// schemas is how many settings the user of Prepare may read.
const schemas = 100

func settings(g Gateway) Next {
	raws := make([][]byte, schemas)
	for i := range raws {
		raws[i] = Get(fmt.Sprintf("%s?schemaIds=app:%d", settingsPath, i), g.Personal)
	}
	return Each("user", raws)
}

func bodies(g Gateway) Next {
	return Blend(40, Same("1 MiB", LargeBody(g.Tokens[0], 1<<20)), Hot(g.Tokens[0]))
}
