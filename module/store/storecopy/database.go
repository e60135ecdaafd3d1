package storecopy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/module/store/sqlstore"
)

// patience is how long a transaction goes on being tried while others are in the way.
const patience = 30 * time.Second

// database is a store seen as tables.
type database struct {
	sqlstore.Whole
	store  store.Store
	engine engine
	tables []table // those that others refer to come first
}

var errEngine = errors.New("stores of this kind cannot be copied")

func openTables(ctx context.Context, s store.Store) (*database, error) {
	whole, ok := s.(interface{ Whole() sqlstore.Whole })
	if !ok {
		return nil, errEngine
	}
	d := &database{Whole: whole.Whole(), store: s}
	if d.engine, ok = engines[d.Engine]; !ok {
		return nil, errEngine
	}
	return d, d.readSchema(ctx)
}

// table is the one of that name, which is there.
func (d *database) table(name string) (table, error) {
	i := slices.IndexFunc(d.tables, func(t table) bool { return t.name == name })
	if i < 0 {
		return table{}, fmt.Errorf("there is no table %s", name)
	}
	return d.tables[i], nil
}

// roomily does much to the database.
func (d *database) roomily(ctx context.Context, do func() error) error {
	if d.engine.roomy == "" {
		return do()
	}
	if _, err := d.Writer.ExecContext(ctx, d.engine.roomy); err != nil {
		return err
	}
	err := do()
	_, after := d.Writer.ExecContext(context.WithoutCancel(ctx), d.engine.modest)
	return errors.Join(err, after)
}

// write does something in a transaction, again where somebody else was in the way.
func (d *database) write(ctx context.Context, do func(*sql.Tx) error) error {
	return sqlstore.Patiently(ctx, patience, d.Again, func() error {
		tx, err := d.Writer.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback() // after a commit this does nothing
		if d.engine.begin != "" {
			if _, err := tx.ExecContext(ctx, d.engine.begin); err != nil {
				return err
			}
		}
		if err := do(tx); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// silently does something with a table whose triggers do not notice.
func (d *database) silently(ctx context.Context, tx *sql.Tx, t table, do func() error) error {
	restore, err := d.engine.silence(ctx, tx, t.name)
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err // and the transaction with it, so the triggers are as they were
	}
	return restore()
}

// exec runs a statement of values in the words of the engine: ? stands for each.
func (d *database) exec(ctx context.Context, tx *sql.Tx, text string, values ...any) (sql.Result, error) {
	return tx.ExecContext(ctx, d.put(text), values...)
}

// put counts placeholders where the engine wants that. No text of this package has a question mark for anything else.
func (d *database) put(text string) string {
	var put []byte
	n := 0
	for _, c := range []byte(text) {
		if c != '?' {
			put = append(put, c)
			continue
		}
		n++
		put = append(put, d.engine.placeholder(n)...)
	}
	return string(put)
}

// mark is the state that a store is in, as far as numbers say: all changes raise one of them, but for the time at which something
// was last used.
type mark struct {
	Revision int64        `json:"revision"`
	Before   int64        `json:"before"`
	Last     int64        `json:"last"`
	Outcomes int64        `json:"outcomes"`
	Hash     audit.Digest `json:"hash"`
}

func (m mark) isNew() bool { return m.Revision == 0 && m.Last == 0 && m.Outcomes == 0 }

func (d *database) mark(ctx context.Context) (mark, error) {
	head, err := d.store.AuditHead(ctx)
	if err != nil {
		return mark{}, err
	}
	revision, err := d.store.Revision(ctx)
	return mark{revision, head.Before, head.Last, head.Outcomes, head.Hash}, err
}

// continues reports whether the store was once in that state: the event that its trail ended with is in it still.
func (d *database) continues(ctx context.Context, earlier mark) (bool, error) {
	if earlier.Last <= earlier.Before {
		return true, nil // there was no chain yet that could tell
	}
	links, err := d.store.AuditChain(ctx, earlier.Last-1, 1)
	return err == nil && len(links) == 1 && links[0].ID == earlier.Last && links[0].Hash == earlier.Hash, err
}
