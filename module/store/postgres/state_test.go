package postgres_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/store/postgres"
)

// The state of a schema is read without changing anything, and what keeps it from being read is told as at Open.
func TestState(t *testing.T) {
	ready, empty, newer, foreign := readyDSN(t), newDSN(t), readyDSN(t), newDSN(t)
	mustExec(t, raw(t, newer), "INSERT INTO schema_version (version_id, is_applied) VALUES (99999, true)")
	mustExec(t, raw(t, foreign), "CREATE TABLE orders (id INTEGER)")
	for name, test := range map[string]struct {
		dsn     string
		version int64
		pending bool
	}{
		"ready": {ready, 1, false}, "empty": {empty, 0, true}, "newer": {newer, 99999, false},
	} {
		state, err := postgres.State(t.Context(), test.dsn)
		if err != nil || test.version < 2 && state.Version > state.Known || state.Version < test.version || (len(state.Pending) > 0) != test.pending {
			t.Errorf("%s: %+v, %v", name, state, err)
		}
	}
	var tables int
	mustDo(t, raw(t, empty).QueryRow(t.Context(), "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'").Scan(&tables))
	if tables > 0 {
		t.Errorf("%d tables were made", tables)
	}
	for name, test := range map[string]struct{ dsn, want string }{
		"another program's": {foreign, "another program's"},
		"password":          {with(t, ready, func(u *url.URL) { u.User = url.UserPassword("doorward", "hunter3") }), "password is wrong"},
		"nobody there":      {with(t, ready, func(u *url.URL) { u.Host = "127.0.0.1:1" }), "cannot be reached"},
		"read-only":         {parameter(t, empty, "default_transaction_read_only", "on"), "can only be read"},
		"a word":            {"hunter2", "the DSN cannot be read"},
	} {
		_, err := postgres.State(t.Context(), test.dsn)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q in it", name, err, test.want)
		}
	}
}
