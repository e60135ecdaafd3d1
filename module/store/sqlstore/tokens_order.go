package sqlstore

import (
	"math"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
)

// Times of tokens that are not there are stored as these, so that they are sorted first or last.
const (
	neverFirst = -math.MaxInt64
	neverLast  = math.MaxInt64
)

// moment is the time of a token, stored as never where it is not there. Like instant it loses what is finer than a
// millisecond.
func moment(t time.Time, never int64) int64 {
	if t.IsZero() {
		return never
	}
	return t.UnixMilli()
}

// ofMoment is the time that is stored as at.
func ofMoment(at int64) time.Time {
	if at == neverFirst || at == neverLast {
		return time.Time{}
	}
	return time.UnixMilli(at).UTC()
}

// orders are the columns that listings are sorted by, which the indexes are named after too. Ties are sorted by identifier in
// the same direction, so that "behind this place" is one comparison of two columns.
var orders = map[tokens.Sort]string{
	tokens.SortNewest:   "newest",
	tokens.SortCreated:  "created",
	tokens.SortName:     "name",
	tokens.SortLastUsed: "last_used",
	tokens.SortExpires:  "expires",
	tokens.SortModified: "modified",
}

var errNoOrder = fault.New(fault.Invalid, "There is no such order.", nil)

// place is the value of an order's column at a position.
func place(p tokens.Position, by tokens.Sort) any {
	switch by {
	case tokens.SortName:
		return p.Name
	case tokens.SortNewest:
		return -p.At.UnixMilli()
	case tokens.SortCreated:
		return p.At.UnixMilli()
	case tokens.SortExpires:
		return moment(p.At, neverLast)
	}
	return moment(p.At, neverFirst)
}

// direction is how ORDER BY names it, and compare how a place behind another compares to it.
func direction(q tokens.Query) (name, compare string) {
	if q.Descending {
		return " DESC", "<"
	}
	return "", ">"
}
