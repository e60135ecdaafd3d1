package remote

import (
	"cmp"
	"regexp"
	"time"
)

const day = 24 * time.Hour

const (
	// MaxDays bounds how long any grant may be made to last, whatever is configured.
	MaxDays = 365
	// MaxBreakGlass bounds a break-glass grant, whatever is configured.
	MaxBreakGlass = time.Hour
	// ReviewWithin is how long after its beginning a break-glass grant has to be reviewed.
	ReviewWithin = day
	// MaxOpen is how many requests are pending or accepted at a time, at most.
	MaxOpen = 1000
	// MaxOpenOfUser is how many of them are for one user: whoever asks for the same again and again is not heard.
	MaxOpenOfUser = 20

	defaultDays    = 30
	pendingTimeout = 4 * day
	maxReason      = 1000
)

// Rules are what an operator decides about requests. The zero Rules have the defaults.
type Rules struct {
	MaxDays        [Admin + 1]int // by role; 0: 30 days; at most MaxDays
	PendingTimeout time.Duration  // a request that nobody answers dies; 0: 4 days
	TwoForAdmin    bool           // a grant with the role Admin needs two different approvers
	Ticket         *regexp.Regexp // every reason has to have a match, which is the ticket; nil: none is asked for
	BreakGlass     Role           // the strongest role that is to be had without approval, for at most MaxBreakGlass; NoRole: none is
}

func (r Rules) withDefaults() Rules {
	for role := range r.MaxDays {
		if r.MaxDays[role] <= 0 {
			r.MaxDays[role] = defaultDays
		}
		r.MaxDays[role] = min(r.MaxDays[role], MaxDays)
	}
	r.PendingTimeout = cmp.Or(max(r.PendingTimeout, 0), pendingTimeout)
	return r
}

// approvers is how many persons have to approve a role.
func (r Rules) approvers(role Role) int {
	if role == Admin && r.TwoForAdmin {
		return 2
	}
	return 1
}
