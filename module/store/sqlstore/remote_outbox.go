package sqlstore

import (
	"context"
	"time"

	"github.com/doorward/doorward/remote/notify"
)

// maxDue bounds what is handed out at once.
const maxDue = 1000

// outbox is the store as those see it who send what people are to be told.
type outbox struct{ s *Store }

// Outbox is where the batches of entries go. It works as long as the store is open.
func (s *Store) Outbox() notify.Outbox { return outbox{s} }

// Add implements notify.Outbox.
func (o outbox) Add(ctx context.Context, b notify.Batch) error {
	return o.s.write(ctx, "add deliveries", func(tx session) error { return addDeliveries(ctx, tx, b) })
}

const (
	deliveryColumns = `id, channel, target, first_at, next_at, attempts, event, time, request_id, user_id, role, days, reason, ticket,
	state, actor, environment, expires, review_by`
	insertDelivery = `INSERT INTO deliveries (` + deliveryColumns + `)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`

	// What was dropped counts as finished when it would have been tried next: until then the same could be planned again.
	dropDeliveries = `UPDATE deliveries SET finished = next_at
	WHERE finished IS NULL AND request_id = ? AND event IN (SELECT value FROM json_each(?))`
)

// addDeliveries applies a batch inside the transaction of the change that it tells of.
func addDeliveries(ctx context.Context, tx session, b notify.Batch) error {
	if len(b.Drop) > 0 {
		events := make([]string, len(b.Drop))
		for i, event := range b.Drop {
			events[i] = string(event)
		}
		if _, err := tx.ExecContext(ctx, dropDeliveries, b.RequestID, set(events)); err != nil {
			return err
		}
	}
	for _, d := range b.Deliveries {
		n := d.Notice
		_, err := tx.ExecContext(ctx, insertDelivery, d.ID, string(d.Channel), d.Target, d.First.UnixMilli(), d.Next.UnixMilli(), d.Attempts,
			string(n.Event), n.Time.UnixMilli(), n.RequestID, n.User, n.Role, n.Days, n.Reason, n.Ticket, n.State, n.Actor, n.Environment,
			instant(n.Expires), instant(n.ReviewBy))
		if err != nil {
			return err
		}
	}
	return nil
}

const (
	isDue       = ` FROM deliveries WHERE finished IS NULL AND next_at <= ?`
	selectDue   = `SELECT ` + deliveryColumns + isDue + ` ORDER BY next_at, id LIMIT ?`
	selectAnyIs = `SELECT EXISTS (SELECT 1` + isDue + `)`
	handOut     = `UPDATE deliveries SET next_at = ?, attempts = attempts + 1 WHERE id IN (SELECT value FROM json_each(?))`
)

// Due implements notify.Outbox. A limit above 1,000 counts as 1,000.
func (o outbox) Due(ctx context.Context, now, until time.Time, limit int) ([]notify.Delivery, error) {
	// Mostly there is nothing. Every node asks every few seconds, and must not take the write lock to hear so.
	var some bool
	err := o.s.try(ctx, func(ctx context.Context) error {
		return o.s.reader.QueryRowContext(ctx, selectAnyIs, now.UnixMilli()).Scan(&some)
	})
	if err != nil {
		return nil, o.s.faultOf(ctx, "due deliveries", err)
	}
	if !some || limit <= 0 { // a limit below 0 is none to SQLite
		return nil, nil
	}
	var due []notify.Delivery
	err = o.s.write(ctx, "hand out deliveries", func(tx session) (err error) {
		if due, err = list(ctx, tx, scanDelivery, selectDue, now.UnixMilli(), min(limit, maxDue)); err != nil {
			return err
		}
		ids := make([]string, len(due))
		for i := range due {
			due[i].Attempts++
			due[i].Next = time.UnixMilli(until.UnixMilli()).UTC()
			ids[i] = due[i].ID
		}
		_, err = tx.ExecContext(ctx, handOut, until.UnixMilli(), set(ids))
		return err
	})
	if err != nil {
		return nil, err // not what was nearly handed out
	}
	return due, nil
}

func scanDelivery(row scanner) (notify.Delivery, error) {
	var d notify.Delivery
	var first, next, at int64
	n := &d.Notice
	err := row.Scan(&d.ID, &d.Channel, &d.Target, &first, &next, &d.Attempts, &n.Event, &at, &n.RequestID, &n.User, &n.Role, &n.Days,
		&n.Reason, &n.Ticket, &n.State, &n.Actor, &n.Environment, (*instant)(&n.Expires), (*instant)(&n.ReviewBy))
	d.First, d.Next, n.Time = time.UnixMilli(first).UTC(), time.UnixMilli(next).UTC(), time.UnixMilli(at).UTC()
	return d, err
}

// Later implements notify.Outbox. The count of attempts tells whether somebody else has it by now.
func (o outbox) Later(ctx context.Context, d notify.Delivery, next time.Time) error {
	return o.s.write(ctx, "put off a delivery", func(tx session) error {
		_, err := tx.ExecContext(ctx, `UPDATE deliveries SET next_at = ? WHERE id = ? AND attempts = ? AND finished IS NULL`,
			next.UnixMilli(), d.ID, d.Attempts)
		return err
	})
}

// Done implements notify.Outbox.
func (o outbox) Done(ctx context.Context, d notify.Delivery, at time.Time) error {
	return o.s.write(ctx, "finish a delivery", func(tx session) error {
		_, err := tx.ExecContext(ctx, `UPDATE deliveries SET finished = ? WHERE id = ? AND finished IS NULL`, at.UnixMilli(), d.ID)
		return err
	})
}

const forgetDeliveries = `DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE finished < ? ORDER BY finished LIMIT ?)`

// Forget implements notify.Outbox.
func (o outbox) Forget(ctx context.Context, before time.Time) (int, error) {
	return o.s.forget(ctx, "forget deliveries", forgetDeliveries, before)
}
