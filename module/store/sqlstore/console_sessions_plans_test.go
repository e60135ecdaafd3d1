package sqlstore

import (
	"testing"
	"time"

	consolesession "github.com/doorward/doorward/module/console/session"
)

// TestSessionPlans: a session is found by its digest, a page is a piece of an index, and what is over is found without reading the
// rest.
func TestSessionPlans(t *testing.T) {
	s := openNew(t)
	whose := consolesession.Whose{Subject: "user ann", Environment: "prod"}
	after := consolesession.Place{Created: time.UnixMilli(9), ID: "x"}
	page := func(q consolesession.Query) string {
		text, values := sessionPage(q, 10)
		return plan(t, s, text, values...)
	}
	for _, tt := range []struct{ got, want string }{
		{plan(t, s, selectSession, []byte("x")), "SEARCH console_sessions USING INDEX sqlite_autoindex_console_sessions_1 (digest=?)"},
		{page(consolesession.Query{After: after}), "SEARCH console_sessions USING INDEX console_sessions_newest ((created,id)<(?,?))"},
		{page(consolesession.Query{Whose: whose, After: after}),
			"SEARCH console_sessions USING INDEX console_sessions_subject (subject=? AND environment=? AND (created,id)<(?,?))"},
		{plan(t, s, forgetSessions, 1, 2), "SEARCH console_sessions USING COVERING INDEX sqlite_autoindex_console_sessions_1 (digest=?)|LIST SUBQUERY 1|" +
			"SEARCH console_sessions USING INDEX console_sessions_ends (ends<?)"},
	} {
		if tt.got != tt.want {
			t.Errorf("got plan %s\nwant plan %s", tt.got, tt.want)
		}
	}
}
