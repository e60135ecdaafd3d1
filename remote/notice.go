package remote

import "time"

// Event is what administrators and their programs may want to hear of.
type Event string

// The events. Those that no change makes (a grant that is about to expire, a session that starts) are told by whoever
// watches the clock and the requests.
const (
	EventCreated        Event = "created"
	EventAccepted       Event = "accepted"
	EventRejected       Event = "rejected"
	EventExpiring       Event = "expiring"
	EventExpired        Event = "expired"
	EventRevoked        Event = "revoked"
	EventSessionStarted Event = "session-started"
	EventBreakGlass     Event = "break-glass"
	EventReviewed       Event = "reviewed"
)

// Notice tells of one event. It is told once the change is committed.
type Notice struct {
	Event  Event
	Time   time.Time
	Actor  string  // the person who did it, or System
	Before Request // the zero Request for one that is new
	After  Request
}
