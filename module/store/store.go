// Package store keeps what Doorward has to remember: access tokens; policies, boundaries, groups, users and bindings; the
// audit trail of their administration; and the list of changes that caches follow.
//
// Open picks the engine by the scheme of the DSN. Each engine is a package below this one and is held to the same
// contract by package storetest.
package store

import (
	"context"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/module/store/query"
	"github.com/doorward/doorward/module/store/sqlite"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

// AuditQuery selects administrative changes; see query.Audit.
type AuditQuery = query.Audit

// Store is everything an engine offers. Implementations are safe for concurrent use. An error that is none of those named
// in packages tokens and pap is a fault: the store could not answer, and nothing may be allowed because of it.
type Store interface {
	tokens.Store
	pap.Store
	feed.Source

	// AuditEvents returns a page of administrative changes, newest first. A limit out of range is a fault of kind
	// Invalid.
	AuditEvents(ctx context.Context, q AuditQuery) ([]audit.Event, error)
	// Ping reports whether the store answers a read.
	Ping(ctx context.Context) error
	// Close waits for running operations and gives everything back. Later calls do nothing; every other method
	// fails from then on.
	Close() error
}

var _ Store = (*sqlite.Store)(nil)

// Options are the knobs that every engine understands. The zero value is right for production.
type Options struct {
	// BusyTimeout is how long an operation waits for a lock that another process holds. 0 means 5 s.
	BusyTimeout time.Duration
	// CheckTime bounds the search for damage when a store is opened. 0 means 2 s; negative skips it.
	CheckTime time.Duration
	// KeepChanges is how many of the newest changes are kept for followers. 0 means 100,000.
	KeepChanges int
}
