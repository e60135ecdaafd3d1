// Package clustertest_test runs three gateways as processes over one PostgreSQL, each behind a proxy that can cut, freeze and delay
// its connections, and asks them what they promise together: a change holds everywhere within a second, and neither a server that is
// away nor a process that is killed loses or doubles anything.
package clustertest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/seal"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/module/store/postgres/postgrestest"
)

// Environment variables. Without them everything is short and bounds on time are generous.
const (
	long   = "DOORWARD_LONG"          // 1: as often as it takes to be sure
	report = "DOORWARD_BENCH_CLUSTER" // a file that figures are written to; how long things took is measured only then
)

var (
	started *postgrestest.Server
	scratch string // a folder of the whole run
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if raced {
		fmt.Println("the gateways are processes of their own, in which the race detector sees nothing")
		return 0
	}
	var err error
	if scratch, err = os.MkdirTemp("", "doorward-cluster-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	return postgrestest.Main(m, postgrestest.Options{Durable: true}, func(s *postgrestest.Server) { started = s })
}

// built builds the gateway once, with the flags that the tests were built with, as far as the environment says them.
var built = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "doorward")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	build := exec.CommandContext(ctx, "go", "build", "-o", path, "./cmd/doorward")
	build.Dir = filepath.Join("..", "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the gateway: %w\n%s", err, out)
	}
	return path, nil
})

// cluster is three gateways over a database of their own.
type cluster struct {
	t        *testing.T
	server   *postgrestest.Server
	dsn      string // of the database itself, past the proxies
	key      string
	upstream string
	options  options
	gateways []*gateway
	office   *office
}

// options are what the tests' clusters differ in. The zero value is production's, with one server.
type options struct {
	server             *postgrestest.Server // nil: the one that all tests share
	lifetime, staleFor time.Duration
	direct             string            // a DSN to use instead of the proxies
	parameters         map[string]string // more for the DSN
	log                string            // where the gateways log to; "" is a file
	without            int               // gateways fewer than three
	both               int               // port of a standby that gateways go to when the server is gone, past the proxies

}

func newCluster(t *testing.T, o options) *cluster {
	t.Helper()
	if o.server == nil {
		o.server = postgrestest.Need(t, started)
	}
	if o.lifetime == 0 {
		o.lifetime, o.staleFor = 30*time.Second, 5*time.Minute
	}
	c := &cluster{t: t, server: o.server, dsn: o.server.New(t), key: filepath.Join(t.TempDir(), "key"),
		upstream: moduletest.NewUpstream(t).Addr(), options: o}
	must(t, os.WriteFile(c.key, []byte(seal.NewKey()), 0o600))
	for n := range 3 - o.without {
		c.gateways = append(c.gateways, c.newGateway(string(rune('A'+n))))
	}
	c.office = c.newOffice()
	var starting sync.WaitGroup
	for _, g := range c.gateways {
		starting.Go(g.start)
	}
	starting.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return c
}

// others are all gateways but A.
func (c *cluster) others() []*gateway { return c.gateways[1:] }

func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// within asks until the condition holds, and fails when that takes too long: what is waited for happens in another process.
func within(t testing.TB, most time.Duration, what string, holds func() bool) time.Duration {
	t.Helper()
	begin := time.Now()
	pace := time.NewTicker(2 * time.Millisecond)
	defer pace.Stop()
	for time.Since(begin) < most {
		if holds() {
			return time.Since(begin)
		}
		<-pace.C
	}
	t.Fatalf("%s: not within %v", what, most)
	return 0
}
