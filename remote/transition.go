package remote

import (
	"fmt"
	"time"

	"github.com/doorward/doorward/internal/fault"
)

// move is one entry of the table: what it means to bring a request from one state into another.
type move struct {
	from, to State
	does     effect
	self     bool  // the person whom the request is for may do it: it takes only away
	event    Event // what is told about it; "" for nothing
}

// effect is what a move does to the request beside its state.
type effect uint8

const (
	refuse  effect = iota // there is no such move; the zero entry is none
	keep                  // nothing: neither the clock nor anything else starts again
	approve               // starts the clock, once there are approvals enough
	reset                 // pending again, with the time and the approvals of a new one
	end                   // over; a running grant ends now
)

// table has every pair of states but those from EXPIRED, which is final and answers with a conflict.
var table = []move{
	{from: Pending, to: Pending, does: keep, self: true},
	{from: Pending, to: Accepted, does: approve, event: EventAccepted},
	{from: Pending, to: Rejected, does: end, self: true, event: EventRejected},
	{from: Pending, to: Expired, does: end, self: true, event: EventExpired},
	{from: Accepted, to: Pending, does: reset, self: true, event: EventRevoked},
	{from: Accepted, to: Accepted, does: keep, self: true},
	{from: Accepted, to: Rejected, does: end, self: true, event: EventRevoked},
	{from: Accepted, to: Expired, does: end, self: true, event: EventRevoked},
	{from: Rejected, to: Pending, does: reset, event: EventCreated},
	{from: Rejected, to: Accepted, does: refuse}, // a refusal is not turned without another look: reopen it first
	{from: Rejected, to: Rejected, does: keep, self: true},
	{from: Rejected, to: Expired, does: end, self: true},
}

var (
	errFinal   = fault.New(fault.Conflict, "The remote access request has expired already.", nil)
	errNoMove  = fault.InvalidFields(fault.Field{Name: "state", Message: "A rejected request cannot be accepted. Reopen it first, or make a new one."})
	errNoReset = fault.InvalidFields(fault.Field{Name: "state", Message: "A break-glass grant cannot be pending: it can only be ended."})
)

// moveOf finds the entry for a request as it stands now.
func moveOf(r Request, to State) (move, error) {
	if r.State == Expired {
		return move{}, errFinal
	}
	for _, m := range table {
		if m.from == r.State && m.to == to {
			if m.does == refuse {
				return move{}, errNoMove
			}
			if m.does == reset && r.BreakGlass {
				return move{}, errNoReset
			}
			return m, nil
		}
	}
	return move{}, fault.InvalidFields(fault.Field{Name: "state", Message: fmt.Sprintf("There is no state %.40q.", string(to))})
}

// perform does what a move does, and reports whether the state has changed.
func (m move) perform(r *Request, person string, now time.Time, rules Rules) bool {
	switch m.does {
	case keep:
		return false
	case approve:
		if r.approvedBy(person); len(r.Approvals) < rules.approvers(r.Role) {
			return false
		}
		r.Expires, r.PendingUntil = now.Add(time.Duration(r.Days)*day), time.Time{}
	case reset:
		r.Expires, r.PendingUntil, r.Approvals = time.Time{}, now.Add(rules.PendingTimeout), nil
	case end:
		if r.State == Accepted {
			r.Expires = now
		}
		r.PendingUntil = time.Time{}
	}
	r.State, r.Changed, r.ChangedBy = m.to, now, person
	return true
}

// approvedBy adds a person once: one administrator with two tokens is not two administrators.
func (r *Request) approvedBy(person string) {
	for _, other := range r.Approvals {
		if samePerson(other, person) {
			return
		}
	}
	r.Approvals = append(r.Approvals, person)
}
