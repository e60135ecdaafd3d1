package clustertest_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// The bounds of the caches in these tests, and of what a gateway may take to answer.
const (
	lifetime = time.Second
	staleFor = 5 * time.Second
	// slack is for a machine that is busy.
	slack = 3 * time.Second
	// atOnce is how long administration may take once the gateway knows that the store is away.
	atOnce = time.Second
	// atMost is how long it may take whatever happens: 3 s until the credential is read or given up, and module's
	// administrationTimeout after that.
	atMost = 8 * time.Second
)

// fault is something that happens to the way between a gateway and the server, or to the server, and how it ends.
type fault struct {
	name         string
	begin, end   func(c *cluster)
	reads        bool // only what reads tokens is in the way: the gateway still hears of changes
	slowly       bool // nothing is refused, so what waits does so until its limit
	everyGateway bool // and not A alone
}

func faults() []fault {
	a := func(do func(*proxy)) func(*cluster) { return func(c *cluster) { do(c.gateways[0].proxy) } }
	return []fault{
		{name: "connections cut", begin: a((*proxy).shut), end: a((*proxy).heal)},
		{name: "partition in which nothing is refused", begin: a((*proxy).freeze), end: a((*proxy).heal), slowly: true},
		{
			name:  "no connection left at the server",
			begin: func(c *cluster) { c.limitConnections("0"); c.terminate() },
			end:   func(c *cluster) { c.limitConnections("-1") }, everyGateway: true,
		},
		{
			name:  "server stopped and started",
			begin: func(c *cluster) { must(c.t, c.server.Halt()) },
			end:   func(c *cluster) { must(c.t, c.server.Launch()) }, everyGateway: true,
		},
		{
			name:  "everything locked, and so the pool exhausted",
			begin: func(c *cluster) { c.lock("tokens, store_state, changes") },
			end:   func(c *cluster) { c.unlock() }, slowly: true, everyGateway: true,
		},
		{
			name:  "tokens locked by a slow statement",
			begin: func(c *cluster) { c.lock("tokens") },
			end:   func(c *cluster) { c.unlock() }, slowly: true, reads: true, everyGateway: true,
		},
	}
}

// The accidents of networks and servers. The invariants, at every gateway that is concerned and with nobody doing anything about it:
// who is known goes on to the stated bound, and after it gets 503 with Retry-After and never anything else; administration gets 503
// within seconds and, once the gateway knows, at once; the probe says what is wrong; afterwards all is well again in the same
// process, and what was remembered is asked for once and not once for every request.
func TestFaults(t *testing.T) {
	c := newCluster(t, options{lifetime: lifetime, staleFor: staleFor, parameters: map[string]string{"pool_max_conns": "4"}})
	for _, f := range faults() {
		t.Run(strings.ReplaceAll(f.name, " ", "_"), func(t *testing.T) {
			c := c.in(t)
			concerned := c.gateways
			if !f.everyGateway {
				concerned = c.gateways[:1]
			}
			known := make([]string, 20)
			for i := range known {
				known[i] = c.office.ordinary()
			}
			c.everywhere(c.gateways, func(g *gateway) { c.wantWhole(g, known) })
			first := c.begin(f, concerned, known)
			c.everywhere(concerned, func(g *gateway) { c.watch(g, f, known, first) })
			c.everywhere(c.gateways[len(concerned):], func(g *gateway) { c.wantWhole(g, known) }) // nobody else has noticed
			c.recover(f, concerned, known)
		})
	}
}

// in is the cluster as a subtest has it.
func (c *cluster) in(t *testing.T) *cluster {
	sub := *c
	sub.t = t
	office := *c.office
	office.t, sub.office = t, &office
	return &sub
}

// everywhere does something with several gateways at once.
func (c *cluster) everywhere(gateways []*gateway, do func(*gateway)) {
	var doing sync.WaitGroup
	for _, g := range gateways {
		doing.Go(func() { do(g) })
	}
	doing.Wait()
}

// wantWhole asks for everybody, Ann last, until each of them has been served. It may be called by several goroutines at once.
func (c *cluster) wantWhole(g *gateway, known []string) {
	requests := []call{}
	for _, token := range known {
		requests = append(requests, call{path: "/plain", token: token})
	}
	giveUp := time.Now().Add(20 * time.Second)
	for _, request := range append(requests, c.office.settings()) {
		a := g.ask(request)
		for ; a.status != http.StatusOK && time.Now().Before(giveUp); a = g.ask(request) {
			time.Sleep(5 * time.Millisecond) // a pace, not a wait
		}
		if a.status != http.StatusOK {
			c.t.Errorf("%s does not serve again: %s: %d %s", g.name, request.path, a.status, a.body)
			return
		}
	}
}

// watched is what is asked for all the time during a fault.
func (c *cluster) watched(known []string) []call {
	return []call{{path: "/plain", token: known[0]}, {path: "/plain", token: known[1]}, c.office.settings()}
}

// begin begins a fault while everything that will be watched is in use, so that what is remembered of it is not old. It returns
// the earliest moment of which something may have been felt: a server takes its time to stop.
func (c *cluster) begin(f fault, concerned []*gateway, known []string) (first time.Time) {
	var using sync.WaitGroup
	begun := make(chan struct{})
	for _, g := range concerned {
		for _, request := range c.watched(known) {
			using.Go(func() { g.crowd(request, 50*time.Millisecond, begun) })
		}
	}
	c.heard()
	c.everywhere(concerned, func(g *gateway) { c.wantWhole(g, known) })
	first = time.Now()
	f.begin(c)
	close(begun)
	using.Wait()
	return first
}

// heard waits until all gateways have applied every change so far. News of a token that came later would make them forget it.
func (c *cluster) heard() {
	c.t.Helper()
	revision, err := c.office.Store.Revision(c.t.Context())
	must(c.t, err)
	for _, g := range c.gateways {
		within(c.t, 20*time.Second, g.name+" has heard of everything", func() bool {
			r, err := g.readiness()
			return err == nil && r.Revision >= revision
		})
	}
}

// watch looks at a gateway from the beginning of a fault until nobody is served any more.
func (c *cluster) watch(g *gateway, f fault, known []string, first time.Time) {
	began := time.Now()
	var watching sync.WaitGroup
	for _, request := range c.watched(known) {
		watching.Go(func() { c.watchServed(g, request, first, began) })
	}
	watching.Go(func() { c.watchAdministration(g, f, began) })
	watching.Go(func() { c.watchReadiness(g, f, began) })
	watching.Wait()
}

// watchServed asks for the same all the time. What a gateway remembers at the beginning is at most a lifetime old.
func (c *cluster) watchServed(g *gateway, request call, first, began time.Time) {
	served, refused := 0, 0
	pace := time.NewTicker(20 * time.Millisecond)
	defer pace.Stop()
	// Whoever is sent to see whether the store is back may wait for it, so the end is the first refusals and not a time alone.
	for since := time.Duration(0); since < staleFor+slack || refused == 0 && since < staleFor+4*slack; since = time.Since(began) {
		a := g.ask(request)
		switch at := a.sent.Sub(began); {
		case a.status == http.StatusOK && at < staleFor+time.Second: // a second for a look that was under way when it began
			served++
		case a.status == http.StatusServiceUnavailable && a.sent.Sub(first) > staleFor-lifetime-slack && a.header.Get("Retry-After") != "":
			refused++
		default:
			c.t.Errorf("%s: %s after %v: %d %s\n%s", g.name, request.path, at, a.status, a.body, g.said())
			return
		}
		<-pace.C
	}
	if served == 0 || refused == 0 {
		c.t.Errorf("%s: %s was served %d times and refused %d times", g.name, request.path, served, refused)
	}
}

// watchAdministration changes something all the time.
func (c *cluster) watchAdministration(g *gateway, f fault, began time.Time) {
	asked := 0
	for since := time.Duration(0); since < staleFor+slack; since = time.Since(began) {
		id, _, a := c.office.create(g, "during a fault")
		asked++
		bound := atOnce
		if f.slowly { // until the gateway knows, and for the one request that is sent to see whether the store is back
			bound = atMost
		}
		if took := a.received.Sub(a.sent); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || took > bound+slack/2 {
			c.t.Errorf("%s: a change after %v: %d %s %s in %v", g.name, a.sent.Sub(began), a.status, a.body, id, took)
			return
		}
		time.Sleep(20 * time.Millisecond) // a pace, not a wait
	}
	if asked < 2 {
		c.t.Errorf("%s: only %d changes were tried", g.name, asked)
	}
}

// watchReadiness waits for what the probe has to say in the end.
func (c *cluster) watchReadiness(g *gateway, f fault, began time.Time) {
	words := []string{"store down for", "nothing cached may serve since"}
	if f.reads {
		words = []string{"tokens could not be read since"}
	}
	for len(words) > 0 && time.Since(began) < staleFor+2*slack {
		r, err := g.readiness()
		if err != nil {
			c.t.Errorf("%s: the probe: %v", g.name, err)
			return
		}
		if r.says(words[0]) {
			words = words[1:]
			continue
		}
		time.Sleep(20 * time.Millisecond) // a pace, not a wait
	}
	if len(words) > 0 {
		r, err := g.readiness()
		c.t.Errorf("%s: the probe never said %q; it says %+v, %v", g.name, words[0], r, err)
	}
}

// recover ends a fault while everybody keeps asking.
func (c *cluster) recover(f fault, concerned []*gateway, known []string) {
	c.t.Helper()
	processes := map[*gateway]int{}
	var crowd sync.WaitGroup
	end := make(chan struct{})
	for _, g := range concerned {
		processes[g] = g.process.Process.Pid
		for lane := range 4 * len(known) { // four at once for each token
			crowd.Go(func() { g.crowd(call{path: "/plain", token: known[lane%len(known)]}, 250*time.Millisecond, end) })
		}
	}
	before := map[*gateway]int64{}
	for _, g := range concerned {
		before[g] = g.proxy.asked.Load()
	}
	f.end(c)
	healed := time.Now()
	c.everywhere(concerned, func(g *gateway) {
		c.wantWhole(g, known)
		took, asked := time.Since(healed), g.proxy.asked.Load()-before[g]
		// Each token once in a lifetime, the looks, the policies and what is read beside them.
		if most := int64(took/lifetime+2)*int64(len(known)+20) + 40; asked > most {
			c.t.Errorf("%s: the server was asked %d times in the first %v, want %d at most", g.name, asked, took, most)
		}
		c.t.Logf("%s: well again %v after the end, %d statements", g.name, took.Round(time.Millisecond), asked)
	})
	close(end)
	crowd.Wait()
	for _, g := range concerned {
		within(c.t, 20*time.Second, g.name+" is ready", func() bool {
			r, err := g.readiness()
			return err == nil && r.Ready && r.Store.Up && len(r.Problems) == 0
		})
		within(c.t, 20*time.Second, g.name+" administers", func() bool {
			_, _, a := c.office.create(g, "afterwards")
			return a.status == http.StatusCreated
		})
		if pid := g.process.Process.Pid; pid != processes[g] {
			c.t.Errorf("%s was started again", g.name)
		}
	}
}

// crowd asks for the same until the end.
func (g *gateway) crowd(request call, every time.Duration, end <-chan struct{}) {
	pace := time.NewTicker(every)
	defer pace.Stop()
	for {
		select {
		case <-end:
			return
		case <-pace.C:
			g.ask(request)
		}
	}
}

// holder has the locks of the test that runs.
var holder atomic.Pointer[pgx.Conn]

// lock takes tables away from everybody else until unlock.
func (c *cluster) lock(tables string) {
	c.t.Helper()
	conn, err := pgx.Connect(c.t.Context(), c.dsn)
	must(c.t, err)
	c.t.Cleanup(func() { conn.Close(context.Background()) })
	for _, text := range []string{"BEGIN", "LOCK TABLE " + tables + " IN ACCESS EXCLUSIVE MODE"} {
		_, err := conn.Exec(c.t.Context(), text)
		must(c.t, err)
	}
	holder.Store(conn)
}

func (c *cluster) unlock() {
	c.t.Helper()
	_, err := holder.Load().Exec(c.t.Context(), "ROLLBACK")
	must(c.t, err)
}

// limitConnections is how many the gateways may have at the server.
func (c *cluster) limitConnections(n string) {
	c.t.Helper()
	must(c.t, c.server.Admin(c.t.Context(), "ALTER ROLE doorward CONNECTION LIMIT "+n))
}

// terminate ends every session of the gateways at the server.
func (c *cluster) terminate() {
	c.t.Helper()
	must(c.t, c.server.Admin(c.t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'doorward'"))
}
