package module_test

import (
	"database/sql"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // a second program that uses the file

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/tokens"
)

const query = "/api/v2/metrics/query"

func status(t *testing.T, g *moduletest.Gate, token string) int {
	t.Helper()
	response, _ := send(t, g, "GET", query, "Authorization: Api-Token "+token)
	return response.StatusCode
}

// The store is taken away. Who is known goes on; nobody else gets in, and nobody is told that a token is bad when all
// that is known is that it could not be looked up.
func TestStoreAway(t *testing.T) {
	g := moduletest.Start(t, plainSite)
	_, known := g.MintScopes("metrics.read")
	_, unknown := g.MintScopes("metrics.read")
	_, narrow := g.MintScopes("logs.read")
	for _, token := range []string{known, narrow} {
		status(t, g, token)
	}
	if err := module.TheGate(t).CloseStore(); err != nil {
		t.Fatal(err)
	}
	g.Upstream.Seen()
	const away = `{"error":{"code":503,"message":"The request could not be decided; try again"}}`
	tests := []struct {
		name, target, token string
		status              int
		body                string
	}{
		{"remembered", query, known, 200, "upstream"},
		{"remembered, wrong secret", query, known[:len(known)-1] + "!", 401, ""},
		{"remembered, scope missing", query, narrow, 403, ""},
		{"genuine, but never seen", query, unknown, 503, away},
		{"invented", query, "dt0c01.AAAAAAAA" + unknown[len("dt0c01.AAAAAAAA"):], 503, away},
		{"invented, unknown endpoint", "/api/v2/nothing", unknown, 503, away},
		{"malformed", query, "x", 401, ""},
		{"none", query, "", 401, ""},
		{"none, public", "/api/v1/time", "", 200, "upstream"},
		{"never seen, public", "/api/v1/time", unknown, 503, away},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var header []string
			if test.token != "" {
				header = append(header, "Authorization: Api-Token "+test.token)
			}
			response, body := send(t, g, "GET", test.target, header...)
			if response.StatusCode != test.status || test.body != "" && body != test.body {
				t.Errorf("got %d %s, want %d %s", response.StatusCode, body, test.status, test.body)
			}
			if got := response.Header.Get("Retry-After") != ""; got != (test.status == 503) {
				t.Errorf("Retry-After %q with status %d", response.Header.Get("Retry-After"), response.StatusCode)
			}
			if seen := len(g.Upstream.Seen()); seen > 0 != (test.status == 200) {
				t.Errorf("the upstream saw %d requests", seen)
			}
		})
	}
}

// With the store away, a stream goes on: what cannot be looked up is not known to be revoked.
func TestStoreAwayCutsNoStream(t *testing.T) {
	g, roots := startStreaming(t)
	gate := module.TheGate(t)
	finish := make(chan struct{})
	g.Upstream.Handler = func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(firstEvent))
		_ = http.NewResponseController(w).Flush()
		<-finish
	}
	_, token := g.MintScopes("metrics.read")
	body := open(t, protocols(t, g, roots)["HTTP/1.1"], token)
	if err := gate.CloseStore(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the gate has noticed", func() bool { return strings.Contains(g.Logs(), "following changes of the store") })
	if gate.OpenStreams(t) != 1 {
		t.Error("the stream was cut")
	}
	close(finish)
	if _, err := body.Read(make([]byte, 1)); err == nil || err.Error() != "EOF" {
		t.Errorf("the stream ended with %v, want its own end", err)
	}
}

// A store that cannot be used keeps a config from loading, with an error that says what to do, and the config before it
// goes on.
func TestUnusableStore(t *testing.T) {
	g := moduletest.Start(t, plainSite)
	_, token := g.MintScopes("metrics.read")
	gate := module.TheGate(t)
	good, err := os.ReadFile(filepath.Join(g.Folder, "doorward.db"))
	if err != nil {
		t.Fatal(err)
	}
	write := func(text []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	damaged := append([]byte(nil), good...)
	copy(damaged[100:], strings.Repeat("damage", 200))
	tests := []struct {
		name, file string
		prepare    func(t *testing.T, path string)
		want       string
	}{
		{"damaged", "damaged.db", write(damaged), "restore the newest backup"},
		{"no database", "text.db", write([]byte(strings.Repeat("plain text ", 1000))), "is not a SQLite database"},
		{"a folder", "folder", func(t *testing.T, path string) { _ = os.Mkdir(path, 0o700) }, "is a folder; name a file in it"},
		{"a file for a folder", "file/doorward.db", func(t *testing.T, path string) { write(nil)(t, filepath.Dir(path)) },
			"must be able to write in the folder"},
		{"another program's", "foreign.db", foreign, "the database of another program"},
		{"locked", "locked.db", lock, "is locked by another process"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(g.Folder, test.file)
			test.prepare(t, path)
			err := g.TryLoad(strings.Replace(plainSite, "{STORE}", path, 1))
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want an error that names %s and says %q", err, path, test.want)
			}
			if after := module.TheGate(t); !after.Same(gate) {
				t.Error("the config before it has lost its gate")
			}
			if got := status(t, g, token); got != http.StatusOK {
				t.Errorf("status %d from the config before it, want 200", got)
			}
		})
	}
}

func foreign(t *testing.T, path string) {
	t.Helper()
	db := openPlainly(t, path)
	if _, err := db.Exec("CREATE TABLE orders (id)"); err != nil {
		t.Fatal(err)
	}
}

// lock holds the file as a backup or a maintenance job does, until the test ends.
func lock(t *testing.T, path string) {
	t.Helper()
	db := openPlainly(t, path)
	db.SetMaxOpenConns(1)
	for _, statement := range []string{"PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
}

func openPlainly(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// Attack: a token is disabled by another process, and the gate goes on answering from memory. Invariant: it
// refuses within the bound.
func TestRevocationByAnotherProcess(t *testing.T) {
	g := moduletest.Start(t, plainSite)
	id, token := g.MintScopes("metrics.read")
	if got := status(t, g, token); got != http.StatusOK {
		t.Fatalf("status %d, want 200", got)
	}
	g.Disable(id)
	revoked := time.Now()
	eventually(t, "the token is refused", func() bool { return status(t, g, token) == http.StatusUnauthorized })
	took := time.Since(revoked)
	if took > revocationBound {
		t.Errorf("refused after %v, want at most %v", took, revocationBound)
	}
	t.Logf("refused after %v", took)
}

// A token that expires while it is remembered is refused from that instant on, and not when the memory fades.
func TestExpiryOfARememberedToken(t *testing.T) {
	g := moduletest.Start(t, plainSite)
	expires := time.Now().Add(time.Second).Truncate(time.Millisecond)
	_, token := g.Mint("", tokens.Attributes{Scopes: []string{"metrics.read"}, Expires: expires})
	admitted := 0
	eventually(t, "the token is refused", func() bool {
		sent := time.Now()
		switch status(t, g, token) {
		case http.StatusOK:
			if !sent.Before(expires) {
				t.Fatalf("admitted %v after it had expired", sent.Sub(expires))
			}
			admitted++
			return false
		default:
			if time.Now().Before(expires) {
				t.Fatal("refused before it expired")
			}
			return true
		}
	})
	if admitted == 0 {
		t.Error("the token was never admitted, so this test has shown nothing")
	}
}

// When a token was last used is written later and in one go, at most once a minute for each token, and not lost when the
// gate closes.
func TestLastUsed(t *testing.T) {
	g := moduletest.Start(t, plainSite)
	id, token := g.MintScopes("metrics.read")
	started := time.Now().Truncate(time.Millisecond)
	status(t, g, token)
	if r := show(t, g, id); !r.LastUsed.IsZero() {
		t.Errorf("written at once (%v), want later", r.LastUsed)
	}
	if err := module.TheGate(t).Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := show(t, g, id)
	if first.LastUsed.Before(started) || first.LastUsed.After(time.Now()) || first.LastUsedIP != "127.0.0.1" {
		t.Errorf("last used %v from %q, want just now from 127.0.0.1", first.LastUsed, first.LastUsedIP)
	}
	status(t, g, token)
	if err := module.TheGate(t).Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again := show(t, g, id); !again.LastUsed.Equal(first.LastUsed) {
		t.Errorf("written again after %v, want at most once a minute", again.LastUsed.Sub(first.LastUsed))
	}

	lateID, late := g.MintScopes("metrics.read")
	status(t, g, late)
	g.Load(strings.Replace(plainSite, "store sqlite {STORE}", "store sqlite {FOLDER}/other.db", 1)) // closes the gate before
	g.Load(plainSite)
	if r := show(t, g, lateID); r.LastUsed.IsZero() {
		t.Error("what was not written yet was lost when the gate closed")
	}
}

func show(t *testing.T, g *moduletest.Gate, id string) tokens.Record {
	t.Helper()
	a := g.Administration()
	defer a.Close()
	r, err := a.Tokens.Show(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
