package postgres_test

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/module/store/postgres"
	"github.com/doorward/doorward/module/store/postgres/postgrestest"
)

// with changes a part of a DSN.
func with(t *testing.T, dsn string, change func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(dsn)
	mustDo(t, err)
	change(u)
	return u.String()
}

func parameter(t *testing.T, dsn, name, value string) string {
	t.Helper()
	return with(t, dsn, func(u *url.URL) {
		q := u.Query()
		q.Set(name, value)
		u.RawQuery = q.Encode()
	})
}

// The accidents of operators. The invariants: each is told in one line that says what to do, nobody waits for long, and no password is
// told, whatever is wrong with the DSN around it.
func TestOpenRefuses(t *testing.T) {
	ready, empty := readyDSN(t), newDSN(t)
	foreign, newer, fixed, closed := newDSN(t), readyDSN(t), readyDSN(t), newDSN(t)
	mustExec(t, raw(t, foreign), "CREATE TABLE orders (id INTEGER)")
	mustExec(t, raw(t, newer), "INSERT INTO schema_version (version_id, is_applied) VALUES (99999, true)")
	name := func(dsn string) string { return dsn[strings.LastIndex(dsn, "/")+1 : strings.LastIndex(dsn, "?")] }
	for _, text := range []string{
		"ALTER DATABASE " + name(fixed) + " SET default_transaction_read_only = on",
		"ALTER DATABASE " + name(closed) + " OWNER TO admin", // so doorward may create nothing there
	} {
		mustDo(t, started.Admin(t.Context(), text))
	}
	tests := []struct{ name, dsn, want string }{
		{"wrong password", with(t, ready, func(u *url.URL) { u.User = url.UserPassword("doorward", "hunter3") }), "password is wrong"},
		{"unknown user", with(t, ready, func(u *url.URL) { u.User = url.UserPassword("nobody", "hunter3") }), "password is wrong"},
		{"no such database", with(t, ready, func(u *url.URL) { u.Path = "/missing" }), "there is no such database"},
		{"nobody there", with(t, ready, func(u *url.URL) { u.Host = "127.0.0.1:1" }), "cannot be reached"},
		{"read-only", fixed, "can only be read"},
		{"read-only, taken all the same", parameter(t, empty, "default_transaction_read_only", "on") + "&target_session_attrs=any", "can only be read"},
		{"no rights", closed, "lacks rights"},
		{"another program's", foreign, "another program's"},
		{"newer", newer, "made by a newer Doorward"},
		{"port", strings.Replace(ready, "127.0.0.1:", "127.0.0.1:hunter2", 1), "the DSN cannot be read"},
		{"unescaped", "postgres://doorward:hunter2%@127.0.0.1/x", "the DSN cannot be read"},
		{"a slash in the password", "postgres://doorward:hunter2/hunter2@127.0.0.1/x", "the DSN cannot be read"},
		{"keywords", "host=127.0.0.1 password='hunter2 user", "the DSN cannot be read"},
		{"a word", "hunter2", "the DSN cannot be read"},
		{"setting", parameter(t, ready, "sslmode", "hunter2"), "the DSN cannot be read"},
		{"certificate", parameter(t, ready, "sslrootcert", "/nowhere/hunter2"), "the DSN cannot be read"},
		{"pool", parameter(t, ready, "pool_max_conns", "hunter2"), "the DSN cannot be read"},
		{"parameter", parameter(t, ready, "statement_timeout", "soon"), "invalid value for parameter"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := postgres.Open(t.Context(), tt.dsn, postgres.Options{BusyTimeout: time.Second})
			if err == nil {
				s.Close()
				t.Fatal("opened")
			}
			if text := err.Error(); !strings.Contains(text, tt.want) || strings.Contains(text, "hunter") || strings.Contains(text, "\n") {
				t.Errorf("got %q, want %q in it, in one line and without the password", text, tt.want)
			}
		})
	}
	if rows := raw(t, foreign).QueryRow(t.Context(), "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"); rows != nil {
		var n int
		if err := rows.Scan(&n); err != nil || n != 1 {
			t.Errorf("another program's database has %d tables now, %v", n, err)
		}
	}
}

func TestOpenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := postgres.Open(ctx, newDSN(t), postgres.Options{}); err == nil {
		s.Close()
		t.Error("opened")
	}
}

// Databases that are compatible with PostgreSQL lack this and that. Here functions of a schema that is looked at first stand for it. The
// invariants: ten gateways that start at once on an empty database all start, the schema is made once, and a change is known to the others
// at their next look.
func TestOpenTogether(t *testing.T) {
	const (
		void = ` LANGUAGE plpgsql AS $$ BEGIN END $$`
		yes  = ` LANGUAGE plpgsql AS $$ BEGIN RETURN true; END $$`
		no   = ` LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'unknown' USING ERRCODE = '42883'; END $$`
	)
	for name, functions := range map[string][]string{
		"PostgreSQL":                     nil,
		"locks that let everybody in":    {"pg_advisory_xact_lock(bigint) RETURNS void" + void, "pg_try_advisory_xact_lock(bigint) RETURNS boolean" + yes},
		"no locks, and no notifications": {"pg_advisory_xact_lock(bigint) RETURNS void" + no, "pg_notify(text, text) RETURNS void" + no},
		"notifications that go nowhere":  {"pg_notify(text, text) RETURNS void" + void},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn := newDSN(t)
			db := raw(t, dsn)
			for _, function := range functions {
				mustExec(t, db, "CREATE FUNCTION "+function)
			}
			dsn = parameter(t, dsn, "search_path", "public, pg_catalog")
			stores := make([]*postgres.Store, 10)
			var group sync.WaitGroup
			for i := range stores {
				group.Go(func() {
					s, err := postgres.Open(t.Context(), dsn, postgres.Options{})
					if err != nil {
						t.Error(err)
						return
					}
					t.Cleanup(func() { s.Close() })
					stores[i] = s
					if err := create(t.Context(), s, i); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			if t.Failed() {
				return
			}
			newest, err := store.NewestSchema(t.Context(), "postgres")
			mustDo(t, err)
			var versions int64
			mustDo(t, db.QueryRow(t.Context(), "SELECT count(*) FROM schema_version").Scan(&versions))
			if versions != newest+1 {
				t.Errorf("%d versions are noted, want each from 0 to %d once", versions, newest)
			}
			follow(t, stores[0], 20*time.Millisecond).wait(t, 10)
		})
	}
}

// A hint makes a follower look at once. Hints that do not arrive change nothing but the delay.
func TestHints(t *testing.T) {
	dsn := readyDSN(t)
	writing, silent := openAt(t, dsn, postgres.Options{}), openAt(t, dsn, postgres.Options{WithoutHints: true})
	quick := follow(t, openAt(t, dsn, postgres.Options{}), time.Hour)
	slow := follow(t, silent, 50*time.Millisecond)
	if silent.Hints(t.Context()) != nil {
		t.Error("hints that nobody asked for")
	}
	for n := range 5 {
		mustCreate(t, writing, n)
		quick.wait(t, n+1)
	}
	// What listens is cut off, and what is changed before it listens again must not wait for the next look.
	mustExec(t, raw(t, dsn), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'")
	mustCreate(t, silent, 5)
	quick.wait(t, 6)
	slow.wait(t, 6)
}

// The accidents of servers: one is killed and started again, one becomes a standby and back. The invariants: the store says that it does
// not answer, at once and not that something is missing; it goes on by itself; what was acknowledged is there.
func TestServerGoesAndComes(t *testing.T) {
	server := postgrestest.For(t, postgrestest.Options{Durable: true})
	dsn := server.New(t)
	s := openAt(t, dsn, postgres.Options{BusyTimeout: time.Second})
	mustCreate(t, s, 1)
	for round := range 3 {
		mustDo(t, server.Kill())
		for what, err := range map[string]error{"a change": create(t.Context(), s, 100), "a read": s.Ping(t.Context())} {
			if err == nil || fault.KindOf(err) != fault.Unavailable {
				t.Errorf("%s without a server: %v", what, err)
			}
		}
		mustDo(t, server.Launch())
		mustCreate(t, s, round+2)
		for n := range round + 2 {
			if _, err := s.Token(t.Context(), tokenNumber(n+1).ID); err != nil {
				t.Errorf("token %d after kill %d: %v", n+1, round+1, err)
			}
		}
	}
	for _, state := range []string{"on", "off"} {
		mustDo(t, server.Admin(t.Context(), "ALTER SYSTEM SET default_transaction_read_only = "+state))
		mustDo(t, server.Admin(t.Context(), "SELECT pg_reload_conf()"))
		awaitState(t, server, state)
		err := create(t.Context(), s, 50)
		if state == "on" && (err == nil || fault.KindOf(err) != fault.Unavailable) || state == "off" && err != nil {
			t.Errorf("read-only %s: %v", state, err)
		}
	}
}

// awaitState waits until the server has read its configuration.
func awaitState(t *testing.T, server *postgrestest.Server, want string) {
	t.Helper()
	for giveUp := time.Now().Add(20 * time.Second); time.Now().Before(giveUp); {
		var state string
		mustDo(t, raw(t, server.DSN("admin", "postgres")).QueryRow(t.Context(), "SHOW default_transaction_read_only").Scan(&state))
		if state == want {
			return
		}
	}
	t.Fatal("the server has not read its configuration")
}
