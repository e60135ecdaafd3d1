// Package storecopy copies a store into another one, of any engine: every row of every table, with its keys, so that gateways go on
// with the copy where they were.
//
// A copy that was interrupted goes on where it was. The target has no revision before all of it is there and verified, so no gateway can
// start on half of it.
package storecopy

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store"
)

var (
	// ErrNothing says that the source is a new store.
	ErrNothing = errors.New("there is nothing in the source; name a store that has been used")
	// ErrNotEmpty says that the target is in use, or is the source itself.
	ErrNotEmpty = errors.New("the target is not empty; name a new database, or an unfinished copy of the same source")
	// ErrOtherSource says that the target was to become a copy of another store.
	ErrOtherSource = errors.New("the target is an unfinished copy of another store; name a new database, or go on with that source")
	// ErrChanged says that somebody has changed the source meanwhile.
	ErrChanged = errors.New("the source has changed while it was copied; stop all gateways that use it " +
		"(systemctl stop doorward, docker compose stop, kubectl scale --replicas=0) and copy again: it begins anew")
)

// Options of a copy. The zero value is right for production.
type Options struct {
	// Batch is how many rows a transaction has. 0 means 5,000.
	Batch int
	// Progress is told of every batch; nil for nobody.
	Progress func(Progress)
}

// Progress says what a copy is doing.
type Progress struct {
	Step  Step
	Table string // "" for the whole
	Rows  int64  // of the table, in this step of this run
	Of    int    // tables
	Done  int    // tables that are
}

// Step is a part of a copy.
type Step string

// The steps, in their order. One of the first three tells how the copy begins.
const (
	Begins    Step = "begins"
	GoesOn    Step = "goes on"
	Again     Step = "begins anew" // the source has changed since; what was copied is removed
	Copying   Step = "copying"
	Verifying Step = "verifying"
)

// Result is a copy that has ended well.
type Result struct {
	Revision int64 // of both stores
	Tables   []Table
	// Trail is the audit trail of the target. A break in it is one that the source has too.
	Trail audit.Report
}

// Table is one that was copied.
type Table struct {
	Name   string
	Rows   int64
	Digest Digest // the same in both
}

// Copy copies all of from into to, which must be new or what an earlier Copy has begun, opened with store.Options.Unfinished. Nobody may
// change the source meanwhile: that is found out in the end, and then the next Copy begins anew. It may be ended at any instant, by ctx
// or by force, and called again.
func Copy(ctx context.Context, from, to store.Store, opt Options) (Result, error) {
	c := copier{opt: opt}
	c.opt.Batch = cmp.Or(max(opt.Batch, 0), 5000)
	var err error
	if c.from, err = openTables(ctx, from); err != nil {
		return Result{}, fmt.Errorf("source: %w", err)
	}
	if c.to, err = openTables(ctx, to); err != nil {
		return Result{}, fmt.Errorf("target: %w", err)
	}
	if err := compare(c.from.tables, c.to.tables); err != nil {
		return Result{}, err
	}
	var result Result
	err = c.to.roomily(ctx, func() (err error) {
		if err := c.begin(ctx); err != nil {
			return err
		}
		if err := c.copyTables(ctx); err != nil {
			return err
		}
		result, err = c.end(ctx)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	return result, nil
}

type copier struct {
	from, to *database
	opt      Options
	note     *note
	step     Step
}

func (c *copier) tell(table string, rows int64, done int) {
	if c.opt.Progress != nil {
		c.opt.Progress(Progress{c.step, table, rows, len(c.from.tables), done})
	}
}

// begin finds out where the copy is, and empties the target where it is at its beginning.
func (c *copier) begin(ctx context.Context) error {
	now, err := c.from.mark(ctx)
	if err != nil {
		return fmt.Errorf("source: %w", err)
	}
	if now.isNew() {
		return ErrNothing
	}
	if c.note, err = c.to.readNote(ctx); err != nil {
		return fmt.Errorf("target: %w", err)
	}
	if c.note == nil || !c.note.Begun {
		if err := c.announce(ctx, now); err != nil {
			return err
		}
	} else if err := c.resume(ctx, now); err != nil {
		return err
	}
	c.tell("", 0, c.note.Done)
	if c.note.Begun {
		return nil
	}
	return c.to.move(ctx, c.note, place{Begun: true}, func(tx *sql.Tx) error { return c.to.empty(ctx, tx) })
}

// announce is for a target in which nothing was done yet.
func (c *copier) announce(ctx context.Context, now mark) error {
	c.step = Begins
	empty, err := c.to.isEmpty(ctx)
	if err != nil {
		return fmt.Errorf("target: %w", err)
	}
	if !empty {
		return ErrNotEmpty
	}
	if c.note == nil {
		if c.note, err = c.to.makeNote(ctx, now); err != nil {
			return fmt.Errorf("target: %w", err)
		}
	}
	c.note.Source = now
	return nil
}

// resume decides whether what is there can be gone on with.
func (c *copier) resume(ctx context.Context, now mark) error {
	ours, err := c.from.continues(ctx, c.note.Source)
	switch {
	case err != nil:
		return fmt.Errorf("source: %w", err)
	case !ours:
		return ErrOtherSource
	case c.note.Source == now && !c.note.Anew:
		c.step = GoesOn
		return nil
	}
	c.step = Again
	c.note.Source, c.note.place = now, place{}
	return nil
}

// copyTables goes on with the table of the note.
func (c *copier) copyTables(ctx context.Context) error {
	c.step = Copying
	for i, t := range c.from.tables {
		if i < c.note.Done || t.name == stateTable {
			continue
		}
		target, err := c.to.table(t.name)
		if err != nil {
			return err
		}
		if err := c.copyTable(ctx, i, t, target); err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
	}
	return nil
}

// copyTable copies what is missing of a table, a batch in each transaction.
func (c *copier) copyTable(ctx context.Context, i int, t, target table) error {
	var after row
	if c.note.Table == t.name {
		var err error
		if after, err = readNoted(c.note.After); err != nil {
			return err
		}
	}
	for copied := int64(0); ; {
		rows, err := c.from.read(ctx, t, after, c.opt.Batch)
		if err != nil {
			return err
		}
		next := place{Begun: true, Done: i + 1}
		if len(rows) > 0 {
			after = keyOf(t, rows[len(rows)-1])
			next = place{Begun: true, Table: t.name, After: noted(after), Done: i}
		}
		if err := c.to.move(ctx, c.note, next, func(tx *sql.Tx) error { return c.to.append(ctx, tx, target, rows) }); err != nil {
			return err
		}
		copied += int64(len(rows))
		c.tell(t.name, copied, c.note.Done)
		if len(rows) == 0 {
			return nil
		}
	}
}

// append writes rows as they are, whatever triggers would say or do.
func (d *database) append(ctx context.Context, tx *sql.Tx, t table, rows []row) error {
	if len(rows) == 0 {
		return nil
	}
	return d.silently(ctx, tx, t, func() error { return d.insert(ctx, tx, t, rows) })
}
