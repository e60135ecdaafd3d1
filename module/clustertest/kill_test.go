package clustertest_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store/storetest"
)

// writing has tokens made and disabled at every gateway, and notes what was acknowledged.
type writing struct {
	c       *cluster
	end     chan struct{}
	running sync.WaitGroup
	acked   atomic.Int64
	more    chan struct{} // after each acknowledgement, unless one waits already

	mu    sync.Mutex
	known map[string]bool // identifier → it is enabled
}

// The accident: a gateway, a process of the server that works for one of them, or the whole server dies without warning while
// everybody writes. The invariants: whatever was acknowledged is there; what was not is there whole or not at all; the record of it,
// the change that others hear of and the counts agree with it; the trail, which three gateways write, is one chain; and all go on by
// themselves, but for the gateway that was killed, which is started again.
func TestKilled(t *testing.T) {
	rounds := 12
	if os.Getenv(long) == "1" {
		rounds = 100
	}
	server := startServer(t)
	c := newCluster(t, options{server: server})
	w := c.startWriting()
	victims := []func(){
		func() { c.killBackend() },
		func() { g := c.gateways[rand.IntN(3)]; g.kill(); c.raw(); g.start() }, // a server that is starting again refuses everybody
		func() { c.killBackend() },
		func() { must(t, server.Kill(), server.Launch()) },
	}
	for round := range rounds {
		w.await(t, 1+rand.Int64N(20)) // in the middle of whatever is under way
		victims[round%len(victims)]()
		if t.Failed() {
			break
		}
		if round%10 == 9 {
			w.await(t, 1)
			c.wantAcknowledged(w.copy())
		}
	}
	w.await(t, 10)
	close(w.end)
	w.running.Wait()
	c.wantAcknowledged(w.copy())
	c.wantAgreement()
	t.Logf("%d kills, %d changes acknowledged", rounds, w.acked.Load())
}

func (c *cluster) startWriting() *writing {
	w := &writing{c: c, end: make(chan struct{}), more: make(chan struct{}, 1), known: map[string]bool{}}
	for _, g := range c.gateways {
		for lane := range 2 {
			w.running.Go(func() { w.lane(g, fmt.Sprint(g.name, lane)) })
		}
	}
	return w
}

func (w *writing) lane(g *gateway, name string) {
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	for {
		select {
		case <-w.end:
			return
		case <-pace.C:
		}
		id, _, made := w.c.office.create(g, name)
		if made.status != http.StatusCreated {
			continue
		}
		w.note(id, true)
		if a := w.c.office.disable(g, id); a.status == http.StatusNoContent {
			w.note(id, false)
		} else {
			w.forget(id) // nobody knows whether it was done
		}
	}
}

func (w *writing) note(id string, enabled bool) {
	w.mu.Lock()
	w.known[id] = enabled
	w.mu.Unlock()
	w.acked.Add(1)
	select {
	case w.more <- struct{}{}:
	default:
	}
}

// forget leaves a token out whose last change was not acknowledged: it may have been made.
func (w *writing) forget(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.known, id)
}

// copy is what has been acknowledged so far and is not about to change.
func (w *writing) copy() map[string]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	settled := map[string]bool{}
	for id, enabled := range w.known {
		if !enabled {
			settled[id] = enabled
		}
	}
	return settled
}

// await waits for so many more acknowledgements.
func (w *writing) await(t *testing.T, n int64) {
	t.Helper()
	giveUp := time.After(time.Minute)
	for until := w.acked.Load() + n; w.acked.Load() < until; {
		select {
		case <-w.more:
		case <-giveUp:
			for _, g := range w.c.gateways {
				t.Logf("%s: %+v\n%s", g.name, g.plain(w.c.office.admin), g.said())
			}
			t.Fatal("nobody can write any more")
		}
	}
}

// killBackend kills a process of the server that works for a gateway. The server takes all others down then and starts again.
func (c *cluster) killBackend() {
	c.t.Helper()
	conn := c.raw()
	var pid int
	must(c.t, conn.QueryRow(c.t.Context(), `SELECT pid FROM pg_stat_activity WHERE application_name = 'doorward' AND datname = current_database()
		ORDER BY state = 'active' DESC, random() LIMIT 1`).Scan(&pid))
	must(c.t, syscall.Kill(pid, syscall.SIGKILL))
	within(c.t, time.Minute, "the server ends all sessions", func() bool { return conn.Ping(c.t.Context()) != nil })
	c.raw() // until then it refuses everybody, the next kill too
}

// wantAcknowledged looks for every token that was made and disabled.
func (c *cluster) wantAcknowledged(known map[string]bool) {
	c.t.Helper()
	conn := c.raw()
	rows, err := conn.Query(c.t.Context(), `SELECT id, enabled FROM tokens`)
	must(c.t, err)
	there := map[string]bool{}
	var id string
	var enabled bool
	_, err = pgx.ForEachRow(rows, []any{&id, &enabled}, func() error { there[id] = enabled; return nil })
	must(c.t, err)
	for id, want := range known {
		if got, found := there[id]; !found || got != want {
			c.t.Fatalf("token %s was acknowledged as enabled=%v; it is there: %v, enabled: %v", id, want, found, got)
		}
	}
}

// wrong are the rows in which one part of the store says something else than another.
var wrong = map[string]string{
	"revisions without exactly one record": `SELECT count(*) FROM generate_series(1, (SELECT revision FROM store_state)) AS r
		WHERE (SELECT count(*) FROM audit_events WHERE revision = r) <> 1`,
	"revisions without a change": `SELECT count(*) FROM generate_series(1, (SELECT revision FROM store_state)) AS r
		WHERE NOT EXISTS (SELECT 1 FROM changes WHERE revision = r)`,
	"changes beyond the revision": `SELECT count(*) FROM changes WHERE revision > (SELECT revision FROM store_state)`,
	"tokens not made exactly once": `SELECT count(*) FROM tokens
		WHERE (SELECT count(*) FROM audit_events WHERE object = tokens.id AND action = 'token.create' AND NOT failed) <> 1`,
	"creations without a token": `SELECT count(*) FROM audit_events
		WHERE action = 'token.create' AND NOT failed AND object NOT IN (SELECT id FROM tokens)
		AND object NOT IN (SELECT object FROM audit_events WHERE action = 'token.delete')`,
	"disabled tokens not changed exactly once": `SELECT count(*) FROM tokens WHERE NOT enabled
		AND (SELECT count(*) FROM audit_events WHERE object = tokens.id AND action = 'token.disable' AND NOT failed) <> 1`,
	"enabled tokens that were changed": `SELECT count(*) FROM tokens WHERE enabled
		AND EXISTS (SELECT 1 FROM audit_events WHERE object = tokens.id AND action = 'token.disable' AND NOT failed)`,
	"counts": `SELECT count(*) FROM (SELECT environment, kind, personal, n FROM token_counts
		EXCEPT SELECT environment, kind, personal, count(*) FROM tokens GROUP BY 1, 2, 3) AS other`,
	"scopes": `SELECT count(*) FROM (SELECT value, number FROM tokens, json_array_elements_text(scopes::json)
		EXCEPT SELECT scope, number FROM token_scopes) AS other`,
}

// wantAgreement looks at the whole store after everybody has stopped.
func (c *cluster) wantAgreement() {
	c.t.Helper()
	conn := c.raw()
	for what, text := range wrong {
		var n int
		if err := conn.QueryRow(c.t.Context(), text).Scan(&n); err != nil || n != 0 {
			c.t.Errorf("%s: %d, %v", what, n, err)
		}
	}
	if r := storetest.WantWholeTrail(c.t, c.office.Store, audit.Digest{}); r.Checked == 0 {
		c.t.Errorf("verified: %+v", r)
	}
}
