// Package tokenstest has a token store in memory, for tests of what stands before a store.
package tokenstest

import (
	"cmp"
	"context"
	"maps"
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

	mu      sync.Mutex
	records map[string]tokens.Record
	events  []audit.Event
	uses    [][]tokens.Use
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
	r.Scopes = slices.Clone(r.Scopes)
	m.records[r.ID] = r
}

// Events are the audit events so far.
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
	r.Scopes = slices.Clone(r.Scopes)
	return r, nil
}

// LegacyToken implements tokens.Store.
func (m *Memory) LegacyToken(ctx context.Context, digest tokens.Digest) (tokens.Record, error) {
	if err := m.begin(ctx, "LegacyToken"); err != nil {
		return tokens.Record{}, err
	}
	defer m.mu.Unlock()
	for _, r := range m.records {
		if r.Legacy && r.Digest.Equal(digest) {
			r.Scopes = slices.Clone(r.Scopes)
			return r, nil
		}
	}
	return tokens.Record{}, tokens.ErrNotFound
}

// Tokens implements tokens.Store.
func (m *Memory) Tokens(ctx context.Context, q tokens.Query) ([]tokens.Record, error) {
	if err := m.begin(ctx, "Tokens"); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	after, ok := m.records[q.After]
	if q.After != "" && !ok {
		return nil, tokens.ErrNotFound
	}
	page := slices.SortedFunc(maps.Values(m.records), newestFirst)
	page = slices.DeleteFunc(page, func(r tokens.Record) bool {
		return q.Owner != "" && r.Owner != q.Owner || !strings.HasPrefix(r.ID, q.Prefix) || q.After != "" && newestFirst(r, after) <= 0
	})
	return page[:min(len(page), cmp.Or(q.Limit, 1000))], nil
}

func newestFirst(a, b tokens.Record) int {
	return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.ID, b.ID))
}

// CreateToken implements tokens.Store.
func (m *Memory) CreateToken(ctx context.Context, r tokens.Record, e audit.Event) error {
	if err := m.begin(ctx, "CreateToken"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	for id, other := range m.records {
		if id == r.ID || r.Legacy && other.Legacy && other.Digest.Equal(r.Digest) {
			return tokens.ErrExists
		}
	}
	m.put(r)
	m.changed(e)
	return nil
}

// UpdateToken implements tokens.Store.
func (m *Memory) UpdateToken(ctx context.Context, id string, e audit.Event, change func(*tokens.Record) error) error {
	if err := m.begin(ctx, "UpdateToken"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	before, ok := m.records[id]
	if !ok {
		return tokens.ErrNotFound
	}
	r := before
	r.Scopes = slices.Clone(r.Scopes)
	if err := change(&r); err != nil {
		return err
	}
	r.ID, r.Digest, r.Legacy, r.Created = before.ID, before.Digest, before.Legacy, before.Created
	m.put(r)
	m.changed(e)
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
	m.changed(e)
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

// changed writes the audit event under the next revision.
func (m *Memory) changed(e audit.Event) {
	e.Revision = int64(len(m.events)) + 1
	m.events = append(m.events, e)
}
