// Package query holds the questions that every engine of the store answers and that belong to no engine of Doorward.
// It is apart from package store so that store can import the engines, and the engines these words.
package query

import (
	"errors"
	"time"
)

// ErrNotFound says that there is no event with this identifier.
var ErrNotFound = errors.New("no such event")

// Audit selects events of the audit trail. All conditions must hold. The zero Audit selects the newest hundred changes
// and attempts.
type Audit struct {
	Environment string    // events of this environment, and those of none; "" for every event
	Actor       string    // exact; "" for any
	Action      string    // exact; "" for any
	Object      string    // exact; "" for any
	Actors      []string  // one of these, exact; none for any
	Actions     []string  // one of these, exact; none for any
	Success     Success   // of the change
	Types       []string  // audit.Event.Type is one of these; none for any
	Categories  []string  // audit.Event.Category is one of these; none for any
	Objects     []string  // the object contains one of these; none for any
	From        time.Time // at or after this; zero for no bound
	To          time.Time // at or before this; zero for no bound

	OldestFirst bool
	After       int64 // identifier of the last event of the page before; 0 for the first page
	Limit       int   // 1 … 5,000; 0 means 100
}

// Success selects by whether a change was made, or was tried and refused.
type Success uint8

// The values of Success. The zero Success selects everything.
const (
	AnySuccess Success = iota
	OnlyMade
	OnlyFailed
)

// Bounds of Audit.Limit.
const (
	AuditPage    = 100
	MaxAuditPage = 5000
)
