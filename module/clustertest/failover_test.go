package clustertest_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store/storetest"
)

// The accident: the server dies in the middle of writes, and its standby is promoted. The invariants: gateways that name both go to the
// new one by themselves; who is known notices nothing; what was acknowledged before the standby was known to have it and what was
// acknowledged afterwards is there; the trail is one chain; and a change of afterwards is heard of everywhere.
func TestFailOver(t *testing.T) {
	server := startServer(t)
	standby, err := server.Standby()
	must(t, err)
	t.Cleanup(func() {
		if err := standby.Stop(); err != nil {
			t.Error(err)
		}
	})
	must(t, server.Admin(t.Context(), `ALTER SYSTEM SET synchronous_standby_names = '*'`))
	must(t, server.Admin(t.Context(), `SELECT pg_reload_conf()`))
	c := newCluster(t, options{server: server, both: standby.Port})
	t.Cleanup(func() { // its databases can be dropped only while it runs, and waits for no standby
		must(t, server.Launch(), server.Admin(context.Background(), `ALTER SYSTEM RESET synchronous_standby_names`),
			server.Admin(context.Background(), `SELECT pg_reload_conf()`))
	})
	known := c.office.ordinary()
	c.heard()
	for _, g := range c.gateways {
		c.wantWhole(g, []string{known})
	}
	w := c.startWriting()
	w.await(t, 30)
	must(t, server.Kill())
	before := w.copy()
	died := time.Now()
	must(t, standby.Promote(t.Context()))
	for _, g := range c.gateways {
		if a := g.plain(known); a.status != http.StatusOK {
			t.Errorf("%s: who is known gets %d %s", g.name, a.status, a.body)
		}
	}
	w.await(t, 30)
	t.Logf("changes go on %v after the server died", time.Since(died).Round(time.Millisecond))
	close(w.end)
	w.running.Wait()

	c.dsn = standby.DSN("doorward", databaseOf(t, c.dsn))
	c.wantAcknowledged(before)
	c.wantAcknowledged(w.copy())
	var id, token string
	within(t, 20*time.Second, "A administers", func() bool {
		var made answer
		id, token, made = c.office.create(c.gateways[0], "after")
		return made.status == http.StatusCreated
	})
	for _, g := range c.gateways {
		within(t, 20*time.Second, "known at "+g.name, func() bool { return g.plain(token).status == http.StatusOK })
	}
	c.office.remove(c.gateways[0], id)
	for _, g := range c.gateways {
		within(t, 20*time.Second, "heard of at "+g.name, func() bool { return g.plain(token).status == http.StatusUnauthorized })
	}
	c.reopenOffice()
	c.wantAgreement()
}

// The accident: a revision is handed out and its transaction is committed late, after later ones of other gateways. The invariant: the
// others wait their turn, administration says so within seconds, and afterwards every gateway has applied every change.
func TestLateCommit(t *testing.T) {
	c := newCluster(t, options{})
	id, token, made := c.office.create(c.gateways[0], "late")
	if made.status != http.StatusCreated {
		t.Fatalf("creating: %d %s", made.status, made.body)
	}
	for _, g := range c.gateways {
		within(t, 20*time.Second, "known at "+g.name, func() bool { return g.plain(token).status == http.StatusOK })
	}
	late := c.raw()
	for _, text := range []string{
		`BEGIN`, `SELECT revision FROM store_state FOR UPDATE`,
		`UPDATE store_state SET revision = revision + 1`,
		`UPDATE tokens SET enabled = false WHERE id = '` + id + `'`,
	} {
		execute(t, late, text)
	}
	answers := make(chan answer, len(c.gateways))
	for _, g := range c.others() {
		go func() {
			_, _, a := c.office.create(g, "meanwhile")
			answers <- a
		}()
	}
	awaitLocked(c, len(c.others()))
	execute(t, late, `INSERT INTO changes (revision, kind, id) SELECT revision, 'token', '`+id+`' FROM store_state`)
	execute(t, late, `COMMIT`)
	for range c.others() {
		if a := <-answers; a.status != http.StatusCreated {
			t.Errorf("a change that waited: %d %s", a.status, a.body)
		}
	}
	for _, g := range c.gateways {
		within(t, 20*time.Second, "the late change is heard of at "+g.name, func() bool { return g.plain(token).status == http.StatusUnauthorized })
	}
	var holes int
	must(t, late.QueryRow(t.Context(), `SELECT (SELECT revision FROM store_state) - count(*) FROM changes`).Scan(&holes))
	if holes != 0 {
		t.Errorf("%d revisions have no change", holes)
	}
	storetest.WantWholeTrail(t, c.office.Store, audit.Digest{})
}

// A slow line between one gateway and the server makes that one slow to hear, and nothing else.
func TestSlowLine(t *testing.T) {
	c := newCluster(t, options{})
	id, token, made := c.office.create(c.gateways[0], "slow")
	if made.status != http.StatusCreated {
		t.Fatalf("creating: %d %s", made.status, made.body)
	}
	for _, g := range c.gateways {
		within(t, 20*time.Second, "known at "+g.name, func() bool { return g.plain(token).status == http.StatusOK })
	}
	b := c.gateways[1]
	b.proxy.slow(200 * time.Millisecond)
	if a := c.office.disable(c.gateways[0], id); a.status != http.StatusNoContent {
		t.Fatalf("disabling: %d %s", a.status, a.body)
	}
	for _, g := range c.gateways {
		took := within(t, 20*time.Second, "refused by "+g.name, func() bool { return g.plain(token).status == http.StatusUnauthorized })
		t.Logf("%s: %v", g.name, took.Round(time.Millisecond))
	}
	if r, err := b.readiness(); err != nil || !r.Ready {
		t.Errorf("a slow line: %+v, %v", r, err)
	}
}

func execute(t *testing.T, conn *pgx.Conn, text string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// awaitLocked waits until so many wait for a lock.
func awaitLocked(c *cluster, n int) {
	c.t.Helper()
	conn := c.raw()
	within(c.t, 20*time.Second, fmt.Sprint(n, " wait for the lock"), func() bool {
		var waiting int
		must(c.t, conn.QueryRow(c.t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting))
		return waiting >= n
	})
}
