package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/doorward/doorward/benchmarks/gateway"
	"github.com/doorward/doorward/benchmarks/mix"
)

var axes = map[string]axis{
	"tokens":      {"tokens in the store", []int{1000, 10_000, 100_000, 1_000_000}, withTokens},
	"statements":  {"statements of a user's policies", []int{10, 100, 1000, 10_000}, withStatements},
	"endpoints":   {"endpoints of the catalogue", []int{10, 100, 1000, 10_000}, withEndpoints},
	"connections": {"connections that are open", []int{1, 10, 100, 1000, 10_000}, withConnections},
	"cores":       {"GOMAXPROCS", []int{1, 2}, withCores},
}

const (
	inUse      = 500  // tokens, of whatever number
	fewTokens  = 1000 // where tokens are not what grows
	steadyRate = 2000 // requests a second, whatever the number of connections
)

// withTokens asks with as many tokens at every size, and with all of them, some far more often than others.
func withTokens(ctx context.Context, at place, n int) (*point, error) {
	if err := gateway.Fill(ctx, at.store(), n); err != nil {
		return nil, err
	}
	process, sites, err := at.start(ctx, gateway.Config{}, gate)
	if err != nil {
		return nil, err
	}
	good := gateway.Working(n)
	metrics := func(k int) []byte { return gateway.Get(gateway.Metrics, gateway.APIToken(gateway.Token(k))) }
	return &point{process, []series{
		{"stored", sites[0], usualConnections, 0, among(inUse, func(i int) []byte { return metrics(i * good / inUse) })},
		{"zipf", sites[0], usualConnections, 0, gateway.Popular(at.seed, good, gateway.Metrics)},
	}}, nil
}

// withStatements asks the policies of one user for what they were asked before, and for what they never were.
func withStatements(ctx context.Context, at place, n int) (*point, error) {
	if err := gateway.Fill(ctx, at.store(), fewTokens); err != nil {
		return nil, err
	}
	badges, err := gateway.Enrol(ctx, at.store(), n)
	if err != nil {
		return nil, err
	}
	process, sites, err := at.start(ctx, gateway.Config{}, gate)
	if err != nil {
		return nil, err
	}
	mine := gateway.APIToken(badges.Personal)
	return &point{process, []series{
		{"remembered", sites[0], usualConnections, 0, among(100, func(i int) []byte { return gateway.Get(fmt.Sprintf("%sapp:any.%d", gateway.Settings, i), mine) })},
		{"evaluated", sites[0], usualConnections, 0, gateway.Unasked(mine)},
	}}, nil
}

// withEndpoints has a catalogue of that many rows, and asks for all of them.
func withEndpoints(ctx context.Context, at place, n int) (*point, error) {
	if err := gateway.Fill(ctx, at.store(), fewTokens); err != nil {
		return nil, err
	}
	catalog := filepath.Join(at.folder, "catalog.yaml")
	if err := writeCatalog(catalog, n); err != nil {
		return nil, err
	}
	process, sites, err := at.start(ctx, gateway.Config{Catalog: catalog}, gate)
	if err != nil {
		return nil, err
	}
	token := gateway.APIToken(gateway.Token(0))
	return &point{process, []series{
		{"endpoints", sites[0], usualConnections, 0, among(n, func(i int) []byte {
			return gateway.Get(fmt.Sprintf("/api/group%d/things%d/4711/parts", i%50, i), token)
		})},
	}}, nil
}

func writeCatalog(file string, n int) error {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	fmt.Fprintln(w, "catalog: growth\nscopes: [{ value: metrics.read }]\nendpoints:")
	for i := range n {
		fmt.Fprintf(w, "  - { endpoint: \"GET /api/group%d/things%d/{id}/parts\", scopes: [metrics.read] }\n", i%50, i)
	}
	if err := w.Flush(); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}

// withConnections sends at one rate over that many connections, to a site with the directive and to one without.
func withConnections(ctx context.Context, at place, n int) (*point, error) {
	if err := gateway.Fill(ctx, at.store(), fewTokens); err != nil {
		return nil, err
	}
	process, sites, err := at.start(ctx, gateway.Config{}, gate, "")
	if err != nil {
		return nil, err
	}
	next := mix.Same("", gateway.Get(gateway.Metrics, gateway.APIToken(gateway.Token(0))))
	return &point{process, []series{
		{"connections", sites[0], n, steadyRate, next},
		{"connections-plain", sites[1], n, steadyRate, next},
	}}, nil
}

// withCores has one token, so that whatever the processors have to agree on is the same for all of them.
func withCores(ctx context.Context, at place, n int) (*point, error) {
	if err := gateway.Fill(ctx, at.store(), fewTokens); err != nil {
		return nil, err
	}
	process, sites, err := at.start(ctx, gateway.Config{CPUs: allCPUs(), Procs: n}, gate, "")
	if err != nil {
		return nil, err
	}
	next := mix.Same("", gateway.Get(gateway.Metrics, gateway.APIToken(gateway.Token(0))))
	return &point{process, []series{
		{"cores", sites[0], usualConnections, 0, next},
		{"cores-plain", sites[1], usualConnections, 0, next},
	}}, nil
}
