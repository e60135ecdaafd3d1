package storecopy

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// note is how far a copy is. It is one row of a table of its own in the target, and is changed in the transactions that copy.
type note struct {
	Source mark `json:"source"` // the state of the source when the copy began
	place
	text string // as it is stored
}

// place is where a copy goes on.
type place struct {
	Begun bool     `json:"begun"`           // the target has been emptied of what a new store has
	Anew  bool     `json:"anew,omitempty"`  // what was copied does not fit together
	Table string   `json:"table,omitempty"` // the one that is being copied; those before it are done
	After []string `json:"after,omitempty"` // key of its last row that was copied
	Done  int      `json:"done,omitempty"`  // tables that are
}

var (
	errOther = errors.New("somebody else is copying into the target at the same time")
	errLost  = errors.New("the target has a note of a copy that is none")
)

// readNote returns nil where no copy was begun.
func (d *database) readNote(ctx context.Context) (*note, error) {
	var there int
	text := `SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = ?`
	if d.Engine == "sqlite" {
		text = `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?`
	}
	if err := d.Reading.QueryRowContext(ctx, d.put(text), noteTable).Scan(&there); err != nil || there == 0 {
		return nil, err
	}
	n := &note{}
	if err := d.Reading.QueryRowContext(ctx, `SELECT place FROM `+noteTable).Scan(&n.text); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(n.text), n); err != nil {
		return nil, errLost
	}
	return n, nil
}

// makeNote announces a copy. Who announces it at the same time fails.
func (d *database) makeNote(ctx context.Context, of mark) (*note, error) {
	n := &note{Source: of}
	text, err := json.Marshal(n)
	if err != nil {
		return nil, err
	}
	n.text = string(text)
	err = d.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `CREATE TABLE `+noteTable+` (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), place TEXT NOT NULL)`); err != nil {
			return err
		}
		_, err := d.exec(ctx, tx, `INSERT INTO `+noteTable+` (only_row, place) VALUES (1, ?)`, n.text)
		return err
	})
	return n, err
}

// move does one step of the copy and notes it, both or neither. It fails where the place is not the one that was noted.
func (d *database) move(ctx context.Context, n *note, to place, do func(*sql.Tx) error) error {
	next := note{Source: n.Source, place: to}
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	next.text = string(text)
	err = d.write(ctx, func(tx *sql.Tx) error {
		moved, err := d.exec(ctx, tx, `UPDATE `+noteTable+` SET place = ? WHERE place = ?`, next.text, n.text)
		if err != nil {
			return err
		}
		if rows, err := moved.RowsAffected(); err != nil || rows != 1 {
			return errors.Join(err, errOther)
		}
		return do(tx)
	})
	if err == nil {
		*n = next
	}
	return err
}

// empty removes all that a copy, or the schema itself, has put into the target.
func (d *database) empty(ctx context.Context, tx *sql.Tx) error {
	for i := range d.tables {
		t := d.tables[len(d.tables)-1-i] // who refers to others goes before them
		err := d.silently(ctx, tx, t, func() error {
			_, err := tx.ExecContext(ctx, `DELETE FROM `+quoted(t.name)) //nolint:gosec // a name of our own schema
			return err
		})
		if err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
	}
	return nil
}

// isEmpty reports whether nobody has done anything with the store yet.
func (d *database) isEmpty(ctx context.Context) (bool, error) {
	m, err := d.mark(ctx)
	if err != nil || !m.isNew() {
		return false, err
	}
	for _, t := range d.tables {
		if t.name == stateTable || t.name == headTable {
			continue
		}
		rows, err := d.read(ctx, t, nil, 1)
		if err != nil || len(rows) > 0 {
			return false, err
		}
	}
	return true, nil
}
