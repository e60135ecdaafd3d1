package remote

import (
	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
)

// view is what an audit record says of a request, in the words of the API.
type view struct {
	User       string   `json:"userId"`
	Reason     string   `json:"reason"`
	Ticket     string   `json:"ticket,omitempty"`
	Role       string   `json:"role"`
	Days       int      `json:"requestedDays"`
	State      State    `json:"state"`
	Expires    *int64   `json:"expirationTimestamp"`
	Approvals  []string `json:"approvals,omitempty"`
	BreakGlass bool     `json:"breakGlass,omitempty"`
	ReviewedBy string   `json:"reviewedByUser,omitempty"`
	Review     string   `json:"review,omitempty"`
}

func viewOf(r Request) view {
	v := view{
		User: r.User, Reason: r.Reason, Ticket: r.Ticket, Role: r.Role.String(), Days: r.Days, State: r.State,
		Approvals: r.Approvals, BreakGlass: r.BreakGlass, ReviewedBy: r.ReviewedBy, Review: r.Review,
	}
	if !r.Expires.IsZero() {
		ms := r.Expires.UnixMilli()
		v.Expires = &ms
	}
	return v
}

// record fills in what is different. A value that cannot be written down is a defect, and nothing is changed then.
func (s *Service) record(e *Entry, before, after any) error {
	text, err := audit.Patch(before, after)
	if err != nil {
		return fault.New(fault.Internal, "The change could not be recorded.", err)
	}
	e.Patch = s.config.Mask(text)
	return nil
}
