// Package sqlstore is the store of Doorward over any database that database/sql and a Dialect make speak like SQLite. The
// engines open their databases and say what is peculiar to them; everything that is asked and changed is here, once.
//
// A change takes the write lock when its transaction begins, whatever the engine: changes come one after the other, so revisions and
// the chain of the audit trail have no holes, and nobody who follows them can meet a later one first.
package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"time"
)

// Options bound the patience and the memory of a Store. The zero value is right for production.
type Options struct {
	// Patience is how long an operation goes on trying while it meets what Dialect.Again is true of. 0 means 5 s.
	Patience time.Duration
	// Bound is how long one try may take, whatever it waits for. 0 means as long as its caller lets it.
	Bound time.Duration
	// KeepChanges is how many of the newest changes are kept for followers. 0 means 100,000.
	KeepChanges int
	// Unfinished takes the target of a copy that has not ended, too.
	Unfinished bool
}

// Store is an open database. It is safe for concurrent use. Its methods are the contract of store.Store.
type Store struct {
	writer  *sql.DB
	reader  session
	reading *sql.DB
	speak   *speaker // nil where texts go to the database as they are written here
	dialect Dialect
	opt     Options

	// The statements of the request path and of every follower's look.
	tokenByID     question
	tokenByDigest question
	changesAfter  question
}

// New is a store whose changes go through writer and whose other questions through reader, which may be the same. Neither is used
// before Prepare. The store closes both.
func New(writer, reader *sql.DB, d Dialect, opt Options) *Store {
	opt.Patience = cmp.Or(opt.Patience, 5*time.Second)
	opt.KeepChanges = max(1, cmp.Or(opt.KeepChanges, 100_000))
	s := &Store{writer: writer, reading: reader, dialect: d, opt: opt}
	if d.Text != nil {
		s.speak = newSpeaker(d.Text)
	}
	s.reader = session{on: reader, speak: s.speak}
	return s
}

// Prepare readies the statements of the request path. The tables must be there: it fails where this binary and the schema do not
// agree.
func (s *Store) Prepare(ctx context.Context) error {
	for text, q := range map[string]*question{
		selectRecord + ` WHERE id = ?`:                    &s.tokenByID,
		selectRecord + ` WHERE legacy = 1 AND digest = ?`: &s.tokenByDigest,
		selectChangesAfter:                                &s.changesAfter,
	} {
		*q = question{session: s.reader, text: text}
		if err := q.ready(ctx, s.reading, s.dialect.Prepares); err != nil {
			return err
		}
	}
	return s.requireFinished(ctx)
}

// Ping reports whether the database answers a read.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.Revision(ctx)
	return err
}

// Close waits for running operations and closes the database. It may be called again.
func (s *Store) Close() error {
	// The writer goes last: SQLite's last connection to close folds the write-ahead log into the file, which one that only reads
	// cannot do.
	return errors.Join(s.reading.Close(), s.writer.Close())
}

// again is the time between two tries, for the cases in which the database did not wait by itself.
const again = 5 * time.Millisecond

// try calls do until it returns something that is no reason to try again, the store's patience is at an end, or ctx is.
func (s *Store) try(ctx context.Context, do func(context.Context) error) error {
	return Patiently(ctx, s.opt.Patience, s.dialect.Again, func() error {
		if s.opt.Bound <= 0 {
			return do(ctx)
		}
		bounded, cancel := context.WithTimeout(ctx, s.opt.Bound)
		defer cancel()
		return do(bounded)
	})
}

// Patiently calls try until it returns an error that is no reason to try again, or none; until patience is at an end; or until ctx
// is.
func Patiently(ctx context.Context, patience time.Duration, reason func(error) bool, try func() error) error {
	err := try()
	if err == nil || !reason(err) {
		return err
	}
	giveUp := time.NewTimer(patience)
	defer giveUp.Stop()
	for err != nil && reason(err) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-giveUp.C:
			return err
		case <-time.After(again):
			err = try()
		}
	}
	return err
}
