package notify

import "time"

// Event is what happened, in the word that webhooks carry.
type Event string

// The events of remote access.
const (
	Created         Event = "remote_access.created"          // somebody asks for access
	PendingReminder Event = "remote_access.pending_reminder" // nobody has decided about it for a while
	Accepted        Event = "remote_access.accepted"
	Rejected        Event = "remote_access.rejected"
	ExpiringSoon    Event = "remote_access.expiring_soon"
	Expired         Event = "remote_access.expired" // the access has ended, or nobody has decided in time
	Revoked         Event = "remote_access.revoked"
	SessionStarted  Event = "remote_access.session_started"
	BreakGlass      Event = "remote_access.break_glass"    // somebody has let themselves in, without approval
	ReviewOverdue   Event = "remote_access.review_overdue" // nobody has reviewed that in time
	Reviewed        Event = "remote_access.reviewed"
)

// Events are all of them, in the order in which they can happen.
func Events() []Event {
	return []Event{
		Created, PendingReminder, Accepted, Rejected, ExpiringSoon, Expired, Revoked, SessionStarted, BreakGlass, ReviewOverdue, Reviewed,
	}
}

// Notice is what there is to tell. Its texts come from whoever asks for access and are not trusted: they may hold anything.
type Notice struct {
	Event       Event     `json:"event"`
	Time        time.Time `json:"time"`                  // when it happened; of a reminder, when it is due
	RequestID   string    `json:"requestId"`             // of the request for access
	User        string    `json:"user"`                  // who gets access, or asks for it
	Role        string    `json:"role"`                  // "devops-viewer", "devops-user", "devops-admin"
	Days        int       `json:"days,omitempty"`        // asked for, or given; 0: does not apply
	Reason      string    `json:"reason,omitempty"`      // in the words of whoever asks
	Ticket      string    `json:"ticket,omitempty"`      // "" for none
	State       string    `json:"state"`                 // of the request, after the event
	Actor       string    `json:"actor,omitempty"`       // who made it happen; "system" for Doorward itself
	Environment string    `json:"environment,omitempty"` // "" for the cluster
	Expires     time.Time `json:"expires,omitzero"`      // of the access; zero: there is none yet, or never was
	ReviewBy    time.Time `json:"reviewBy,omitzero"`     // until when emergency access has to be reviewed; zero: it has not
}

// roles are the roles by their names on the wire, with what they let somebody do.
var roles = map[string]struct{ name, means string }{
	"devops-viewer": {"Viewer", "may look and change nothing; sees no log content and no sensitive request data"},
	"devops-user":   {"User", "may look and switch on debug flags of agents; sees no log content and no sensitive request data"},
	"devops-admin":  {"Admin", "may change settings, read log content and run diagnostics; sees no sensitive request data"},
}
