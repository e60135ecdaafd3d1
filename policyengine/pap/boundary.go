package pap

import (
	"context"
	"time"

	"github.com/doorward/doorward/internal/audit"
)

// Boundary is a list of conditions that restricts the bindings it is attached to. Boundaries live at accounts only.
type Boundary struct {
	UUID      string // RFC 9562 version 4, lower case
	AccountID string
	Name      string            // one of its kind in its account
	Query     string            // the text exactly as it was handed in
	Metadata  map[string]string // the client's own; empty is nil
	Created   time.Time
	Modified  time.Time // zero: never
}

// BoundaryQuery selects boundaries for a listing. The zero BoundaryQuery selects all.
type BoundaryQuery struct {
	AccountID string // exact; "" for any
	Name      string // exact; "" for any
	Page
}

// BoundaryStore is the part of a Store about boundaries.
type BoundaryStore interface {
	// Boundary returns the boundary with this identifier. ErrNotFound when there is none.
	Boundary(ctx context.Context, uuid string) (Boundary, error)
	// Boundaries returns a page of boundaries.
	Boundaries(ctx context.Context, q BoundaryQuery) ([]Boundary, error)
	// CountBoundaries is the number of boundaries that q selects, whatever its Page.
	CountBoundaries(ctx context.Context, q BoundaryQuery) (int, error)
	// CreateBoundary adds a boundary. ErrExists when the identifier, or the name in this account, is taken; ErrFull when
	// the account has limit boundaries or more.
	CreateBoundary(ctx context.Context, b Boundary, limit int, e audit.Event) error
	// UpdateBoundary hands the current record to change and what change left, with every binding that uses the boundary,
	// to check; then it stores the record, and with it the event that [BoundaryEvent] makes. UUID, AccountID and Created
	// stay as they were whatever change does to them.
	// ErrNotFound when there is no such boundary, ErrExists when the new name is taken.
	UpdateBoundary(ctx context.Context, uuid string, e audit.Event, change func(*Boundary) error, check func(Assignment) error) error
	// DeleteBoundary removes a boundary. ErrInUse while a binding uses it, ErrNotFound when there is none.
	DeleteBoundary(ctx context.Context, uuid string, e audit.Event) error
}
