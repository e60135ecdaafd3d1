package remote

import (
	"fmt"
	"sync/atomic"
	"time"
)

// Class sorts endpoints by what remote staff may ever do there. The zero Class is that of an endpoint of which nothing is
// known, and nobody gets there.
type Class uint8

// The classes. All but Ordinary and Asking are closed to every role, Admin too.
const (
	Unmapped      Class = iota // nothing is known about it
	Ordinary                   // the permissions decide
	Certificates               // private keys, key stores, secret configuration of the nodes
	Credentials                // users, groups, passwords, stored credentials
	TokenMinting               // what would outlive the grant: tokens, policies, bindings
	RemoteControl              // the requests and the setting of remote access itself
	AuditControl               // what is recorded, and where
	Asking                     // to ask for remote access oneself: open to all staff while the setting asks for approval
)

var classNames = [...]string{
	Ordinary: "ordinary", Certificates: "certificates", Credentials: "credentials", TokenMinting: "token-minting",
	RemoteControl: "remote-control", AuditControl: "audit-control", Asking: "asking",
}

// String is the word for a class in a catalogue.
func (c Class) String() string {
	if c != Unmapped && int(c) < len(classNames) {
		return classNames[c]
	}
	return fmt.Sprintf("Class(%d)", uint8(c))
}

// ParseClass reads what String writes. Unmapped has no word: it is what a row has that says nothing.
func ParseClass(word string) (Class, bool) {
	for c := Ordinary; c <= Asking; c++ {
		if word == classNames[c] {
			return c, true
		}
	}
	return Unmapped, false
}

// Call is what a member of the staff wants to do. It comes from the principal and from the endpoint's row, never from
// what the client says about itself.
type Call struct {
	User  string // in the spelling of CanonicalUser; any other has no grant
	Class Class
	Needs Permissions // all of them; an Ordinary endpoint that needs none is closed, because that is a gap in the table
	Now   time.Time
}

// Reason says why a verdict is what it is.
type Reason uint8

// The reasons. The zero Reason is that of a Limit which has not heard from the store: a fault, to be answered as one.
const (
	NotLoaded         Reason = iota
	Allowed                  // the one that allows
	SwitchedOff              // the setting is Off
	NoGrant                  // approval is asked for, and there is no live grant
	NeverAllowed             // the class of the endpoint is closed to all
	NotMapped                // nothing is known about the endpoint
	MissingPermission        // the role in force does not have what is needed
)

// Sentence is the reason in words for whoever was refused.
func (r Reason) Sentence() string {
	switch r {
	case Allowed:
		return "Remote access is allowed."
	case SwitchedOff:
		return "Remote access is switched off."
	case NoGrant:
		return "Remote access has not been approved, or its time is over."
	case NeverAllowed:
		return "This is closed to remote access, whatever the role."
	case NotMapped:
		return "Remote access does not reach this endpoint."
	case MissingPermission:
		return "The role of the remote access does not go as far."
	}
	return "It is not known whether remote access is allowed."
}

// Verdict is the answer to a Call. The zero Verdict denies.
type Verdict struct {
	Reason  Reason
	Setting Setting
	Role    Role        // in force; NoRole where nobody gets in
	Grant   string      // identifier of the request that it rests on; "" where it rests on the setting alone
	Until   time.Time   // from this instant on the verdict may be another, whatever the store says; zero: no such instant
	Missing Permissions // needed, and not in the role in force
	Would   Role        // the weakest role that would do and that is to be had under this setting; NoRole: none
}

// Allows reports whether the call may go on.
func (v Verdict) Allows() bool { return v.Reason == Allowed }

// grant is what a snapshot knows of an accepted request.
type grant struct {
	id      string
	expires time.Time
}

// grants are those of one user: of each role the one that lasts longest, because a role has all that a weaker one has.
type grants [Admin + 1]grant

// Snapshot is what was true at one instant of the store. It never changes, and may be asked from several goroutines.
type Snapshot struct {
	setting Setting
	all     Role // in force under All
	grants  map[string]*grants
}

// NewSnapshot is what current says. Where no setting was ever made, initial holds; all is the strongest role that
// somebody without a grant has under the setting All.
func NewSnapshot(current Current, initial Setting, all Role) *Snapshot {
	s := &Snapshot{setting: current.Setting.or(initial), all: min(all, Admin), grants: make(map[string]*grants)}
	for _, r := range current.Open {
		if r.State != Accepted || !r.Role.known() {
			continue
		}
		of := s.grants[r.User]
		if of == nil {
			of = new(grants)
			s.grants[r.User] = of
		}
		if r.Expires.After(of[r.Role].expires) {
			of[r.Role] = grant{r.ID, r.Expires}
		}
	}
	return s
}

// or is the setting that holds: the initial one until another was made.
func (r SettingRecord) or(initial Setting) Setting {
	if r.Changed.IsZero() {
		return initial
	}
	return r.Setting
}

// Decide answers a call. A nil snapshot denies.
func (s *Snapshot) Decide(c Call) Verdict {
	if s == nil {
		return Verdict{}
	}
	v := Verdict{Setting: s.setting}
	v.Role, v.Grant, v.Until = s.inForce(c.User, c.Now)
	v.Missing = c.Needs &^ v.Role.Permissions()
	v.Reason = s.reason(c, v)
	if v.Reason == NoGrant || v.Reason == MissingPermission {
		v.Would = s.would(c.Needs)
	}
	return v
}

// reason asks from what no role can change to what another role would.
func (s *Snapshot) reason(c Call, v Verdict) Reason {
	switch {
	case s.setting == Off || s.setting > ApprovedReadOnly:
		return SwitchedOff
	case c.Class == Unmapped || c.Class > Asking || c.Needs == 0 && c.Class == Ordinary:
		return NotMapped
	case c.Class == Asking && s.setting.AsksForApproval():
		return Allowed
	case c.Class != Ordinary:
		return NeverAllowed
	case v.Role == NoRole:
		return NoGrant
	case v.Missing != 0:
		return MissingPermission
	}
	return Allowed
}

// inForce is the strongest role that a user has at an instant, and what it rests on.
func (s *Snapshot) inForce(user string, now time.Time) (role Role, id string, until time.Time) {
	switch s.setting {
	case All:
		return s.all, "", time.Time{}
	case ReadOnly:
		return Viewer, "", time.Time{}
	case Approved, ApprovedReadOnly:
	default:
		return NoRole, "", time.Time{}
	}
	of := s.grants[user]
	if of == nil {
		return NoRole, "", time.Time{}
	}
	for role := Admin; role >= Viewer; role-- {
		if now.Before(of[role].expires) {
			return min(role, s.strongest()), of[role].id, of[role].expires
		}
	}
	return NoRole, "", time.Time{}
}

// strongest is the role above which nobody gets under the setting.
func (s *Snapshot) strongest() Role {
	switch s.setting {
	case All:
		return s.all
	case ReadOnly, ApprovedReadOnly:
		return Viewer
	case Approved:
		return Admin
	}
	return NoRole
}

func (s *Snapshot) would(needs Permissions) Role {
	if role := weakest(needs); role <= s.strongest() {
		return role
	}
	return NoRole
}

// Limit is the ceiling that is in force. The zero Limit has not heard from the store, and denies. It is safe for
// concurrent use, and asking it takes no lock.
type Limit struct {
	snapshot atomic.Pointer[Snapshot]
}

// Decide answers a call from the newest snapshot.
func (l *Limit) Decide(c Call) Verdict { return l.snapshot.Load().Decide(c) }

// Replace puts a snapshot in force; nil denies everything. Whoever follows the store replaces from one goroutine, lest an
// older snapshot comes after a newer one.
func (l *Limit) Replace(s *Snapshot) { l.snapshot.Store(s) }
