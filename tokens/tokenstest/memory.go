// Package tokenstest has a token store in memory, for tests of what stands before a store.
package tokenstest

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/tokens"
)

// Memory keeps the contract of tokens.Store, but for durability and the feed of changes. The zero Memory is empty and
// ready for use.
type Memory struct {
	// Before, if not nil, is called at the start of every method with the method's name, with no lock held. It may
	// count, wait, or return the error that the method is to fail with. Set it before the store is used.
	Before func(ctx context.Context, method string) error

	mu        sync.Mutex
	records   map[string]tokens.Record
	events    []audit.Event
	revision  int64
	uses      [][]tokens.Use
	scopeUses map[string][]tokens.ScopeUse // newest first
	tenants   map[string]tokens.TenantToken
	settings  map[string]tokens.Settings
}

var _ tokens.Store = (*Memory)(nil)

// Put stores a record as it is, without an event.
func (m *Memory) Put(r tokens.Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(r)
}

func (m *Memory) put(r tokens.Record) {
	if m.records == nil {
		m.records = make(map[string]tokens.Record)
	}
	m.records[r.ID] = detached(r)
}

// detached is a copy that shares nothing with the record.
func detached(r tokens.Record) tokens.Record {
	r.Scopes, r.Networks, r.Environments = slices.Clone(r.Scopes), slices.Clone(r.Networks), slices.Clone(r.Environments)
	return r
}

// Events are the audit events so far, those of failed attempts too.
func (m *Memory) Events() []audit.Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.events)
}

// Uses are the batches that RecordUses was given so far, those with unknown identifiers too.
func (m *Memory) Uses() [][]tokens.Use {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.uses)
}

// begin calls Before and takes the lock, unless the method is to fail.
func (m *Memory) begin(ctx context.Context, method string) error {
	if m.Before != nil {
		if err := m.Before(ctx, method); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	return nil
}

// Token implements tokens.Store.
func (m *Memory) Token(ctx context.Context, id string) (tokens.Record, error) {
	if err := m.begin(ctx, "Token"); err != nil {
		return tokens.Record{}, err
	}
	defer m.mu.Unlock()
	r, ok := m.records[id]
	if !ok {
		return tokens.Record{}, tokens.ErrNotFound
	}
	return detached(r), nil
}

// LegacyToken implements tokens.Store.
func (m *Memory) LegacyToken(ctx context.Context, digest tokens.Digest) (tokens.Record, error) {
	if err := m.begin(ctx, "LegacyToken"); err != nil {
		return tokens.Record{}, err
	}
	defer m.mu.Unlock()
	for _, r := range m.records {
		if r.Legacy && r.Digest.Equal(digest) {
			return detached(r), nil
		}
	}
	return tokens.Record{}, tokens.ErrNotFound
}

// CreateToken implements tokens.Store.
func (m *Memory) CreateToken(ctx context.Context, r tokens.Record, e audit.Event) error {
	if err := m.begin(ctx, "CreateToken"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	return m.create(ctx, r, e)
}

// CreateLimitedToken implements tokens.Store.
func (m *Memory) CreateLimitedToken(ctx context.Context, r tokens.Record, limit int, e audit.Event) error {
	if err := m.begin(ctx, "CreateLimitedToken"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	kind, _, _ := strings.Cut(r.ID, ".")
	n := 0
	for _, other := range m.records {
		if other.Owner == r.Owner && ofKind(kind, other) {
			n++
		}
	}
	if n >= limit {
		return tokens.ErrFull
	}
	return m.create(ctx, r, e)
}

func (m *Memory) create(ctx context.Context, r tokens.Record, e audit.Event) error {
	for id, other := range m.records {
		if id == r.ID || r.Legacy && other.Legacy && other.Digest.Equal(r.Digest) {
			return tokens.ErrExists
		}
	}
	m.put(r)
	m.changed(ctx, e)
	return nil
}

// UpdateToken implements tokens.Store.
func (m *Memory) UpdateToken(ctx context.Context, id string, e *audit.Event, change func(*tokens.Record) error) error {
	if err := m.begin(ctx, "UpdateToken"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	before, ok := m.records[id]
	if !ok {
		return tokens.ErrNotFound
	}
	r := detached(before)
	if err := change(&r); err != nil {
		return err
	}
	r.ID, r.Digest, r.Legacy, r.Created = before.ID, before.Digest, before.Legacy, before.Created
	r.ActiveGate, r.Seed, r.Staff = before.ActiveGate, before.Seed, before.Staff || r.Staff
	m.put(r)
	m.changed(ctx, *e)
	return nil
}

// DeleteToken implements tokens.Store.
func (m *Memory) DeleteToken(ctx context.Context, id string, e audit.Event) error {
	if err := m.begin(ctx, "DeleteToken"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	if _, ok := m.records[id]; !ok {
		return tokens.ErrNotFound
	}
	delete(m.records, id)
	delete(m.scopeUses, id)
	m.changed(ctx, e)
	return nil
}

// RecordUses implements tokens.Store.
func (m *Memory) RecordUses(ctx context.Context, uses []tokens.Use) error {
	if err := m.begin(ctx, "RecordUses"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	m.uses = append(m.uses, slices.Clone(uses))
	for _, use := range uses {
		if r, ok := m.records[use.ID]; ok && use.At.After(r.LastUsed) {
			r.LastUsed, r.LastUsedIP = use.At, use.IP
			m.records[use.ID] = r
		}
	}
	return nil
}

// RecordAttempt implements audit.Trail.
func (m *Memory) RecordAttempt(ctx context.Context, e audit.Event) error {
	if err := m.begin(ctx, "RecordAttempt"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	e.Failed, e.Revision = true, 0
	m.note(ctx, e)
	return nil
}

// changed writes the audit event of a change under the next revision.
func (m *Memory) changed(ctx context.Context, e audit.Event) {
	m.revision++
	e.Revision = m.revision
	m.note(ctx, e)
}

func (m *Memory) note(ctx context.Context, e audit.Event) {
	e = e.From(ctx)
	e.ID = int64(len(m.events)) + 1
	m.events = append(m.events, e)
}
