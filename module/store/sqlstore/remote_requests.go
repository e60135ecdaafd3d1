package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/doorward/doorward/remote"
)

const (
	requestColumns = `id, user_id, reason, ticket, created, created_by, asked_role, asked_days, role, days, state, changed, changed_by,
	approvals, pending_until, expires, break_glass, review_by, reviewed, reviewed_by, review`
	selectRequest    = `SELECT ` + requestColumns + ` FROM remote_requests`
	selectOneRequest = selectRequest + ` WHERE id = ?`

	// No limit: the service bounds how many are open, and of a part of them nobody could say who gets in. The condition is
	// word for word that of the index, which is named because the planner would take the one of the states, and sort.
	selectOpenRequests = selectRequest + ` INDEXED BY remote_requests_open WHERE state IN ('PENDING', 'ACCEPTED') ORDER BY id`
)

// RemoteRequest returns the request with this identifier, as it is stored.
func (s *Store) RemoteRequest(ctx context.Context, id string) (r remote.Request, err error) {
	err = s.try(ctx, func(ctx context.Context) (err error) {
		r, err = scanRequest(s.reader.QueryRowContext(ctx, selectOneRequest, id))
		return err
	})
	if err != nil {
		return remote.Request{}, s.faultOf(ctx, "remote request", noRow(err, remote.ErrNotFound))
	}
	return r, nil
}

// RemoteAccess returns the setting and all open requests, both as of the same moment.
func (s *Store) RemoteAccess(ctx context.Context) (c remote.Current, err error) {
	err = s.look(ctx, func(tx session) (err error) {
		c, err = readAccess(ctx, tx)
		return err
	})
	if err != nil {
		return remote.Current{}, s.faultOf(ctx, "remote access", err)
	}
	return c, nil
}

// readAccess reads inside a transaction.
func readAccess(ctx context.Context, tx session) (c remote.Current, err error) {
	if c.Setting, err = readRemoteSetting(ctx, tx); err != nil {
		return remote.Current{}, err
	}
	c.Open, err = list(ctx, tx, scanRequest, selectOpenRequests)
	return c, err
}

// scanRequest takes no word that it does not know for a role: a damaged row is a fault, and lets nobody in.
func scanRequest(row scanner) (remote.Request, error) {
	var r remote.Request
	var created int64
	err := row.Scan(&r.ID, &r.User, &r.Reason, &r.Ticket, &created, &r.By, (*role)(&r.AskedRole), &r.AskedDays, (*role)(&r.Role), &r.Days,
		&r.State, (*instant)(&r.Changed), &r.ChangedBy, (*names)(&r.Approvals), (*instant)(&r.PendingUntil), (*instant)(&r.Expires),
		&r.BreakGlass, (*instant)(&r.ReviewBy), (*instant)(&r.Reviewed), &r.ReviewedBy, &r.Review)
	if err != nil {
		return remote.Request{}, err
	}
	if _, known := remote.ParseState(string(r.State)); !known {
		return remote.Request{}, fmt.Errorf("a request is in the state %.40q", string(r.State))
	}
	r.Created = time.UnixMilli(created).UTC()
	return r, nil
}

// role is stored by the name that it has in the API, which outlives the order of the constants; "" is remote.NoRole.
type role remote.Role

// Scan is sql.Scanner's.
func (r *role) Scan(v any) error {
	name, ok := v.(string)
	if !ok {
		return fmt.Errorf("a role is stored as %T", v)
	}
	known, ok := remote.ParseRole(name)
	if !ok && name != "" {
		return fmt.Errorf("there is no role %.40q", name)
	}
	*r = role(known)
	return nil
}
