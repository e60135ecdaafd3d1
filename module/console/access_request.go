package console

import (
	"cmp"
	"encoding/json"
	"time"
	"unicode/utf8"
)

// millis is an instant as the API writes it for remote access and in the audit log: milliseconds since 1970, 0 for none.
type millis int64

// Time is the zero time for none.
func (m millis) Time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m))
}

// accessRequest is a request for remote access as the API writes it; accepted, it is a grant.
type accessRequest struct {
	ID         string   `json:"requestId"`
	User       string   `json:"userId"`
	Reason     string   `json:"reason"`
	Days       int      `json:"requestedDays"`
	Role       string   `json:"role"`
	Created    millis   `json:"createdTimestamp"`
	Expires    millis   `json:"expirationTimestamp"`
	State      string   `json:"state"`
	ChangedBy  string   `json:"stateModifiedByUser"`
	AskedDays  int      `json:"askedDays"`
	AskedRole  string   `json:"askedRole"`
	Ticket     string   `json:"ticket"`
	Approvals  []string `json:"approvals"`
	BreakGlass bool     `json:"breakGlass"`
	ReviewBy   millis   `json:"reviewUntilTimestamp"`
	Reviewed   millis   `json:"reviewedTimestamp"`
	ReviewedBy string   `json:"reviewedByUser"`
	Review     string   `json:"review"`

	raw json.RawMessage // as it came, for exports
}

// The states of a request.
const (
	statePending  = "PENDING"
	stateAccepted = "ACCEPTED"
	stateRejected = "REJECTED"
	stateExpired  = "EXPIRED"
)

// requestStates are what the states are called here, in the order of what there is to do about them.
var requestStates = []struct {
	Value string
	state
}{
	{statePending, state{"Pending", "warn"}}, {stateAccepted, state{"In force", "good"}}, {stateRejected, state{"Rejected", ""}}, {stateExpired, state{"Over", ""}},
}

// Shown is the state in a word.
func (r accessRequest) Shown() state { return requestStates[r.rank()].state }

// rank is small for what waits for somebody. A state that is not known here counts as over.
func (r accessRequest) rank() int {
	for i, known := range requestStates {
		if known.Value == r.State {
			return i
		}
	}
	return len(requestStates) - 1
}

// Pending and Live are for templates.
func (r accessRequest) Pending() bool { return r.State == statePending }

// Live reports whether somebody gets in with it, as far as the setting looks at grants.
func (r accessRequest) Live() bool { return r.State == stateAccepted }

// Rejected requests can be reopened.
func (r accessRequest) Rejected() bool { return r.State == stateRejected }

// Unreviewed access was taken in an emergency, and nobody has looked at it yet.
func (r accessRequest) Unreviewed() bool { return r.BreakGlass && r.Reviewed == 0 }

// Asked is the role that was asked for, and for how many days: what is granted may be less.
func (r accessRequest) Asked() (role string) { return cmp.Or(r.AskedRole, r.Role) }

// DaysAsked is at least as many as are granted.
func (r accessRequest) DaysAsked() int { return cmp.Or(r.AskedDays, r.Days) }

// Less reports whether less is granted than was asked for.
func (r accessRequest) Less() bool { return r.AskedRole != "" || r.AskedDays != 0 }

// Length is for how long, in words.
func (r accessRequest) Length() string {
	if r.BreakGlass {
		return "emergency"
	}
	return plural(r.Days, "day", "days")
}

// Gist is the reason as far as it fits into a table.
func (r accessRequest) Gist() string { return gist(r.Reason) }

// maxGist bounds a text in a row of a table, in characters: strangers write it, and a page has many rows.
const maxGist = 200

// gist is the beginning of a text, with a sign that there is more.
func gist(text string) string {
	if utf8.RuneCountInString(text) <= maxGist {
		return text
	}
	return string([]rune(text)[:maxGist]) + "…"
}
