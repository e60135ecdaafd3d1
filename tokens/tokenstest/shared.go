package tokenstest

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/tokens"
)

// RecordScopeUses implements tokens.Store.
func (m *Memory) RecordScopeUses(ctx context.Context, uses []tokens.ScopeUse) error {
	if err := m.begin(ctx, "RecordScopeUses"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	for _, use := range uses {
		if _, known := m.records[use.ID]; known {
			m.noteScopeUse(use)
		}
	}
	return nil
}

func (m *Memory) noteScopeUse(use tokens.ScopeUse) {
	use.Alternatives = slices.Clone(use.Alternatives)
	known := m.scopeUses[use.ID]
	at := slices.IndexFunc(known, func(old tokens.ScopeUse) bool { return slices.Equal(old.Alternatives, use.Alternatives) })
	switch {
	case at < 0:
		known = append(known, use)
	case use.At.After(known[at].At):
		known[at] = use
	}
	slices.SortFunc(known, func(a, b tokens.ScopeUse) int {
		return cmp.Or(b.At.Compare(a.At), slices.Compare(a.Alternatives, b.Alternatives))
	})
	if m.scopeUses == nil {
		m.scopeUses = make(map[string][]tokens.ScopeUse)
	}
	m.scopeUses[use.ID] = known[:min(len(known), tokens.MaxScopeUses)]
}

// ScopeUses implements tokens.Store.
func (m *Memory) ScopeUses(ctx context.Context, id string) ([]tokens.ScopeUse, error) {
	if err := m.begin(ctx, "ScopeUses"); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	uses := slices.Clone(m.scopeUses[id])
	for i := range uses {
		uses[i].Alternatives = slices.Clone(uses[i].Alternatives)
	}
	return uses, nil
}

// TenantToken implements tokens.Store.
func (m *Memory) TenantToken(ctx context.Context, environment string) (tokens.TenantToken, error) {
	if err := m.begin(ctx, "TenantToken"); err != nil {
		return tokens.TenantToken{}, err
	}
	defer m.mu.Unlock()
	t, ok := m.tenants[environment]
	if !ok {
		return tokens.TenantToken{}, tokens.ErrNotFound
	}
	return detachedTenant(t), nil
}

func detachedTenant(t tokens.TenantToken) tokens.TenantToken {
	t.Active, t.Old = slices.Clone(t.Active), slices.Clone(t.Old)
	return t
}

// UpdateTenantToken implements tokens.Store.
func (m *Memory) UpdateTenantToken(ctx context.Context, environment string, e *audit.Event, change func(*tokens.TenantToken) error) error {
	if err := m.begin(ctx, "UpdateTenantToken"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	t := detachedTenant(m.tenants[environment])
	t.Environment = environment
	if err := change(&t); err != nil {
		return err
	}
	t.Environment = environment
	if m.tenants == nil {
		m.tenants = make(map[string]tokens.TenantToken)
	}
	m.tenants[environment] = detachedTenant(t)
	m.changed(ctx, *e)
	return nil
}

// Settings implements tokens.Store.
func (m *Memory) Settings(ctx context.Context) (map[string]tokens.Settings, error) {
	if err := m.begin(ctx, "Settings"); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	all := make(map[string]tokens.Settings, len(m.settings))
	maps.Copy(all, m.settings)
	return all, nil
}

// UpdateSettings implements tokens.Store.
func (m *Memory) UpdateSettings(ctx context.Context, environment string, e *audit.Event, change func(*tokens.Settings) error) error {
	if err := m.begin(ctx, "UpdateSettings"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	s := m.settings[environment]
	if err := change(&s); err != nil {
		return err
	}
	if m.settings == nil {
		m.settings = make(map[string]tokens.Settings)
	}
	m.settings[environment] = s
	m.changed(ctx, *e)
	return nil
}
