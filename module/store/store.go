// Package store keeps what Doorward has to remember: access tokens; OAuth2 clients, signing keys and revocations; policies,
// boundaries, groups, users and bindings; requests for remote access and what is to be told of them; who is signed in to the console; the audit trail of their
// administration; and the list of changes that caches follow.
//
// Open picks the engine by the scheme of the DSN. Each engine is a package below this one and is held to the same
// contract by package storetest.
package store

import (
	"context"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/module/store/postgres"
	"github.com/doorward/doorward/module/store/query"
	"github.com/doorward/doorward/module/store/sqlite"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/notify"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/oauth2"
)

// AuditQuery selects administrative changes; see query.Audit.
type AuditQuery = query.Audit

// Store is everything an engine offers. Implementations are safe for concurrent use. An error that is none of those named
// in packages tokens, oauth2, pap, remote, session and audit is a fault: the store could not answer, and nothing may be allowed because of it.
type Store interface {
	tokens.Store
	oauth2.Store
	pap.Store
	remote.Store
	feed.Source
	audit.Journal
	session.Store

	// Outbox has what people and programs are to be told of remote access. It is part of the store: a batch is committed with
	// the change that it tells of.
	Outbox() notify.Outbox

	// AuditEvents returns a page of the audit trail, newest first unless asked otherwise. A limit out of range is a fault
	// of kind Invalid.
	AuditEvents(ctx context.Context, q AuditQuery) ([]audit.Event, error)
	// CountAuditEvents is the number of events that q selects, whatever its After and Limit.
	CountAuditEvents(ctx context.Context, q AuditQuery) (int, error)
	// AuditEvent returns the event with this identifier. query.ErrNotFound when there is none.
	AuditEvent(ctx context.Context, id int64) (audit.Event, error)
	// AuditChain returns a page of the trail as the chain that it is, oldest first, from after the event with that identifier.
	// Limits are those of AuditEvents.
	AuditChain(ctx context.Context, after int64, limit int) ([]audit.Link, error)
	// AuditHead is where the chain ends. Read before AuditChain it belongs to what that returns, or to a part of it.
	AuditHead(ctx context.Context) (audit.Head, error)
	// Ping reports whether the store answers a read.
	Ping(ctx context.Context) error
	// Close waits for running operations and gives everything back. Later calls do nothing; every other method
	// fails from then on.
	Close() error
}

var (
	_ Store       = (*sqlite.Store)(nil)
	_ Store       = (*postgres.Store)(nil)
	_ feed.Hinter = (*postgres.Store)(nil)
)

// Options are the knobs that every engine understands. The zero value is right for production.
type Options struct {
	// BusyTimeout is how long an operation waits for a lock that another process or gateway holds. 0 means 5 s.
	BusyTimeout time.Duration
	// CheckTime bounds the search for damage when a SQLite file is opened. 0 means 2 s; negative skips it.
	CheckTime time.Duration
	// KeepChanges is how many of the newest changes are kept for followers. 0 means 100,000.
	KeepChanges int
	// Unfinished opens the target of a copy that has not ended, too. Whoever copies may do that and nobody else: half of the tokens
	// may be there, and nothing that takes them back.
	Unfinished bool
}
