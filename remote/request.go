package remote

import (
	"slices"
	"time"
)

// State is where a request stands, in the word of the API.
type State string

// The states. There is none for revoked: a grant that is taken back is expired or rejected.
const (
	Pending  State = "PENDING"
	Accepted State = "ACCEPTED"
	Rejected State = "REJECTED"
	Expired  State = "EXPIRED"
)

// ParseState reads a word of the API exactly as it is written there.
func ParseState(word string) (State, bool) {
	s := State(word)
	return s, s == Pending || s == Accepted || s == Rejected || s == Expired
}

// System is who changes the state of what lapses by itself.
const System = "system"

// Request is what a member of the staff, or somebody for them, asks for. Accepted, it is a grant. Times are UTC, to the
// millisecond.
type Request struct {
	ID      string // UUID, lower case
	User    string // who is to get in, in the spelling of CanonicalUser
	Reason  string // one line, 1 … 1,000 characters
	Ticket  string // the part of the reason that names a ticket; "" where no pattern is configured
	Created time.Time
	By      string // the person who asked

	AskedRole Role // what was asked for, whatever became of it
	AskedDays int  // 0 for break-glass
	Role      Role // what is, or will be, granted: never more than was asked
	Days      int

	State        State
	Changed      time.Time // last change of the state; zero while untouched
	ChangedBy    string    // the person who made it, or System; "" while untouched
	Approvals    []string  // persons who have approved it since it was last pending, in that order
	PendingUntil time.Time // while pending: when it dies unanswered
	Expires      time.Time // of a grant: the first instant at which it is none; zero while pending

	BreakGlass bool      // accepted by nobody, and to be reviewed
	ReviewBy   time.Time // of break-glass only
	Reviewed   time.Time // zero until then
	ReviewedBy string
	Review     string // what the reviewer has to say, up to 1,000 characters
}

// At is the request as it stands at an instant: what has lapsed by then is expired, whether or not the store knows of it.
func (r Request) At(now time.Time) Request {
	var end time.Time
	switch r.State {
	case Pending:
		end = r.PendingUntil
	case Accepted:
		end = r.Expires
	default:
		return r
	}
	if !now.Before(end) {
		r.State, r.Changed, r.ChangedBy = Expired, end, System
	}
	return r
}

// Detached is a copy that shares nothing with the request.
func (r Request) Detached() Request {
	r.Approvals = slices.Clone(r.Approvals)
	return r
}

// open reports whether time, or an administrator's word, can still make something of the request.
func (r Request) open() bool { return r.State == Pending || r.State == Accepted }
