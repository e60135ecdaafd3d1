package sqlstore

import (
	"context"
	"database/sql"
	"errors"
)

// ErrUnfinished says that a copy into the store was begun and has not ended. The row with the revision is written last.
var ErrUnfinished = errors.New("is the target of a copy that has not ended; run `doorward store copy` again, and it goes on")

// Whole is the database itself, past the contract, for whoever copies or fills all of it.
type Whole struct {
	Engine          string  // Dialect.Name
	Reading, Writer *sql.DB // they stay the store's
	// Storable and Original are what texts are put through on their way in and out. They do nothing where every text is stored
	// as it is.
	Storable, Original func(string) string
	// Again reports whether a transaction that failed can be tried again.
	Again func(error) bool
}

// Whole gives access to the tables.
func (s *Store) Whole() Whole {
	same := func(text string) string { return text }
	w := Whole{Engine: s.dialect.Name, Reading: s.reading, Writer: s.writer, Storable: same, Original: same, Again: s.dialect.Again}
	if s.speak != nil {
		w.Storable, w.Original = storable, original
	}
	return w
}

// requireFinished refuses what a copy has begun, unless that is asked for.
func (s *Store) requireFinished(ctx context.Context) error {
	var revision int64
	err := s.reader.QueryRowContext(ctx, `SELECT revision FROM store_state`).Scan(&revision)
	if errors.Is(err, sql.ErrNoRows) {
		if s.opt.Unfinished {
			return nil
		}
		return ErrUnfinished
	}
	return err
}
