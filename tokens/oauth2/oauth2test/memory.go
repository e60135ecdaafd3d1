// Package oauth2test has the contract of oauth2.Store as tests, and a store in memory, for tests of what stands before a
// store.
package oauth2test

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/audit/audittest"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/tokens/oauth2"
)

// Memory keeps the contract of oauth2.Store, but for durability. The zero Memory is empty and ready for use.
type Memory struct {
	audittest.Ledger

	clients     map[string]oauth2.Client
	keys        []oauth2.SigningKey // by SignsFrom, ties by ID
	revocations map[string]oauth2.Revocation
}

var _ Store = (*Memory)(nil)

func detached(c oauth2.Client) oauth2.Client {
	c.Scopes = slices.Clone(c.Scopes)
	return c
}

// Client implements oauth2.Store.
func (m *Memory) Client(ctx context.Context, id string) (oauth2.Client, error) {
	if err := m.Begin(ctx, "Client"); err != nil {
		return oauth2.Client{}, err
	}
	defer m.End()
	c, ok := m.clients[id]
	if !ok {
		return oauth2.Client{}, oauth2.ErrNotFound
	}
	return detached(c), nil
}

// Clients implements oauth2.Store.
func (m *Memory) Clients(ctx context.Context, q oauth2.ClientQuery) ([]oauth2.Client, error) {
	size, err := oauth2.PageSize(q.Limit)
	if err != nil {
		return nil, err
	}
	if err := m.Begin(ctx, "Clients"); err != nil {
		return nil, err
	}
	defer m.End()
	var page []oauth2.Client
	for _, id := range slices.Sorted(maps.Keys(m.clients)) {
		c := m.clients[id]
		if id > q.After && (q.Account == "" || c.Account == q.Account) && len(page) < size {
			page = append(page, detached(c))
		}
	}
	return page, nil
}

// CreateClient implements oauth2.Store.
func (m *Memory) CreateClient(ctx context.Context, c oauth2.Client, limit int, e audit.Event) error {
	if err := m.Begin(ctx, "CreateClient"); err != nil {
		return err
	}
	defer m.End()
	if _, taken := m.clients[c.ID]; taken {
		return oauth2.ErrExists
	}
	count := 0
	for _, other := range m.clients {
		if other.Account == c.Account {
			count++
		}
	}
	if count >= limit {
		return oauth2.ErrFull
	}
	m.put(c)
	m.Changed(ctx, feed.OAuthClient, c.ID, e)
	return nil
}

func (m *Memory) put(c oauth2.Client) {
	if m.clients == nil {
		m.clients = make(map[string]oauth2.Client)
	}
	m.clients[c.ID] = detached(c)
}

// UpdateClient implements oauth2.Store.
func (m *Memory) UpdateClient(ctx context.Context, id string, e *audit.Event, change func(*oauth2.Client) (*oauth2.Revocation, error)) error {
	if err := m.Begin(ctx, "UpdateClient"); err != nil {
		return err
	}
	defer m.End()
	before, ok := m.clients[id]
	if !ok {
		return oauth2.ErrNotFound
	}
	c := detached(before)
	revocation, err := change(&c)
	if err != nil {
		return err
	}
	c.ID, c.Account, c.Created, c.LastUsed = before.ID, before.Account, before.Created, before.LastUsed
	m.put(c)
	if revocation != nil {
		m.revoke(*revocation)
	}
	m.Changed(ctx, feed.OAuthClient, id, *e)
	return nil
}

// DeleteClient implements oauth2.Store.
func (m *Memory) DeleteClient(ctx context.Context, id string, r oauth2.Revocation, e audit.Event) error {
	if err := m.Begin(ctx, "DeleteClient"); err != nil {
		return err
	}
	defer m.End()
	if _, ok := m.clients[id]; !ok {
		return oauth2.ErrNotFound
	}
	delete(m.clients, id)
	m.revoke(r)
	m.Changed(ctx, feed.OAuthClient, id, e)
	return nil
}

// RecordClientUse implements oauth2.Store.
func (m *Memory) RecordClientUse(ctx context.Context, id string, at time.Time) error {
	if err := m.Begin(ctx, "RecordClientUse"); err != nil {
		return err
	}
	defer m.End()
	if c, ok := m.clients[id]; ok && at.After(c.LastUsed) {
		c.LastUsed = at
		m.clients[id] = c
	}
	return nil
}

// SigningKeys implements oauth2.Store.
func (m *Memory) SigningKeys(ctx context.Context) ([]oauth2.SigningKey, error) {
	if err := m.Begin(ctx, "SigningKeys"); err != nil {
		return nil, err
	}
	defer m.End()
	keys := slices.Clone(m.keys)
	for i := range keys {
		keys[i].Sealed = slices.Clone(keys[i].Sealed)
	}
	return keys, nil
}

// AddSigningKey implements oauth2.Store.
func (m *Memory) AddSigningKey(ctx context.Context, k oauth2.SigningKey, newest string, e audit.Event) error {
	if err := m.Begin(ctx, "AddSigningKey"); err != nil {
		return err
	}
	defer m.End()
	last := ""
	if n := len(m.keys); n > 0 {
		last = m.keys[n-1].ID
	}
	if last != newest {
		return oauth2.ErrConflict
	}
	if slices.ContainsFunc(m.keys, func(other oauth2.SigningKey) bool { return other.ID == k.ID }) {
		return oauth2.ErrExists
	}
	k.Sealed = slices.Clone(k.Sealed)
	m.keys = append(m.keys, k)
	slices.SortFunc(m.keys, func(a, b oauth2.SigningKey) int {
		return cmp.Or(a.SignsFrom.Compare(b.SignsFrom), strings.Compare(a.ID, b.ID))
	})
	m.Changed(ctx, feed.SigningKey, k.ID, e)
	return nil
}

// RemoveSigningKey implements oauth2.Store.
func (m *Memory) RemoveSigningKey(ctx context.Context, id string, e audit.Event) error {
	if err := m.Begin(ctx, "RemoveSigningKey"); err != nil {
		return err
	}
	defer m.End()
	at := slices.IndexFunc(m.keys, func(k oauth2.SigningKey) bool { return k.ID == id })
	if at < 0 {
		return oauth2.ErrNotFound
	}
	m.keys = slices.Delete(m.keys, at, at+1)
	m.Changed(ctx, feed.SigningKey, id, e)
	return nil
}

// Revoke implements oauth2.Store.
func (m *Memory) Revoke(ctx context.Context, r oauth2.Revocation, e audit.Event) error {
	if err := m.Begin(ctx, "Revoke"); err != nil {
		return err
	}
	defer m.End()
	if m.revoke(r) {
		m.Changed(ctx, feed.Revocation, r.ID, e)
	}
	return nil
}

// revoke reports whether anything was moved.
func (m *Memory) revoke(r oauth2.Revocation) bool {
	known, has := m.revocations[r.ID]
	if has && !r.Before.After(known.Before) && !r.Until.After(known.Until) {
		return false
	}
	if known.Before.After(r.Before) {
		r.Before = known.Before
	}
	if known.Until.After(r.Until) {
		r.Until = known.Until
	}
	if m.revocations == nil {
		m.revocations = make(map[string]oauth2.Revocation)
	}
	m.revocations[r.ID] = r
	return true
}

// Revocations implements oauth2.Store.
func (m *Memory) Revocations(ctx context.Context, now time.Time, after string, limit int) ([]oauth2.Revocation, error) {
	size, err := oauth2.PageSize(limit)
	if err != nil {
		return nil, err
	}
	if err := m.Begin(ctx, "Revocations"); err != nil {
		return nil, err
	}
	defer m.End()
	var page []oauth2.Revocation
	for _, id := range slices.Sorted(maps.Keys(m.revocations)) {
		if r := m.revocations[id]; id > after && r.Until.After(now) && len(page) < size {
			page = append(page, r)
		}
	}
	return page, nil
}

// PurgeRevocations implements oauth2.Store.
func (m *Memory) PurgeRevocations(ctx context.Context, now time.Time) error {
	if err := m.Begin(ctx, "PurgeRevocations"); err != nil {
		return err
	}
	defer m.End()
	maps.DeleteFunc(m.revocations, func(_ string, r oauth2.Revocation) bool { return !r.Until.After(now) })
	return nil
}
