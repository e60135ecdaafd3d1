package tokens

import "time"

// Query selects tokens for a listing and says in which order they come. All conditions must hold. The zero Query selects
// all tokens, newest first. A token that was never used is in no range of times of use, and one that never expires in none of expiry.
type Query struct {
	Environment string    // exact; "" for any
	Kind        string    // prefix of the token, "dt0c01"; "" for any; KindAccess also has the old format, which has none
	Owner       string    // exact, case-sensitive; "" for any
	Personal    Choice    // personal tokens, others, or both
	Enabled     Choice    // enabled tokens, disabled ones, or both
	Scopes      []string  // at least one of these is held; none for any
	IDPrefix    string    // the identifier begins with this; "" for any
	NamePrefix  string    // the name begins with this, case-sensitive; "" for any
	UsedFrom    time.Time // last used at or after this; zero for no bound
	UsedTo      time.Time // last used at or before this; zero for no bound
	ExpiresFrom time.Time // expires at or after this; zero for no bound
	ExpiresTo   time.Time // expires at or before this; zero for no bound

	Sort       Sort
	Descending bool      // ties by identifier are in the same direction
	After      *Position // of the last token of the page before; nil for the first page
	Limit      int       // 1 … 10,000; 0 means 1,000
}

// KindAccess selects access, personal and PaaS tokens, which are of one format, and the old-format ones.
const KindAccess = defaultPrefix

// Choice is a condition on something that a token is or is not.
type Choice uint8

// The choices.
const (
	Any Choice = iota
	Only
	Without
)

// Sort is the order of a listing.
type Sort uint8

// The orders, ascending. Without SortNewest the zero Query would begin with the oldest tokens.
const (
	SortNewest   Sort = iota // by creation, newest first; Descending is the oldest first
	SortCreated              // by creation
	SortName                 // by name, in the order of bytes
	SortLastUsed             // by last use, those never used first
	SortExpires              // by expiry, those that never expire last
	SortModified             // by last modification, those never modified first
)

// Position is a place in a listing, from which it can go on although tokens come and go: the values that the order is
// by, and the identifier, of the token before.
type Position struct {
	Name string    // SortName
	At   time.Time // every other order; zero where the token has no such time
	ID   string
}

// PositionOf is the place of a token in a listing of that order.
func PositionOf(r Record, by Sort) *Position {
	p := &Position{ID: r.ID}
	switch by {
	case SortName:
		p.Name = r.Name
	case SortLastUsed:
		p.At = r.LastUsed
	case SortExpires:
		p.At = r.Expires
	case SortModified:
		p.At = r.Modified
	default:
		p.At = r.Created
	}
	return p
}
