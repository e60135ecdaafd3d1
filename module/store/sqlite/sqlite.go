// Package sqlite is the store in one local file, for a gateway on one machine; several processes of that machine may
// share the file.
//
// The file is in WAL mode with synchronous=FULL: readers never wait for the writer, and what was acknowledged survives
// a crash of the process or the machine. One connection writes, in transactions that take the write lock when they
// begin, so a change never fails half way for want of it; a few connections read.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/doorward/doorward/module/store/sqlstore"
)

// readers is how many reads run at the same time. A lookup takes some ten microseconds, so a handful is plenty.
const readers = 4

// Options bound the patience and the memory of a Store. The zero value is right for production.
type Options struct {
	// BusyTimeout is how long an operation waits for a lock that another process holds. 0 means 5 s.
	BusyTimeout time.Duration
	// CheckTime bounds the search for damage in Open; what it did not reach counts as sound. 0 means 2 s; negative
	// skips the search.
	CheckTime time.Duration
	// KeepChanges is how many of the newest changes are kept for followers. 0 means 100,000.
	KeepChanges int
	// Unfinished opens the target of a copy that has not ended, too. Whoever copies may do that and nobody else: half of the tokens
	// may be there, and nothing that takes them back.
	Unfinished bool
}

// Store is an open file. It is safe for concurrent use. Its methods are the contract of store.Store.
type Store struct {
	*sqlstore.Store
	writer *sql.DB // one connection
	reader *sql.DB
}

// Open opens the file, making it (mode 0600), its folder (0700) and its schema where they are missing. A file that is
// not a Doorward store, is damaged, or was made by a newer Doorward is refused and left as it is. Errors name the path
// and say what to do.
func Open(ctx context.Context, path string, opt Options) (*Store, error) {
	s, err := open(ctx, path, opt)
	if err != nil {
		return nil, openError(path, err)
	}
	return s, nil
}

func open(ctx context.Context, path string, opt Options) (*Store, error) {
	path, err := prepareFile(path)
	if err != nil {
		return nil, err
	}
	s, err := connect(path, opt)
	if err != nil {
		return nil, err
	}
	if err := s.prepare(ctx, opt); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// connect sets up the pools; no connection is made yet.
func connect(path string, opt Options) (*Store, error) {
	writer, err := sql.Open("sqlite", writerDSN(path))
	if err != nil {
		return nil, err
	}
	writer.SetMaxOpenConns(1)
	reader, err := sql.Open("sqlite", readerDSN(path))
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)
	s := sqlstore.New(writer, reader, dialect, sqlstore.Options{Patience: opt.BusyTimeout, KeepChanges: opt.KeepChanges, Unfinished: opt.Unfinished})
	return &Store{s, writer, reader}, nil
}
