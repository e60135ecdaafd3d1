package main

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/doorward/doorward/benchmarks/gateway"
	"github.com/doorward/doorward/benchmarks/mix"
)

// testCase is a kind of request, and what the gateway has to answer. It is sent to a site with the directive and to one without.
type testCase struct {
	name    string
	meaning string
	site    string // that is compared with "plain"
	status  int    // there
	next    mix.Next
}

// manyStatements are those of the user's policies.
const manyStatements = 1000

func cases(badges gateway.Badges, tokens int, seed uint64) []testCase {
	hot, mine := gateway.APIToken(gateway.Token(0)), gateway.APIToken(badges.Personal)
	always := func(raw []byte) mix.Next { return mix.Same("", raw) }
	return []testCase{
		{"control", "a second site without the directive (A/A)", "plain again", http.StatusOK, always(gateway.Get(gateway.Metrics, hot))},
		{"hit", "one token, scopes only", "guarded", http.StatusOK, always(gateway.Get(gateway.Metrics, hot))},
		{"hit-discreet", "the same, the upstream not told who asks", "discreet", http.StatusOK, always(gateway.Get(gateway.Metrics, hot))},
		{"hit-iam", "a user's token, policies asked, answer remembered", "guarded", http.StatusOK, always(gateway.Get(gateway.Settings+"app:7", mine))},
		{"zipf", fmt.Sprintf("%d tokens, Zipf 1.1", tokens), "guarded", http.StatusOK, gateway.Popular(seed, tokens, gateway.Metrics)},
		{"miss", fmt.Sprintf("policies evaluated each time, %d statements", manyStatements), "guarded", http.StatusOK, gateway.Unasked(mine)},
		{"401", "a token that nobody has", "guarded", http.StatusUnauthorized, always(gateway.Get(gateway.Metrics, gateway.APIToken(gateway.NoToken(0))))},
		{"403", "a scope is missing", "guarded", http.StatusForbidden, always(gateway.Get(gateway.Slos, hot))},
		{"403-iam", "policies refuse, answer remembered", "guarded", http.StatusForbidden, always(gateway.Get(gateway.Settings+"other", mine))},
	}
}

func caseNamed(all []testCase, name string) testCase {
	return all[slices.IndexFunc(all, func(c testCase) bool { return c.name == name })]
}
