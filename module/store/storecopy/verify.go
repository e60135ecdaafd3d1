package storecopy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store"
)

// end verifies what was copied, and then makes a store of it.
func (c *copier) end(ctx context.Context) (Result, error) {
	c.step = Verifying
	result := Result{Revision: c.note.Source.Revision}
	if err := c.to.analyze(ctx); err != nil {
		return Result{}, fmt.Errorf("target: %w", err)
	}
	for i, t := range c.from.tables {
		if t.name == stateTable {
			continue
		}
		same, err := c.verify(ctx, i, t)
		if err != nil {
			return Result{}, err
		}
		result.Tables = append(result.Tables, same)
	}
	var err error
	if result.Trail, err = store.VerifyTrail(ctx, c.to.store, audit.Digest{}); err != nil {
		return Result{}, fmt.Errorf("target: %w", err)
	}
	return result, c.finish(ctx)
}

// verify counts and digests a table on both sides. The source is read once more, so that a change of what was copied shows, also one
// that no revision tells of.
func (c *copier) verify(ctx context.Context, i int, t table) (Table, error) {
	target, err := c.to.table(t.name)
	if err != nil {
		return Table{}, err
	}
	var there, here Table
	var errThere, errHere error
	var both sync.WaitGroup
	both.Go(func() {
		there, errThere = c.from.digest(ctx, t, c.opt.Batch, func(rows int64) { c.tell(t.name, rows, i) })
	})
	both.Go(func() { here, errHere = c.to.digest(ctx, target, c.opt.Batch, func(int64) {}) })
	both.Wait()
	if err := errors.Join(errThere, errHere); err != nil {
		return Table{}, fmt.Errorf("table %s: %w", t.name, err)
	}
	if there != here {
		return Table{}, c.giveUp(ctx, fmt.Errorf("the table %s differs, with %d and %d rows: %w", t.name, there.Rows, here.Rows, ErrChanged))
	}
	return here, nil
}

// giveUp notes that the next copy has to begin anew.
func (c *copier) giveUp(ctx context.Context, reason error) error {
	return errors.Join(reason, c.to.move(ctx, c.note, place{Begun: true, Anew: true}, func(*sql.Tx) error { return nil }))
}

func (d *database) digest(ctx context.Context, t table, batch int, tell func(rows int64)) (Table, error) {
	result := Table{Name: t.name}
	for after := row(nil); ; {
		rows, err := d.read(ctx, t, after, batch)
		if err != nil || len(rows) == 0 {
			return result, err
		}
		for _, r := range rows {
			result.Digest.add(r)
		}
		result.Rows += int64(len(rows))
		tell(result.Rows)
		after = keyOf(t, rows[len(rows)-1])
	}
}

// finish gives the target its revision, which makes a store of it, where the source is still in the state that was copied.
func (c *copier) finish(ctx context.Context) error {
	now, err := c.from.mark(ctx)
	if err != nil {
		return fmt.Errorf("source: %w", err)
	}
	if now != c.note.Source {
		return c.giveUp(ctx, fmt.Errorf("its revision was %d and is %d now: %w", c.note.Source.Revision, now.Revision, ErrChanged))
	}
	t, err := c.from.table(stateTable)
	if err != nil {
		return err
	}
	target, err := c.to.table(stateTable)
	if err != nil {
		return err
	}
	rows, err := c.from.read(ctx, t, nil, 2)
	if err != nil {
		return fmt.Errorf("source: %w", err)
	}
	err = c.to.move(ctx, c.note, place{Begun: true, Done: len(c.to.tables)}, func(tx *sql.Tx) error {
		if err := c.to.append(ctx, tx, target, rows); err != nil {
			return err
		}
		if err := c.to.numberOn(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DROP TABLE `+noteTable)
		return err
	})
	if err != nil {
		return fmt.Errorf("target: %w", err)
	}
	return nil
}

// numberOn makes the database go on numbering after the rows that are there.
func (d *database) numberOn(ctx context.Context, tx *sql.Tx) error {
	if d.engine.number == nil {
		return nil
	}
	for _, t := range d.tables {
		for _, c := range t.columns {
			if !c.numbered {
				continue
			}
			if err := d.engine.number(ctx, tx, t.name, c.name); err != nil {
				return err
			}
		}
	}
	return nil
}

// analyze tells the database how large its tables have become: without that it reads a million rows for want of knowing better.
func (d *database) analyze(ctx context.Context) error {
	if d.engine.analyze == "" {
		return nil
	}
	for _, t := range d.tables {
		err := d.write(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, fmt.Sprintf(d.engine.analyze, quoted(t.name)))
			return err
		})
		if err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
	}
	return nil
}
