package sqlstore

import (
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/remote"
)

// TestRemotePlans keeps the questions about remote access on their indexes. Nothing is sorted.
func TestRemotePlans(t *testing.T) {
	s := openNew(t)
	place := remote.Place{Created: time.UnixMilli(5), ID: "x"}
	const (
		search = "SEARCH remote_requests USING INDEX "
		merged = "MERGE (UNION ALL)|LEFT|MERGE (UNION ALL)|LEFT|%|RIGHT|%|RIGHT|%"
	)
	for name, tt := range map[string]struct {
		q           remote.Query
		first, next string // plans of the first page and of a later one
	}{
		"all": {remote.Query{}, "SCAN remote_requests USING INDEX remote_requests_newest", search + "remote_requests_newest ((created,id)<(?,?))"},
		"user": {remote.Query{User: "u"}, search + "remote_requests_user (user_id=?)",
			search + "remote_requests_user (user_id=? AND (created,id)<(?,?))"},
		"pending": {remote.Query{State: remote.Pending}, search + "remote_requests_state (state=?)",
			search + "remote_requests_state (state=? AND (created,id)<(?,?))"},
		"accepted of a user": {remote.Query{State: remote.Accepted, User: "u"}, search + "remote_requests_user_state (user_id=? AND state=?)",
			search + "remote_requests_user_state (user_id=? AND state=? AND (created,id)<(?,?))"},
		"unreviewed": {remote.Query{Unreviewed: true}, "SCAN remote_requests USING INDEX remote_requests_unreviewed",
			search + "remote_requests_unreviewed ((created,id)<(?,?))"},
		"unreviewed of a user": {remote.Query{Unreviewed: true, User: "u", State: remote.Accepted},
			"SCAN remote_requests USING INDEX remote_requests_unreviewed", search + "remote_requests_unreviewed ((created,id)<(?,?))"},
		"expired": {remote.Query{State: remote.Expired}, strings.ReplaceAll(merged, "%", search+"remote_requests_state (state=?)"),
			strings.ReplaceAll(merged, "%", search+"remote_requests_state (state=? AND (created,id)<(?,?))")},
		"expired of a user": {remote.Query{State: remote.Expired, User: "u"}, strings.ReplaceAll(merged, "%", search+"remote_requests_user_state (user_id=? AND state=?)"),
			strings.ReplaceAll(merged, "%", search+"remote_requests_user_state (user_id=? AND state=? AND (created,id)<(?,?))")},
	} {
		for want, q := range map[string]remote.Query{tt.first: tt.q, tt.next: {User: tt.q.User, State: tt.q.State, Unreviewed: tt.q.Unreviewed, After: place}} {
			text, values := requestPage(Dialect{}, q, 10)
			if got := plan(t, s, text, values...); got != want {
				t.Errorf("%s\n got plan %s\nwant plan %s", name, got, want)
			}
		}
	}
}

// TestRemoteChangePlans is the same for what a change, a look of the outbox and the forgetting ask.
func TestRemoteChangePlans(t *testing.T) {
	s := openNew(t)
	now := time.UnixMilli(5).UnixMilli()
	const (
		byID     = "SEARCH deliveries USING COVERING INDEX sqlite_autoindex_deliveries_1 (id=?)|LIST SUBQUERY "
		requests = "SEARCH remote_requests USING INDEX sqlite_autoindex_remote_requests_1 (id=?)"
	)
	for _, tt := range []struct {
		text   string
		values []any
		want   string
	}{
		{selectOneRequest, []any{"x"}, requests},
		{selectOpenRequests, nil, "SCAN remote_requests USING INDEX remote_requests_open"},
		{forgetRequests, []any{now, 10}, strings.Replace(requests, "USING", "USING COVERING", 1) + "|LIST SUBQUERY 1|SEARCH remote_requests USING INDEX remote_requests_over (<expr><?)"},
		{selectAnyIs, []any{now}, "SCAN CONSTANT ROW|SCALAR SUBQUERY 1|SEARCH deliveries USING INDEX deliveries_due (next_at<?)"},
		{selectDue, []any{now, 10}, "SEARCH deliveries USING INDEX deliveries_due (next_at<?)"},
		{handOut, []any{now, `["x"]`}, byID + "1|SCAN json_each VIRTUAL TABLE INDEX 1:"},
		{dropDeliveries, []any{"x", `["x"]`}, "SEARCH deliveries USING INDEX deliveries_request (request_id=?)|" +
			"LIST SUBQUERY 1|SCAN json_each VIRTUAL TABLE INDEX 1:|CREATE BLOOM FILTER"},
		{forgetDeliveries, []any{now, 10}, byID + "1|SEARCH deliveries USING INDEX deliveries_finished (finished<?)"},
	} {
		if got := plan(t, s, tt.text, tt.values...); got != tt.want {
			t.Errorf("%s\n got plan %s\nwant plan %s", tt.text, got, tt.want)
		}
	}
}
