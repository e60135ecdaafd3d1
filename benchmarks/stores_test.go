package benchmarks

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/doorward/doorward/benchmarks/fill"
	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/module/store/postgres/postgrestest"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

// sizes of the store that is measured: DOORWARD_STORE_TOKENS says how many tokens, and the others follow from that unless
// DOORWARD_STORE_USERS, _GROUPS or _BINDINGS say otherwise.
func sizes(tb testing.TB) fill.Sizes {
	tb.Helper()
	number := func(name string, otherwise int) int {
		text := os.Getenv("DOORWARD_STORE_" + name)
		if text == "" {
			return otherwise
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			tb.Fatalf("DOORWARD_STORE_%s is no number", name)
		}
		return n
	}
	s := fill.SizesFor(number("TOKENS", 2000))
	s.Users, s.Groups, s.Bindings = number("USERS", s.Users), number("GROUPS", s.Groups), number("BINDINGS", s.Bindings)
	return s
}

// servers make the DSN of a new store for as long as a test takes. PostgreSQL waits for the disk at each commit, as SQLite does.
var servers = map[string]func(tb testing.TB) string{
	"sqlite": func(tb testing.TB) string { tb.Helper(); return "sqlite:" + filepath.Join(tb.TempDir(), "doorward.db") },
	"postgres": func(tb testing.TB) string {
		tb.Helper()
		settings := map[string]string{"shared_buffers": "256MB", "max_wal_size": "4GB"}
		return postgrestest.For(tb, postgrestest.Options{Durable: true, Settings: settings}).New(tb)
	},
}

func openStore(tb testing.TB, dsn string) store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), dsn, store.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}

func fillStore(tb testing.TB, dsn string, of fill.Sizes) {
	tb.Helper()
	start := time.Now()
	if err := fill.Store(tb.Context(), dsn, of); err != nil {
		tb.Fatal(err)
	}
	tb.Logf("filled with %+v in %v", of, time.Since(start).Round(time.Millisecond))
}

// TestFill: what is measured is a store as gateways would have made it. Its trail verifies, its counts are right, and each change of
// it goes on from there.
func TestFill(t *testing.T) {
	of := fill.SizesFor(1000)
	for engine, server := range servers {
		t.Run(engine, func(t *testing.T) {
			dsn := server(t)
			fillStore(t, dsn, of)
			s := openStore(t, dsn)
			total := of.Tokens + of.Users + of.Groups + of.Bindings + of.Policies
			report, err := store.VerifyTrail(t.Context(), s, audit.Digest{})
			if err != nil || report.Break != nil || report.Checked != int64(total) {
				t.Fatalf("trail: %+v, %v", report, err)
			}
			for name, q := range map[string]tokens.Query{
				"all": {}, "personal": {Personal: tokens.Only}, "of one": {Owner: fill.OwnerOf(7)}, "with a scope": {Scopes: []string{"traces.read"}},
			} {
				list, err := s.Tokens(t.Context(), q)
				count, errCount := s.CountTokens(t.Context(), q)
				if err != nil || errCount != nil || len(list) != count || count == 0 {
					t.Errorf("%s: %d tokens, %d counted, %v, %v", name, len(list), count, err, errCount)
				}
			}
			for n := range of.Tokens { // so that every side table is emptied again
				e := audit.Event{Time: fill.Start, Action: "token.delete", Object: fill.TokenID(n)}
				if err := s.DeleteToken(t.Context(), fill.TokenID(n), e); err != nil {
					t.Fatal(err)
				}
			}
			count, err := s.CountTokens(t.Context(), tokens.Query{})
			changes, gap, errChanges := s.ChangesAfter(t.Context(), 0, 10)
			if err != nil || errChanges != nil || count != 0 || gap || len(changes) != 10 || changes[0].Kind != feed.Group {
				t.Errorf("in the end: %d tokens, changes %v, %v, %v, %v", count, changes, gap, err, errChanges)
			}
		})
	}
}

// BenchmarkStore is each engine with as much in it as a large installation has.
func BenchmarkStore(b *testing.B) {
	of := sizes(b)
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			dsn := servers[engine](b)
			start := time.Now()
			fillStore(b, dsn, of)
			took := time.Since(start).Seconds()
			b.Run("fill", func(b *testing.B) {
				for b.Loop() {
				}
				b.ReportMetric(took, "s")
			})
			b.Run("start", func(b *testing.B) { benchStart(b, dsn) })
			s := openStore(b, dsn)
			benchStore(b, s, of)
		})
	}
}

// starts is how often a start is measured: over a file SQLite looks for damage for up to 2 s each time.
const starts = 10

// benchStart is what a gateway reads before its first decision about a user: the slowest of some, and what they keep in memory. It
// does not go by the number of rounds.
func benchStart(b *testing.B, dsn string) {
	b.Helper()
	for b.Loop() {
	}
	var slowest time.Duration
	var kept int64
	for range starts {
		before, start := heap(), time.Now()
		s, err := store.Open(b.Context(), dsn, store.Options{})
		if err != nil {
			b.Fatal(err)
		}
		service := pap.NewService(pap.ServiceConfig{Store: s, Mask: tokens.Mask})
		granted, err := service.Everything(b.Context())
		if err != nil || len(granted) == 0 {
			b.Fatalf("%d groups have policies, %v", len(granted), err)
		}
		groups, err := service.AllGroups(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		slowest = max(slowest, time.Since(start))
		kept = max(kept, heap()-before)
		runtime.KeepAlive(granted)
		runtime.KeepAlive(groups)
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(slowest.Seconds(), "s/slowest")
	b.ReportMetric(float64(kept)/(1<<20), "MiB-heap")
}

func benchStore(b *testing.B, s store.Store, of fill.Sizes) {
	ctx := context.Background()
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	b.Run("look-up", func(b *testing.B) {
		measure(b, func(i int) {
			_, err := s.Token(ctx, fill.TokenID(i*7919%of.Tokens))
			must(err)
		})
	})
	for _, page := range []struct {
		name  string
		query tokens.Query
	}{
		{"newest", tokens.Query{Descending: true}}, {"owner", tokens.Query{Owner: fill.OwnerOf(7)}}, {"scope", tokens.Query{Scopes: []string{"traces.read"}}},
	} {
		page.query.Environment, page.query.Limit = fill.Environment, 200
		b.Run("first-page/"+page.name, func(b *testing.B) {
			measure(b, func(int) {
				list, err := s.Tokens(ctx, page.query)
				must(err)
				if len(list) == 0 {
					b.Fatal("nothing is listed")
				}
			})
		})
	}
	revision, err := s.Revision(ctx)
	must(err)
	b.Run("feed/nothing-new", func(b *testing.B) {
		measure(b, func(int) {
			_, _, err := s.ChangesAfter(ctx, revision, 1000)
			must(err)
		})
	})
	b.Run("feed/1000-changes", func(b *testing.B) {
		measure(b, func(int) {
			_, _, err := s.ChangesAfter(ctx, revision-1000, 1000)
			must(err)
		})
	})
	var made int // over all rounds of the benchmark
	b.Run("create", func(b *testing.B) {
		measure(b, func(int) {
			made++
			id := fmt.Sprintf("dt0c01.%024d", made)
			must(s.CreateToken(ctx, tokens.Record{ID: id, Digest: tokens.DigestOf(id), Name: "n", Owner: "o", Environment: fill.Environment, Enabled: true,
				Created: fill.Start, Scopes: []string{"logs.read"}}, audit.Event{Time: fill.Start, Action: "token.create", Object: id}))
		})
	})
}
