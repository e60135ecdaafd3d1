package pap

import (
	"context"
	"time"

	"github.com/doorward/doorward/internal/audit"
)

// Policy is a policy as it is administered. Times are UTC, to the millisecond, here and in all records.
type Policy struct {
	UUID        string // RFC 9562 version 4, lower case
	Level       Level
	Name        string // one of its kind at its level
	Description string
	Tags        []string // in the order given; empty is nil
	Statement   string   // the text exactly as it was handed in
	Shadow      bool     // decides nothing: it is only looked at what it would decide
	Created     time.Time
	Modified    time.Time // zero: never
}

// PolicyQuery selects policies for a listing. The zero PolicyQuery selects all that are stored.
type PolicyQuery struct {
	Level Level  // exact; the zero Level for any
	Name  string // exact; "" for any
	Page
}

// PolicyStore is the part of a Store about policies. The built-in ones are not stored.
type PolicyStore interface {
	// Policy returns the policy with this identifier. ErrNotFound when there is none.
	Policy(ctx context.Context, uuid string) (Policy, error)
	// Policies returns a page of policies.
	Policies(ctx context.Context, q PolicyQuery) ([]Policy, error)
	// CountPolicies is the number of policies that q selects, whatever its Page.
	CountPolicies(ctx context.Context, q PolicyQuery) (int, error)
	// CreatePolicy adds a policy. ErrExists when the identifier, or the name at this level, is taken; ErrFull when the
	// level has limit policies or more.
	CreatePolicy(ctx context.Context, p Policy, limit int, e audit.Event) error
	// UpdatePolicy hands the current record to change and what change left, with every binding of the policy, to check;
	// then it stores the record, and with it the event that [PolicyEvent] makes. UUID, Level and Created stay as they were
	// whatever change does to them. ErrNotFound when there is no such policy, ErrExists when the new name is taken.
	UpdatePolicy(ctx context.Context, uuid string, e audit.Event, change func(*Policy) error, check func(Assignment) error) error
	// DeletePolicy removes a policy. One that is bound is ErrInUse; with force its bindings go too. ErrNotFound when there
	// is none.
	DeletePolicy(ctx context.Context, uuid string, force bool, e audit.Event) error
}
