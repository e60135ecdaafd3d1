package report

import (
	"time"

	"github.com/doorward/doorward/remote"
)

// Bounds of what a report lists. Beyond them it only counts, and says so. Reads have a bound of their own, so that nobody can
// push what was changed, or refused, off the report with harmless reads.
const (
	MaxReads    = 10_000 // requests that were let through and change nothing, the first ones
	MaxOthers   = 10_000 // all other requests, the first ones
	MaxSteps    = 1_000
	MaxSessions = 1_000
)

// Report is what is known of a request for access and of the access itself. Lists are oldest first.
type Report struct {
	Request remote.Request // as it stood when the report was made
	Made    time.Time      // when that was; zero: not said. Neither Of nor Collect fills it in
	Head    string         // hash of the audit trail's newest event, by which a report can be checked later; "": not said. Likewise

	Periods  []Period  // in which there was access
	Steps    []Step    // what administrators, and time, made of the request
	Sessions []Session // as they began
	Calls    []Call    // requests that were made with the access, and those that were refused
	Counts   Counts    // of everything, listed or not
	Unlisted Unlisted
}

// Period is a time in which there was access. There are several where a grant was suspended and accepted again.
type Period struct {
	From  time.Time // zero: the trail does not say
	Until time.Time // the first instant without access; of a grant that lives, the one planned
	Ended End
	By    string // who ended it, remote.System for time; "" while it lives
}

// End is how a period came to its end.
type End string

// The ends.
const (
	Live    End = "live" // it has not
	Expired End = "expired"
	Revoked End = "revoked"
)

// Step is one event about the request itself.
type Step struct {
	Event   int64 // its place in the audit trail
	Time    time.Time
	Actor   string // token identifier, user, "cli:<system user>" or remote.System
	Origin  string // address of the client; "" for the command line and for Doorward itself
	Action  string // as in the trail
	Message string // "" for none
	Failed  bool   // nothing has changed
	Changes []Change
}

// Change is one member of the request that a step changed, in the words of the API.
type Change struct {
	Name   string
	Before string // as JSON; "" where there was none
	After  string // as JSON; "" where there is none
}

// Session is one connection of the staff.
type Session struct {
	Event   int64
	ID      string
	Began   time.Time
	Ended   time.Time // zero: no end is recorded
	Origin  string    // address of the client
	Client  string    // what it says it is; "" where it does not say
	Role    string    // in force when it began
	Setting string    // likewise
	Calls   int       // requests in it
	Refused bool
	Why     string // it was refused
}

// Call is one request to the API behind the gate.
type Call struct {
	Event    int64
	Time     time.Time
	Session  string // identifier
	Origin   string // address of the client
	Role     string // in force
	Action   string // "read", "create", "update" or "delete"
	Method   string
	Path     string
	Query    string // masked
	Endpoint string // the row of the endpoint table; "" where none matched
	Refused  bool   // it was not forwarded
	Why      string // it was refused
	Outcome  *Outcome
	Damaged  bool // the details in the trail cannot be read: what is missing here is not known, rather than empty
}

// Outcome is what came of a request that was forwarded. A Call without one may or may not have had an effect.
type Outcome struct {
	At         time.Time
	Status     int    // of the answer; 0: there was none
	Bytes      int64  // of the answer
	BodyDigest string // hex SHA-256 of what was sent; "" for nothing
	Cut        string // why the answer was ended early; "" where it was not
}

// Counts are of everything that the events tell, whether it is listed or not.
type Counts struct {
	Sessions int // that began
	Calls    int
	Reads    int // forwarded, and asked to change nothing
	Writes   int // forwarded, and asked to change something
	Refused  int
	Unknown  int // forwarded, with an outcome that is not known
	Cut      int // answers that were ended early
	Damaged  int // events whose details cannot be read
}

// Unlisted are how many are counted but not listed.
type Unlisted struct {
	Steps, Sessions, Calls int
}

func (u Unlisted) none() bool { return u == Unlisted{} }
