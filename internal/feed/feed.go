// Package feed carries the news of changes in a store to the caches that stand before it.
//
// Every change gets the next revision in its own transaction. A follower asks for what came after the last revision it
// has seen, so a missed or repeated hint changes nothing.
package feed

import "context"

// Kind names what changed.
type Kind string

// The kinds. A change of any of them is a creation, an update or a deletion; there is one for each thing that changed,
// also when several changed together.
const (
	// Token is an access token; disabling, enabling and importing count too.
	Token Kind = "token"
	// Policy is an IAM policy.
	Policy Kind = "policy"
	// Boundary is a list of conditions that restricts bindings.
	Boundary Kind = "boundary"
	// Binding grants a policy to a group.
	Binding Kind = "binding"
	// Group is a group of users.
	Group Kind = "group"
	// User is a user; getting into a group and out of it counts too.
	User Kind = "user"
)

// Change says that the thing named ID, of the given kind, is different from what it was before Revision.
type Change struct {
	Revision int64
	Kind     Kind
	ID       string
}

// Source is a store's list of changes. Implementations are safe for concurrent use.
type Source interface {
	// Revision is the number of the newest committed change, 0 for a store that was never changed.
	Revision(ctx context.Context) (int64, error)
	// ChangesAfter returns committed changes with a revision greater than after, oldest first, at most limit.
	// When some of them are no longer kept, gap is true and the follower must forget everything it has cached.
	ChangesAfter(ctx context.Context, after int64, limit int) (changes []Change, gap bool, err error)
}
