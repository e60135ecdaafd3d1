package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store/sqlite"
	"github.com/doorward/doorward/tokens"
)

// victimEnv makes the test binary the process that is killed; its value is the path of the store, a space, and the
// number of the first token to write.
const victimEnv = "DOORWARD_TEST_STORE_VICTIM"

// victim writes tokens and requests for remote access from several goroutines until it is killed. "+<id>" is printed after a
// token was created, "~<id>" after it was renamed, "?<id>" after the request was made, "!<id>" after it was rejected.
func victim(assignment string) {
	var path string
	var first int
	if _, err := fmt.Sscan(assignment, &path, &first); err != nil {
		panic(err)
	}
	s, err := sqlite.Open(context.Background(), path, sqlite.Options{})
	if err != nil {
		panic(err)
	}
	var group sync.WaitGroup
	for lane := range 3 {
		group.Go(func() {
			for n := first + lane; n < first+3000; n += 3 {
				if err := errors.Join(createAndRename(s, n), askAndDecide(s, n)); err != nil {
					panic(err)
				}
			}
		})
	}
	group.Wait()
}

func createAndRename(s *sqlite.Store, n int) error {
	if err := create(context.Background(), s, n); err != nil {
		return err
	}
	id := tokenNumber(n).ID
	os.Stdout.WriteString("+" + id + "\n") // one write each: lines of different goroutines do not mix
	e := audit.Event{Time: epoch, Actor: "cli:tester", Action: "token.update", Object: id}
	err := s.UpdateToken(context.Background(), id, &e, func(r *tokens.Record) error {
		r.Name, r.Owner, r.Scopes = "renamed", "renamed", []string{"logs.read", "renamed"}
		return nil
	})
	os.Stdout.WriteString("~" + id + "\n")
	return err
}

// The accident: the process dies without warning in the middle of its work. The invariants: what was acknowledged is
// there, what was not is there whole or not at all, and the next process opens the file without help. A whole token has its
// scopes, is counted, and has an audit event and an entry in the list of changes. A whole change of a request has all of that,
// and what people are to be told of it.
func TestKill(t *testing.T) {
	rounds, least := 200, 20
	if testing.Short() || raced {
		rounds, least = 3, 3
	}
	path := newPath(t)
	acknowledged := map[string]string{} // identifier → name
	deadline := time.Now().Add(75 * time.Second)
	round := 0
	for ; round < rounds && (round < least || time.Now().Before(deadline)); round++ {
		killRound(t, fmt.Sprint(path, " ", round*3000), acknowledged)
		verify(t, path, acknowledged, round%20 == 0)
	}
	verify(t, path, acknowledged, true)
	t.Logf("killed %d times, %d tokens and requests acknowledged", round, len(acknowledged))
}

// killRound kills a victim after a random number of acknowledgements, which come while it is already at the next work.
func killRound(t *testing.T, assignment string, acknowledged map[string]string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), victimEnv+"="+assignment)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines, left := bufio.NewScanner(out), 1+rand.IntN(25)
	for lines.Scan() { // to the end: what was printed before the kill counts
		switch id := lines.Text(); {
		case strings.HasPrefix(id, "+"):
			acknowledged[id[1:]] = "n"
		case strings.HasPrefix(id, "~"):
			acknowledged[id[1:]] = "renamed"
		case strings.HasPrefix(id, "?"):
			acknowledged[id[1:]] = "PENDING"
		case strings.HasPrefix(id, "!"):
			acknowledged[id[1:]] = "REJECTED"
		}
		if left--; left == 0 {
			child.Process.Kill()
		}
	}
	child.Wait() // reports the kill
	if left > 0 {
		t.Fatal("the victim ended by itself")
	}
}

// verify opens the store as the next process would. The search for damage is SQLite's own and takes long.
func verify(t *testing.T, path string, acknowledged map[string]string, damage bool) {
	t.Helper()
	s := openAt(t, path, sqlite.Options{CheckTime: -1})
	for id, name := range acknowledged {
		if name == "PENDING" || name == "REJECTED" {
			wantAsked(t, s, id, name)
			continue
		}
		r, err := s.Token(t.Context(), id)
		if err != nil || r.Digest != tokens.DigestOf(id) || name == "renamed" && r.Name != name {
			t.Fatalf("acknowledged token %s (%s): name %q, %v", id, name, r.Name, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// Counted in SQL: every revision from 1 has its event and its change, and every token its creation.
	checks := map[string]string{
		"audit events": `SELECT iif(count(*) = (SELECT revision FROM store_state) AND max(revision) = count(*)
			AND max(id) = count(*), 'ok', 'bad') FROM audit_events`,
		"changes": `SELECT iif(count(*) = (SELECT revision FROM store_state) AND max(revision) = count(*), 'ok', 'bad')
			FROM changes`,
		"creations": `SELECT iif(count(*) = (SELECT count(*) FROM tokens), 'ok', 'bad') FROM audit_events
			WHERE action = 'token.create'`,
		"updates": `SELECT iif(count(*) = (SELECT count(*) FROM tokens WHERE name = 'renamed'), 'ok', 'bad')
			FROM audit_events WHERE action = 'token.update'`,
		"tokens": `SELECT iif(count(*) = 0, 'ok', 'bad') FROM tokens WHERE NOT EXISTS (SELECT 1 FROM audit_events AS e
			JOIN changes AS c ON c.revision = e.revision AND c.id = e.object AND c.kind = 'token'
			WHERE e.object = tokens.id AND e.action = 'token.create')`,
	}
	maps.Copy(checks, remoteChecks)
	if damage {
		checks["integrity"] = `SELECT integrity_check FROM pragma_integrity_check`
	}
	db := raw(t, path)
	defer db.Close()
	for what, text := range checks {
		var answer string
		if err := db.QueryRowContext(t.Context(), text).Scan(&answer); err != nil || answer != "ok" {
			t.Fatalf("%s: %q, %v", what, answer, err)
		}
	}
	wantSides(t, db)
}
