package pap

import (
	"context"
	"maps"
	"time"

	"github.com/doorward/doorward/internal/audit"
)

// Binding grants a policy to a group at a level. A policy may be bound to a group several times at one level, with
// different parameters; each binding grants on its own.
type Binding struct {
	ID         string // RFC 9562 version 4, lower case
	Level      Level  // an account or environment
	PolicyUUID string // stored or built in
	GroupUUID  string
	Parameters map[string]string // values for ${bindParam:…}; empty is nil
	Boundaries []string          // identifiers, sorted, each once; none is nil
	Metadata   map[string]string // the client's own; empty is nil
	Shadow     bool              // decides nothing: it is only looked at what it would decide
	Created    time.Time
	Modified   time.Time // zero: never
}

// Same reports whether two bindings bind the same policy to the same group at the same level with the same parameters.
// Of such bindings there is one only: a second one could contradict the first about boundaries.
func (b Binding) Same(other Binding) bool {
	return b.Level == other.Level && b.PolicyUUID == other.PolicyUUID && b.GroupUUID == other.GroupUUID &&
		maps.Equal(b.Parameters, other.Parameters)
}

// Actions of audit events about bindings.
const (
	BindingCreate = "binding.create"
	BindingUpdate = "binding.update"
	BindingDelete = "binding.delete"
)

// Event is the audit event of a binding that comes or goes, by one of the actions, because of what cause records.
func (b Binding) Event(action string, cause audit.Event) audit.Event {
	e := b.event(action, cause)
	switch action {
	case BindingCreate:
		e.Patch = patchOf(nil, auditedBinding(b))
	case BindingDelete:
		e.Patch = patchOf(auditedBinding(b), nil)
	}
	return e
}

// UpdateEvent is the audit event of a binding that has taken the place of the one before.
func (b Binding) UpdateEvent(before Binding, cause audit.Event) audit.Event {
	e := b.event(BindingUpdate, cause)
	e.Patch = patchOf(auditedBinding(before), auditedBinding(b))
	return e
}

func (b Binding) event(action string, cause audit.Event) audit.Event {
	return consequence(cause, action, b.ID, struct {
		LevelType  string            `json:"levelType"`
		LevelID    string            `json:"levelId"`
		Policy     string            `json:"policyUuid"`
		Group      string            `json:"group"`
		Parameters map[string]string `json:"parameters,omitempty"`
		Boundaries []string          `json:"boundaries,omitempty"`
		Shadow     bool              `json:"shadow,omitempty"`
		Because    string            `json:"because,omitempty"`
	}{string(b.Level.Type), b.Level.ID, b.PolicyUUID, b.GroupUUID, b.Parameters, b.Boundaries, b.Shadow, because(cause)})
}

// BindingQuery selects bindings. The zero BindingQuery selects all.
type BindingQuery struct {
	Level      Level  // exact; the zero Level for any
	PolicyUUID string // exact; "" for any
	GroupUUID  string // exact; "" for any
}

// BindingEdit is what is to become of the bindings at a level. Those in neither list stay as they are.
type BindingEdit struct {
	Delete []string  // identifiers among those handed to edit
	Put    []Binding // new ones; those with the identifier of one handed to edit take its place
}

// BindingStore is the part of a Store about bindings.
type BindingStore interface {
	// Binding returns the binding with this identifier. ErrNotFound when there is none.
	Binding(ctx context.Context, id string) (Binding, error)
	// Bindings returns a page of bindings.
	Bindings(ctx context.Context, q BindingQuery, page Page) ([]Binding, error)
	// CountBindings is the number of bindings that q selects.
	CountBindings(ctx context.Context, q BindingQuery) (int, error)
	// EditBindings hands all bindings that q selects, which must name a level, to edit, by identifier, and the bindings
	// that edit wants put, with all they refer to, to check; then it deletes, and puts, each in the order of the list and
	// with an event of its own, by [Binding.Event] or, where it takes another's place, [Binding.UpdateEvent], for which e
	// gives time and actor. What is put is at the level of q. Of one that takes
	// another's place only Parameters, Boundaries, Metadata, Shadow and Modified count. Whether the policy exists is for check to
	// say, because built-in ones are not stored. ErrNotFound when a group or boundary is missing, ErrExists when there
	// would be two that are the Same, ErrFull when bindings come and the level would then have more than limit.
	EditBindings(ctx context.Context, q BindingQuery, limit int, e audit.Event,
		edit func(current []Binding) (BindingEdit, error), check func(Assignment) error) error
	// Assigned returns what is bound to any of these groups at this account or at this environment, all as of one moment.
	// Groups of another account, and groups that do not exist, have nothing.
	Assigned(ctx context.Context, groups []string, account, environment string) (Assignment, error)
}

// Assignment is a set of bindings with what they refer to, as of one moment. More than [MaxAssigned] bindings are a
// fault, never a part of them: the rest might deny.
type Assignment struct {
	Bindings   []Binding           // by identifier
	Policies   map[string]Policy   // by identifier; the built-in ones are not in it
	Boundaries map[string]Boundary // by identifier
}
