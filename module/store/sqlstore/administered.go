package sqlstore

import (
	"context"

	"github.com/doorward/doorward/policyengine/pap"
)

// What the tables of policies, boundaries, groups, users and bindings have in common.

// absent makes "no row" the contract's word for it.
func absent(err error) error { return noRow(err, pap.ErrNotFound) }

// taken makes a key that another row has the contract's word for it. Only for inserts and updates of those tables.
func (s *Store) taken(err error) error {
	if err != nil && s.dialect.Taken(err) {
		return verdict{pap.ErrExists}
	}
	return err
}

// readOne reads one row outside of any transaction. With an error the record is empty.
func readOne[T any](ctx context.Context, s *Store, what string, scan func(scanner) (T, error), text string, key string) (T, error) {
	var one T
	err := s.try(ctx, func(ctx context.Context) (err error) {
		one, err = scan(s.reader.QueryRowContext(ctx, text, key))
		return err
	})
	if err != nil {
		var none T
		return none, s.faultOf(ctx, what, absent(err))
	}
	return one, nil
}

// readPage reads a page of rows in the order of their identifiers, which are in the column named key.
func readPage[T any](ctx context.Context, s *Store, what string, scan func(scanner) (T, error), text string, c conditions,
	key string, p pap.Page) ([]T, error) {
	size, err := p.Size()
	if err != nil {
		return nil, err
	}
	if p.After != "" {
		c.add(key+" > ?", p.After)
	}
	text += c.where() + ` ORDER BY ` + key + ` LIMIT ?`
	var page []T
	err = s.try(ctx, func(ctx context.Context) (err error) {
		page, err = list(ctx, s.reader, scan, text, append(c.values, size)...)
		return err
	})
	if err != nil {
		return nil, s.faultOf(ctx, what, err)
	}
	return page, nil
}

// atLevel adds the level unless it is the zero Level, which stands for any.
func (c *conditions) atLevel(l pap.Level) {
	if l != (pap.Level{}) {
		c.add("level_type = ? AND level_id = ?", l.Type, l.ID)
	}
}

// room refuses one more where there are limit already. The count is an index's.
func room(ctx context.Context, tx session, limit int, table string, c conditions) error {
	n, err := count(ctx, tx, table, c)
	if err == nil && n >= limit {
		return verdict{pap.ErrFull}
	}
	return err
}

func count(ctx context.Context, db session, table string, c conditions) (n int, err error) {
	err = db.QueryRowContext(ctx, `SELECT count(*) FROM `+table+c.where(), c.values...).Scan(&n)
	return n, err
}

// readCount counts rows outside of any transaction.
func readCount(ctx context.Context, s *Store, table string, c conditions) (n int, err error) {
	err = s.try(ctx, func(ctx context.Context) (err error) {
		n, err = count(ctx, s.reader, table, c)
		return err
	})
	if err != nil {
		return 0, s.faultOf(ctx, "count of "+table, err)
	}
	return n, nil
}

// gone executes a DELETE … RETURNING true that is to delete one row.
func gone(ctx context.Context, tx session, text, key string) error {
	var was bool
	return absent(tx.QueryRowContext(ctx, text, key).Scan(&was))
}

func scanText(row scanner) (text string, err error) {
	err = row.Scan(&text)
	return text, err
}
