package sqlstore

import (
	"context"

	"github.com/doorward/doorward/remote"
)

// RemoteRequests returns a page of requests, as they are stored, newest first.
func (s *Store) RemoteRequests(ctx context.Context, q remote.Query) ([]remote.Request, error) {
	size, err := q.Size()
	if err != nil {
		return nil, err
	}
	text, values := requestPage(s.dialect, q, size)
	var page []remote.Request
	err = s.try(ctx, func(ctx context.Context) (err error) {
		page, err = list(ctx, s.reader, scanRequest, text, values...)
		return err
	})
	if err != nil {
		return nil, s.faultOf(ctx, "remote requests", err)
	}
	return page, nil
}

// requestPage reads a piece of an index, or three that SQLite merges: what is expired by now is stored in any of the states
// that time can end.
func requestPage(d Dialect, q remote.Query, size int) (string, []any) {
	from := selectRequest
	if q.Unreviewed {
		from += ` INDEXED BY remote_requests_unreviewed` // few, whoever they are of and however they stand
	}
	var arms []arm
	for _, c := range requestStates(q) {
		c.equal("user_id", q.User)
		if q.Unreviewed {
			c.add("break_glass = 1 AND reviewed IS NULL")
		}
		if q.After != (remote.Place{}) {
			c.add("(created, id) < (?, ?)", q.After.Created.UnixMilli(), q.After.ID)
		}
		arms = append(arms, armOf(from, c))
	}
	return d.merged(arms, ` ORDER BY created DESC, id DESC`, size)
}

// requestStates are the conditions under which a request is in the state that is asked for: see remote.Request.At. One that
// has no end although it should have one has lapsed.
func requestStates(q remote.Query) []conditions {
	now := q.Now.UnixMilli()
	stored := func(state remote.State, ends string, values ...any) (c conditions) {
		c.add("state = ?", string(state))
		if ends != "" {
			c.add(ends, values...)
		}
		return c
	}
	switch q.State {
	case "":
		return make([]conditions, 1)
	case remote.Pending:
		return []conditions{stored(remote.Pending, "pending_until > ?", now)}
	case remote.Accepted:
		return []conditions{stored(remote.Accepted, "expires > ?", now)}
	case remote.Expired:
		return []conditions{
			stored(remote.Expired, ""),
			stored(remote.Pending, "ifnull(pending_until <= ?, true)", now),
			stored(remote.Accepted, "ifnull(expires <= ?, true)", now),
		}
	}
	return []conditions{stored(q.State, "")}
}
