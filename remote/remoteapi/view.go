package remoteapi

import (
	"time"

	"github.com/doorward/doorward/remote"
)

// requestView is a request in an answer. The first nine members are those of the original: always there, and null where
// there is nothing to say. The others are there where they say something.
type requestView struct {
	ID        string  `json:"requestId"`
	User      string  `json:"userId"`
	Reason    string  `json:"reason"`
	Days      int     `json:"requestedDays"` // that are granted, or will be
	Role      string  `json:"role"`          // likewise
	Created   int64   `json:"createdTimestamp"`
	Expires   *int64  `json:"expirationTimestamp"`
	State     string  `json:"state"`
	ChangedBy *string `json:"stateModifiedByUser"`

	AskedDays  int      `json:"askedDays,omitempty"` // where fewer are granted
	AskedRole  string   `json:"askedRole,omitempty"` // where a weaker one is granted
	Ticket     string   `json:"ticket,omitempty"`
	Approvals  []string `json:"approvals,omitempty"`
	BreakGlass bool     `json:"breakGlass,omitempty"`
	ReviewBy   *int64   `json:"reviewUntilTimestamp,omitempty"`
	Reviewed   *int64   `json:"reviewedTimestamp,omitempty"`
	ReviewedBy string   `json:"reviewedByUser,omitempty"`
	Review     string   `json:"review,omitempty"`
}

func viewOf(r remote.Request) requestView {
	v := requestView{
		ID: r.ID, User: r.User, Reason: r.Reason, Days: r.Days, Role: r.Role.String(), Created: r.Created.UnixMilli(),
		Expires: millis(r.Expires), State: string(r.State), Ticket: r.Ticket, Approvals: r.Approvals,
		BreakGlass: r.BreakGlass, ReviewBy: millis(r.ReviewBy), Reviewed: millis(r.Reviewed), ReviewedBy: r.ReviewedBy, Review: r.Review,
	}
	if r.ChangedBy != "" {
		v.ChangedBy = &r.ChangedBy
	}
	if r.AskedDays != r.Days {
		v.AskedDays = r.AskedDays
	}
	if r.AskedRole != r.Role {
		v.AskedRole = r.AskedRole.String()
	}
	return v
}

// millis is a time in milliseconds since 1970, nil for one that there is not.
func millis(at time.Time) *int64 {
	if at.IsZero() {
		return nil
	}
	return new(at.UnixMilli())
}
