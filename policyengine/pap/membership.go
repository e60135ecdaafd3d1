package pap

import (
	"context"

	"github.com/doorward/doorward/internal/audit"
)

// MembershipStore is the part of a Store about who belongs to which group. A change of a membership is a change of the
// user (feed.User): what a user may do follows from the user's groups.
type MembershipStore interface {
	// GroupsOf returns the groups of a user, sorted; none for a user that does not exist.
	GroupsOf(ctx context.Context, user string) ([]string, error)
	// EditMemberships hands the user's groups, sorted, to edit, and makes the user belong to exactly those that edit
	// returns: first the memberships that end, then those that begin, each by group, each with an event of its own for
	// which e gives time and actor. ErrNotFound when there is no such user, or one of the groups is not in the user's
	// account; ErrFull when the user gets into a group and would then be in more than limit.
	EditMemberships(ctx context.Context, user string, limit int, e audit.Event, edit func(groups []string) ([]string, error)) error
}

// Actions of audit events about memberships.
const (
	memberAdd    = "member.add"
	memberRemove = "member.remove"
)

// MembershipEvent is the audit event of a membership that begins or ends because of what cause records. Its object is the
// user.
func MembershipEvent(begins bool, user, group string, cause audit.Event) audit.Event {
	action := memberRemove
	if begins {
		action = memberAdd
	}
	e := consequence(cause, action, user, struct {
		Group   string `json:"group"`
		Because string `json:"because,omitempty"`
	}{group, because(cause)})
	// Which other groups there are is not known here, so the patch is about this one.
	if member := map[string]string{"group": group}; begins {
		e.Patch = patchOf(nil, member)
	} else {
		e.Patch = patchOf(member, nil)
	}
	return e
}
