package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"

	"github.com/doorward/doorward/benchmarks/gateway"
	"github.com/doorward/doorward/benchmarks/load"
)

// testCase is a kind of request, and what the gateway has to answer. It is sent to a site with the directive and to one without.
type testCase struct {
	name    string
	meaning string
	site    string // that is compared with "plain"
	status  int    // there
	next    func(rng *rand.Rand, n int64) load.Request
}

// Sizes of what the cases use.
const (
	manyStatements = 1000
	zipfExponent   = 1.1
)

func cases(badges gateway.Badges, tokens int, seed uint64) []testCase {
	hot, mine := gateway.APIToken(gateway.Token(0)), gateway.APIToken(badges.Personal)
	always := func(raw []byte) func(*rand.Rand, int64) load.Request {
		return func(*rand.Rand, int64) load.Request { return load.Request{Raw: raw} }
	}
	return []testCase{
		{"control", "a second site without the directive (A/A)", "plain again", http.StatusOK, always(gateway.Get(gateway.Metrics, hot))},
		{"hit", "one token, scopes only", "guarded", http.StatusOK, always(gateway.Get(gateway.Metrics, hot))},
		{"hit-iam", "a user's token, policies asked, answer remembered", "guarded", http.StatusOK, always(gateway.Get(gateway.Settings+"app:7", mine))},
		{"zipf", fmt.Sprintf("%d tokens, Zipf %.1f", tokens, zipfExponent), "guarded", http.StatusOK, zipf(tokens, seed)},
		{"miss", fmt.Sprintf("policies evaluated each time, %d statements", manyStatements), "guarded", http.StatusOK, fresh(mine)},
		{"401", "a token that nobody has", "guarded", http.StatusUnauthorized, always(gateway.Get(gateway.Metrics, gateway.APIToken(gateway.NoToken(0))))},
		{"403", "a scope is missing", "guarded", http.StatusForbidden, always(gateway.Get(gateway.Slos, hot))},
		{"403-iam", "policies refuse, answer remembered", "guarded", http.StatusForbidden, always(gateway.Get(gateway.Settings+"other", mine))},
	}
}

// zipf draws tokens from a table, because drawing takes longer than sending.
func zipf(tokens int, seed uint64) func(*rand.Rand, int64) load.Request {
	requests := make([]load.Request, tokens)
	for i := range requests {
		requests[i].Raw = gateway.Get(gateway.Metrics, gateway.APIToken(gateway.Token(i)))
	}
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // the same each time, and no secret
	draw, drawn := rand.NewZipf(random, zipfExponent, 1, uint64(tokens-1)), make([]int, 1<<16)
	for i := range drawn {
		drawn[i] = int(draw.Uint64()) //nolint:gosec // below the number of tokens
	}
	return func(rng *rand.Rand, _ int64) load.Request { return requests[drawn[rng.Uint32()&0xffff]] }
}

// fresh asks about another schema each time, also in another slot.
func fresh(authorization string) func(*rand.Rand, int64) load.Request {
	var asked atomic.Int64
	return func(*rand.Rand, int64) load.Request {
		return load.Request{Raw: gateway.Get(fmt.Sprintf("%sapp:any.%d", gateway.Settings, asked.Add(1)), authorization)}
	}
}
