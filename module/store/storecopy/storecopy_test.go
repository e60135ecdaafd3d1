package storecopy_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/module/store/postgres/postgrestest"
	"github.com/doorward/doorward/module/store/storecopy"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

var started *postgrestest.Server

// TestMain is also the program that is killed: with stores named it copies, and says a word for each batch.
func TestMain(m *testing.M) {
	if from := os.Getenv("COPY_FROM"); from != "" {
		fmt.Println(copyAndTell(from, os.Getenv("COPY_TO")))
		os.Exit(0)
	}
	os.Exit(postgrestest.Main(m, postgrestest.Options{}, func(s *postgrestest.Server) { started = s }))
}

func copyAndTell(from, to string) error {
	_, err := copyStore(context.Background(), from, to, storecopy.Options{Batch: 7, Progress: func(storecopy.Progress) { fmt.Println("batch") }})
	return err
}

func copyStore(ctx context.Context, from, to string, opt storecopy.Options) (result storecopy.Result, err error) {
	source, err := store.Open(ctx, from, store.Options{})
	if err != nil {
		return result, fmt.Errorf("source: %w", err)
	}
	defer source.Close()
	target, err := store.Open(ctx, to, store.Options{Unfinished: true})
	if err != nil {
		return result, fmt.Errorf("target: %w", err)
	}
	defer target.Close()
	return storecopy.Copy(ctx, source, target, opt)
}

// newStores make the DSN of a store that is not there yet, for each engine.
var newStores = map[string]func(t *testing.T) string{
	"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "doorward.db") },
	"postgres": func(t *testing.T) string { return postgrestest.Need(t, started).New(t) },
}

func openStore(t *testing.T, dsn string) store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dsn, store.Options{})
	mustDo(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func mustDo(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var epoch = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func event(action, object string) audit.Event {
	return audit.Event{Time: epoch, Actor: "cli:tester", Action: action, Object: object}
}

func createToken(t *testing.T, s store.Store, n int) {
	t.Helper()
	id := fmt.Sprintf("dt0c01.%024d", n)
	mustDo(t, s.CreateToken(t.Context(), tokens.Record{ID: id, Digest: tokens.DigestOf(id), Name: fmt.Sprint("n", n), Owner: fmt.Sprint("o", n%5),
		Environment: []string{"prod", "odd\xff\x00", "odd\xf0"}[n%3], Enabled: n%3 > 0, Personal: n%4 == 0, Created: epoch, Scopes: []string{"logs.read", "metrics.read"}}, event("token.create", id)))
}

// used is a store with something in most of its tables: numbers, flags, bytes, texts that are none, rows that others refer to, and a trail
// with outcomes.
func used(t *testing.T, dsn string) {
	t.Helper()
	s := openStore(t, dsn)
	ctx := t.Context()
	for n := range 40 {
		createToken(t, s, n)
	}
	use := tokens.Use{ID: fmt.Sprintf("dt0c01.%024d", 3), At: epoch, IP: "192.0.2.7"}
	mustDo(t, errors.Join(s.RecordUses(ctx, []tokens.Use{use}),
		s.RecordScopeUses(ctx, []tokens.ScopeUse{{ID: use.ID, Alternatives: []string{"logs.read"}, At: epoch}})))
	for n := range 10 {
		id, err := s.Record(ctx, event("remote_access.read", "odd \xff\x00\U0010FFFD "+strconv.Itoa(n)))
		mustDo(t, errors.Join(err, s.Conclude(ctx, id, audit.Outcome{At: epoch, Status: 200, Bytes: 7})))
	}
	service := pap.NewService(pap.ServiceConfig{Store: s, Mask: tokens.Mask})
	group, err := service.CreateGroup(ctx, "ann", "acme", pap.GroupAttributes{Name: "Sales"})
	mustDo(t, err)
	policy, _, err := service.CreatePolicy(ctx, "ann", pap.AccountLevel("acme"), "", pap.PolicyAttributes{Name: "p", Statement: "ALLOW settings:objects:read;"})
	mustDo(t, err)
	_, _, err = service.Bind(ctx, "ann", pap.BindRequest{Level: pap.AccountLevel("acme"), Policy: policy.UUID, Groups: []string{group.UUID}})
	mustDo(t, err)
	mustDo(t, s.Close())
}

// A copy of a copy of a copy is the store itself, through every pair of engines, and the store goes on in it: with the next
// revision, number of a token and link of the trail.
func TestCopy(t *testing.T) {
	first := newStores["sqlite"](t)
	used(t, first)
	from := first
	var before storecopy.Result
	for step, engine := range []string{"sqlite", "postgres", "postgres", "sqlite"} {
		to := newStores[engine](t)
		result, err := copyStore(t.Context(), from, to, storecopy.Options{Batch: 11})
		mustDo(t, err)
		if result.Trail.Break != nil || result.Trail.Outcomes != 10 || result.Revision == 0 {
			t.Errorf("step %d: trail %+v, revision %d", step, result.Trail, result.Revision)
		}
		if step > 0 {
			if diff := cmp.Diff(before, result); diff != "" {
				t.Errorf("step %d, to %s (-want +got):\n%s", step, engine, diff)
			}
		}
		before, from = result, to
	}
	for _, dsn := range []string{first, from} {
		if _, err := copyStore(t.Context(), first, dsn, storecopy.Options{}); !errors.Is(err, storecopy.ErrNotEmpty) {
			t.Errorf("into a store that is in use: %v", err)
		}
	}
	if _, err := copyStore(t.Context(), newStores["postgres"](t), newStores["sqlite"](t), storecopy.Options{}); !errors.Is(err, storecopy.ErrNothing) {
		t.Errorf("of a new store: %v", err)
	}
}

// What triggers do goes on in the copy, in each engine.
func TestCopyGoesOn(t *testing.T) {
	first := newStores["sqlite"](t)
	used(t, first)
	for engine, open := range newStores {
		t.Run(engine, func(t *testing.T) {
			dsn := open(t)
			_, err := copyStore(t.Context(), first, dsn, storecopy.Options{})
			mustDo(t, err)
			s := openStore(t, dsn)
			revision, err := s.Revision(t.Context())
			mustDo(t, err)
			createToken(t, s, 100)
			mustDo(t, s.DeleteToken(t.Context(), fmt.Sprintf("dt0c01.%024d", 3), event("token.delete", "x")))
			now, err := s.Revision(t.Context())
			mustDo(t, err)
			count, err := s.CountTokens(t.Context(), tokens.Query{})
			if err != nil || now != revision+2 || count != 40 {
				t.Errorf("%v: revision %d after %d, %d tokens", err, now, revision, count)
			}
			changes, gap, err := s.ChangesAfter(t.Context(), revision-1, 10)
			if err != nil || gap || len(changes) != 3 {
				t.Errorf("a follower of the source gets %v, %v, %v", changes, gap, err)
			}
			report, err := store.VerifyTrail(t.Context(), s, audit.Digest{})
			if err != nil || report.Break != nil {
				t.Errorf("trail: %+v, %v", report, err)
			}
		})
	}
}

// The accident: the machine goes down in the middle of a copy, again and again. The invariants: no gateway starts on what is there, the
// same command goes on with it, and in the end nothing is missing and nothing there twice.
func TestKilled(t *testing.T) {
	from := newStores["sqlite"](t)
	used(t, from)
	want, err := copyStore(t.Context(), from, newStores["sqlite"](t), storecopy.Options{})
	mustDo(t, err)
	for engine, open := range newStores {
		t.Run(engine, func(t *testing.T) {
			to := open(t)
			for _, batches := range []int{1, 3, 8, 2, 13} {
				killAfter(t, from, to, batches)
				if s, err := store.Open(t.Context(), to, store.Options{}); err == nil {
					s.Close()
					t.Fatalf("a gateway starts on half a copy")
				} else if !strings.Contains(err.Error(), "copy that has not ended") {
					t.Fatal(err)
				}
			}
			var begins []storecopy.Step
			got, err := copyStore(t.Context(), from, to, storecopy.Options{Batch: 9, Progress: func(p storecopy.Progress) {
				if p.Table == "" {
					begins = append(begins, p.Step)
				}
			}})
			mustDo(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]storecopy.Step{storecopy.GoesOn}, begins); diff != "" {
				t.Errorf("the last one (-want +got):\n%s", diff)
			}
			openStore(t, to)
		})
	}
}

// killAfter runs a copy in a process of its own, which is killed after so many batches.
func killAfter(t *testing.T, from, to string, batches int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this program
	c.Env = append(os.Environ(), "COPY_FROM="+from, "COPY_TO="+to)
	out, err := c.StdoutPipe()
	mustDo(t, err)
	mustDo(t, c.Start())
	lines := bufio.NewScanner(out)
	for range batches + 1 { // the first word is that it begins
		if !lines.Scan() || lines.Text() != "batch" {
			t.Fatalf("the copy ended: %q", lines.Text())
		}
	}
	mustDo(t, c.Process.Kill())
	for lines.Scan() { // what it has written since
	}
	if err := c.Wait(); err == nil {
		t.Fatal("the copy was quicker than the kill")
	}
}

// interrupt ends a copy after its first batch of tokens.
func interrupt(t *testing.T, from, to string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := copyStore(ctx, from, to, storecopy.Options{Batch: 10, Progress: func(p storecopy.Progress) {
		if p.Table == "tokens" {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
}

// The accident: a gateway runs while its store is copied. The invariant: a change of any kind is found, also one that has no
// revision, and the copy begins anew.
func TestSourceChanges(t *testing.T) {
	anEvent := func(t *testing.T, s store.Store) {
		t.Helper()
		_, err := s.Record(t.Context(), event("remote_access.read", "x"))
		mustDo(t, err)
	}
	for name, test := range map[string]struct {
		at     string // while this table is verified
		change func(t *testing.T, s store.Store)
	}{
		"a token":                     {"audit_events", func(t *testing.T, s store.Store) { t.Helper(); createToken(t, s, 200) }},
		"an event":                    {"audit_events", anEvent},
		"an event, when all is found": {"user_groups", anEvent},
		"a use": {"audit_events", func(t *testing.T, s store.Store) {
			t.Helper()
			mustDo(t, s.RecordUses(t.Context(), []tokens.Use{{ID: fmt.Sprintf("dt0c01.%024d", 1), At: epoch.Add(time.Hour), IP: "192.0.2.9"}}))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := newStores["sqlite"](t), newStores["sqlite"](t)
			used(t, from)
			changed := false
			_, err := copyStore(t.Context(), from, to, storecopy.Options{Batch: 10, Progress: func(p storecopy.Progress) {
				if p.Step == storecopy.Verifying && p.Table == test.at && !changed {
					changed = true
					test.change(t, openStore(t, from))
				}
			}})
			if !errors.Is(err, storecopy.ErrChanged) {
				t.Fatalf("got %v", err)
			}
			if s, err := store.Open(t.Context(), to, store.Options{}); err == nil {
				s.Close()
				t.Error("a gateway starts on it")
			}
			var begins storecopy.Step
			_, err = copyStore(t.Context(), from, to, storecopy.Options{Progress: func(p storecopy.Progress) {
				if p.Table == "" {
					begins = p.Step
				}
			}})
			if err != nil || begins != storecopy.Again {
				t.Errorf("the next copy %s: %v", begins, err)
			}
		})
	}
}

// A copy goes on with the source that it was begun of, and with no other.
func TestOtherSource(t *testing.T) {
	for engine, open := range newStores {
		t.Run(engine, func(t *testing.T) {
			from, other, to := newStores["sqlite"](t), newStores["sqlite"](t), open(t)
			used(t, from)
			createToken(t, openStore(t, other), 1)
			interrupt(t, from, to)
			if _, err := copyStore(t.Context(), other, to, storecopy.Options{}); !errors.Is(err, storecopy.ErrOtherSource) {
				t.Errorf("of another store: %v", err)
			}
			if _, err := copyStore(t.Context(), to, other, storecopy.Options{}); err == nil {
				t.Error("an unfinished copy was copied")
			}
			createToken(t, openStore(t, from), 300)
			if _, err := copyStore(t.Context(), from, to, storecopy.Options{}); err != nil {
				t.Errorf("of the same one, which has changed since: %v", err)
			}
		})
	}
}
