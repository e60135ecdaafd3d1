package sqlstore

import (
	"database/sql"
	"sync"
	"sync/atomic"

	"github.com/doorward/doorward/internal/fault"
)

// Dialect is what one database does otherwise than another. The statements of this package are written for SQLite, in words that
// most others know as well.
type Dialect struct {
	// Name is of the engine; it begins the technical text of every fault.
	Name string
	// Text puts a statement into the database's own words; values stay in their order. nil where there is nothing to change, and
	// then values go to the database as they are too. A statement is put once and remembered.
	//
	// Where it is not nil, texts that are no UTF-8 or contain NUL are written in another way and read back as they were: see storable.
	Text func(text string) string
	// Key is a condition that column, of texts of any length, is exactly the value of the one placeholder. nil for "column = ?".
	Key func(column string) string
	// Cuts tells that of several lists each is sorted and cut to the limit by itself, before they are merged: the database does not look
	// for an index that has a list in order otherwise. SQLite does, and merges them as it goes.
	Cuts bool
	// Lock is the statement that a changing transaction begins with, so that there is only one at a time; "" where its BEGIN does that.
	Lock string
	// Hint is the statement that tells followers of a revision, its one value, when the transaction is committed; "" for none.
	Hint string
	// Snapshot begins a transaction in which all reads are of one moment.
	Snapshot *sql.TxOptions
	// Prepares tells whether a prepared statement is worth keeping: the driver remembers none by itself.
	Prepares bool

	// Taken reports whether an insert or update met a row with the same key.
	Taken func(error) bool
	// Dangling reports whether an insert or update refers to a row that is not there.
	Dangling func(error) bool
	// Again reports whether the operation can be tried again: somebody else was in the way, and nothing has been changed.
	Again func(error) bool
	// Fault is the kind of a fault that is neither, and what its public text is.
	Fault func(error) (fault.Kind, string)
}

// Public texts of faults, for Dialect.Fault.
const (
	Damaged     = "The store is damaged or refused the data."
	Unavailable = "The store does not answer at the moment."
	TooLong     = "A text is longer than the store can take."
)

// maxTexts bounds the statements that are remembered. There are some hundred; listings make more of them, one for each number of
// lists that they merge.
const maxTexts = 2000

// speaker puts statements into the words of a dialect.
type speaker struct {
	put   func(string) string
	known sync.Map // text → text
	n     atomic.Int64
}

func newSpeaker(put func(string) string) *speaker { return &speaker{put: put} }

// text is safe for concurrent use. What does not fit in any more is put each time.
func (s *speaker) text(written string) string {
	if put, ok := s.known.Load(written); ok {
		return put.(string) //nolint:forcetypeassert,errcheck // only texts are stored
	}
	put := s.put(written)
	if s.n.Load() < maxTexts {
		s.n.Add(1)
		s.known.Store(written, put)
	}
	return put
}
