package storecopy

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"

	"github.com/doorward/doorward/module/store"
)

// Batch is rows of a table, for Fill. A value is nil, an int64 (flags are 0 and 1), a string or a []byte.
type Batch struct {
	Table   string
	Columns []string
	Rows    [][]any
}

// Fill makes a store of rows, past everything that would check them or add to them: side tables, the end of the audit trail and the
// revision have to be among them, and rows that others refer to come before those. It is for measurements of large stores. The store
// must be new, opened with store.Options.Unfinished. A batch is one transaction; after an error the store is of no use any more.
func Fill(ctx context.Context, s store.Store, batches iter.Seq[Batch]) error {
	d, err := openTables(ctx, s)
	if err != nil {
		return err
	}
	empty, err := d.isEmpty(ctx)
	if err != nil {
		return err
	}
	if !empty {
		return ErrNotEmpty
	}
	return d.roomily(ctx, func() error {
		if err := d.write(ctx, func(tx *sql.Tx) error { return d.empty(ctx, tx) }); err != nil {
			return err
		}
		for b := range batches {
			if err := d.fillTable(ctx, b); err != nil {
				return fmt.Errorf("table %s: %w", b.Table, err)
			}
		}
		if err := d.write(ctx, func(tx *sql.Tx) error { return d.numberOn(ctx, tx) }); err != nil {
			return err
		}
		return d.analyze(ctx)
	})
}

func (d *database) fillTable(ctx context.Context, b Batch) error {
	t, err := d.table(b.Table)
	if err != nil {
		return err
	}
	given := table{name: t.name}
	for _, name := range b.Columns {
		i := slices.IndexFunc(t.columns, func(c column) bool { return c.name == name })
		if i < 0 {
			return fmt.Errorf("there is no column %s", name)
		}
		given.columns = append(given.columns, t.columns[i])
	}
	rows := make([]row, len(b.Rows))
	for i, r := range b.Rows {
		rows[i] = r
	}
	return d.write(ctx, func(tx *sql.Tx) error { return d.append(ctx, tx, given, rows) })
}
