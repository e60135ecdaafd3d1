// Package query holds the questions that every engine of the store answers and that belong to no engine of Doorward.
// It is apart from package store so that store can import the engines, and the engines these words.
package query

// Audit selects administrative changes for a reading, newest first. The zero Audit selects the newest hundred.
type Audit struct {
	Actor  string // exact; "" for any
	Action string // exact; "" for any
	Object string // exact; "" for any
	Before int64  // only revisions below this one, the last of the page before; 0 for the first page
	Limit  int    // 1 … 1,000; 0 means 100
}

// Bounds of Audit.Limit.
const (
	AuditPage    = 100
	MaxAuditPage = 1000
)
