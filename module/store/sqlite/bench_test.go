package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/tokens"
)

// benchTokens is how many tokens there are in the store of the benchmarks.
func benchTokens(b *testing.B) int {
	b.Helper()
	text := os.Getenv("DOORWARD_BENCH_TOKENS")
	if text == "" {
		return 20_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Fatalf("DOORWARD_BENCH_TOKENS is no number: %q", text)
	}
	return n
}

// benched is made once for all benchmarks, because making it takes longer than they do. It is kept in the folder that
// DOORWARD_BENCH_FOLDER names and found there again; without it the folder is removed when the benchmarks end.
var benched struct {
	sync.Once
	store  *Store
	folder string   // to be removed
	ids    []string // some of them, all over the store
}

// RemoveBenched is for TestMain, which is in the other package of this folder.
func RemoveBenched() {
	if benched.store != nil {
		benched.store.Close()
	}
	if benched.folder != "" {
		os.RemoveAll(benched.folder)
	}
}

const benchEnvironment = "abc12345"

func benchStore(b *testing.B) *Store {
	b.Helper()
	n := benchTokens(b)
	benched.Do(func() { openBenched(b, n) })
	if benched.store == nil {
		b.Skip("there is no store")
	}
	return benched.store
}

func openBenched(b *testing.B, n int) {
	b.Helper()
	ctx := context.Background() // it outlives the benchmark that comes first
	folder := os.Getenv("DOORWARD_BENCH_FOLDER")
	if folder == "" {
		var err error
		if folder, err = os.MkdirTemp("", "doorward-bench-"); err != nil {
			b.Fatal(err)
		}
		benched.folder = folder
	}
	b.Chdir(folder) // Open makes the path absolute
	s, err := Open(ctx, fmt.Sprintf("%d.db", n), Options{})
	if err != nil {
		b.Fatal(err)
	}
	have, err := s.CountTokens(ctx, tokens.Query{})
	if err != nil {
		b.Fatal(err)
	}
	if have < n {
		fill(b, s, have, n)
	}
	var ids string
	err = s.reader.QueryRowContext(ctx, `SELECT group_concat(id) FROM (SELECT id FROM tokens WHERE created / 1000 % ? = 0 LIMIT 1000)`, max(1, n/1000)).Scan(&ids)
	if err != nil {
		b.Fatal(err)
	}
	benched.ids = strings.Split(ids, ",")
	benched.store = s
}

// benchRecord is token number n: a tenth is personal, a hundredth belongs to one owner of many, half was never used, and
// scopes are held by half (of those used and those not), by a hundredth and by one in ten thousand. One in fifty is disabled.
func benchRecord(random *rand.Rand, n int) tokens.Record {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	id := []byte("dt0c01.........................")
	for i := 7; i < len(id); i++ {
		id[i] = letters[random.IntN(len(letters))]
	}
	created := time.UnixMilli(1_700_000_000_000 + int64(n)*1000)
	r := tokens.Record{
		ID: string(id), Digest: tokens.DigestOf(string(id)), Name: fmt.Sprintf("ci-%06x", random.IntN(1<<24)),
		Owner: fmt.Sprintf("owner-%d@example.org", random.IntN(1000)), Environment: benchEnvironment, Personal: n%10 == 0,
		Enabled: n%50 != 11, Scopes: []string{"logs.read", "metrics.ingest", "metrics.read"}, Created: created,
	}
	if n%100 == 1 {
		r.Owner = "service@example.org"
	}
	if n%4 < 2 {
		r.Scopes = append(r.Scopes, "scope.half")
	}
	if n%2 == 0 {
		r.LastUsed, r.LastUsedIP = created.Add(time.Duration(random.IntN(1e6))*time.Second), "192.0.2.1"
	}
	if n%100 == 7 {
		r.Scopes = append(r.Scopes, "scope.hundredth")
	}
	if n%10_000 == 3 {
		r.Scopes = append(r.Scopes, "scope.rare")
	}
	if n%3 == 0 {
		r.Expires = created.Add(365 * 24 * time.Hour)
	}
	if n%5 == 0 {
		r.Modified = created.Add(time.Hour)
	}
	return r
}

// fill adds tokens by themselves, without the events and changes that their creation would leave, ten thousand to a transaction.
func fill(tb testing.TB, s *Store, have, count int) {
	tb.Helper()
	start, random := time.Now(), rand.New(rand.NewPCG(uint64(have), 2))
	// Only for the filling: a store of this size is not made in minutes otherwise.
	pragma(tb, s.writer, "cache_size = -400000")
	defer pragma(tb, s.writer, "cache_size = -2000")
	for from := have; from < count; from += 10_000 {
		err := inOne(context.Background(), s.writer, func(tx *sql.Tx) error {
			insert, err := tx.PrepareContext(context.Background(), insertBenched)
			if err != nil {
				return err
			}
			defer insert.Close()
			for n := from; n < min(count, from+10_000) && err == nil; n++ {
				_, err = insert.ExecContext(context.Background(), columnsOf(benchRecord(random, n))...)
			}
			return err
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	tb.Logf("filled with %d tokens in %v", count-have, time.Since(start).Round(time.Millisecond))
}

const insertBenched = `INSERT INTO tokens (id, digest, name, owner, environment, personal, scopes, created, newest, modified, expires, last_used,
	last_used_ip, enabled, kind, cluster, administrator, legacy, seed, activegate, networks)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'dt0c01', 0, 0, 0, 0, '', '[]')`

// columnsOf are the values of insertBenched.
func columnsOf(r tokens.Record) []any {
	at := func(t time.Time, never int64) int64 {
		if t.IsZero() {
			return never
		}
		return t.UnixMilli()
	}
	return []any{
		r.ID, r.Digest[:], r.Name, r.Owner, r.Environment, r.Personal, `["` + strings.Join(r.Scopes, `","`) + `"]`, r.Created.UnixMilli(),
		-r.Created.UnixMilli(), at(r.Modified, -math.MaxInt64), at(r.Expires, math.MaxInt64), at(r.LastUsed, -math.MaxInt64), r.LastUsedIP, r.Enabled,
	}
}

func pragma(tb testing.TB, db *sql.DB, text string) {
	tb.Helper()
	if _, err := db.ExecContext(context.Background(), "PRAGMA "+text); err != nil {
		tb.Fatal(err)
	}
}

func benchEvent(id string) audit.Event {
	return audit.Event{Time: time.UnixMilli(1_700_000_000_000), Environment: benchEnvironment, Actor: "dt0c01.ACTOR", Action: "token.create", Object: id}
}

// measure reports the median too: on a machine that does other things the mean says little.
func measure(b *testing.B, do func(i int) error) {
	b.Helper()
	var took []time.Duration
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		start := time.Now()
		if err := do(i); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2])/float64(time.Millisecond), "ms/median")
}

// BenchmarkToken is what a miss of the token cache costs: the budget is 50 µs.
func BenchmarkToken(b *testing.B) {
	s := benchStore(b)
	measure(b, func(i int) error {
		_, err := s.Token(b.Context(), benched.ids[i%len(benched.ids)])
		return err
	})
}

// BenchmarkUnknownToken is the same for a token that does not exist.
func BenchmarkUnknownToken(b *testing.B) {
	s := benchStore(b)
	measure(b, func(int) error {
		if _, err := s.Token(b.Context(), "dt0c01.NOBODY"); !errors.Is(err, tokens.ErrNotFound) {
			return fmt.Errorf("found: %w", err)
		}
		return nil
	})
}

// BenchmarkCreateToken is a creation with all that belongs to it; each waits for the disk.
func BenchmarkCreateToken(b *testing.B) {
	s := benchStore(b)
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	measure(b, func(int) error {
		r := benchRecord(random, 1)
		return s.CreateToken(b.Context(), r, benchEvent(r.ID))
	})
}

// BenchmarkUpdateToken gives tokens other scopes, which moves them in the table of scopes.
func BenchmarkUpdateToken(b *testing.B) {
	s := benchStore(b)
	measure(b, func(i int) error {
		id := benched.ids[i%len(benched.ids)]
		e := benchEvent(id)
		return s.UpdateToken(b.Context(), id, &e, func(r *tokens.Record) error {
			r.Scopes, r.Modified = []string{"logs.read", fmt.Sprint("scope.", i%3)}, r.Created.Add(time.Minute)
			return nil
		})
	})
}

// BenchmarkRecordUses is the bookkeeping for a thousand tokens.
func BenchmarkRecordUses(b *testing.B) {
	s := benchStore(b)
	uses := make([]tokens.Use, len(benched.ids))
	now := time.Now()
	measure(b, func(i int) error {
		for n, id := range benched.ids {
			uses[n] = tokens.Use{ID: id, IP: "192.0.2.1", At: now.Add(time.Duration(i) * time.Second)}
		}
		return s.RecordUses(b.Context(), uses)
	})
}
