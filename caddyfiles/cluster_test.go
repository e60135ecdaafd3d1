package caddyfiles_test

import (
	"net"
	"testing"

	"github.com/doorward/doorward/module/store/postgres/postgrestest"
)

// One gateway of a cluster, over a server of its own.
//
// Attack: somebody on the network of the probes asks the admin endpoint for the config, which holds the password of the database,
// or posts another config. Invariant: the port of the probes gives readiness, liveness and metrics, by GET and HEAD, and nothing else.
func TestCluster(t *testing.T) {
	server := postgrestest.For(t, postgrestest.Options{})
	t.Setenv("DATABASE_URL", server.New(t))
	g := idle(t)
	_, health, _ := net.SplitHostPort(g.TLSAddr)
	admin, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	admin.Close()
	t.Setenv("DOORWARD_ADMIN", admin.Addr().String())
	t.Setenv("DOORWARD_HEALTH_PORT", health)
	t.Setenv("DOORWARD_SHUTDOWN_DELAY", "0s")
	g.Load(read(t, "cluster.Caddyfile"))
	_, token := g.MintScopes("metrics.read")
	probe{"GET", "/api/v2/metrics/query", apiToken(token), 200, "upstream"}.run(t, g)

	watched := *g
	watched.Addr = g.TLSAddr
	for _, p := range []probe{
		{"GET", "/doorward/ready", nil, 200, `"ready": true`},
		{"HEAD", "/doorward/ready", nil, 200, ""},
		{"GET", "/doorward/live", nil, 200, `"live": true`},
		{"GET", "/metrics", nil, 200, "doorward_store_up 1"},
		{"GET", "/config/", nil, 404, ""},
		{"GET", "/doorward/../config/", nil, 404, ""},
		{"GET", "/metrics/../config/", nil, 404, ""},
		{"GET", "/doorward/ready/..%2f..%2fconfig/", nil, 404, ""},
		{"GET", "/debug/pprof/cmdline", nil, 404, ""},
		{"POST", "/doorward/ready", nil, 404, ""},
		{"POST", "/stop", nil, 404, ""},
		{"POST", "/load", nil, 404, ""},
	} {
		p.run(t, &watched)
	}
}
