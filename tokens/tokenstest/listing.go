package tokenstest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
)

// Bounds of tokens.Query.Limit.
const (
	usualPage = 1000
	maxPage   = 10_000
)

// Tokens implements tokens.Store.
func (m *Memory) Tokens(ctx context.Context, q tokens.Query) ([]tokens.Record, error) {
	if err := m.begin(ctx, "Tokens"); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	if q.Limit < 0 || q.Limit > maxPage {
		return nil, fault.New(fault.Invalid, fmt.Sprintf("A page has 1 to %d tokens.", maxPage), nil)
	}
	page := m.selected(q)
	slices.SortFunc(page, func(a, b tokens.Record) int {
		return inOrder(q, tokens.PositionOf(a, q.Sort), tokens.PositionOf(b, q.Sort))
	})
	if q.After != nil {
		page = slices.DeleteFunc(page, func(r tokens.Record) bool { return inOrder(q, tokens.PositionOf(r, q.Sort), q.After) <= 0 })
	}
	return page[:min(len(page), cmp.Or(q.Limit, usualPage))], nil
}

// CountTokens implements tokens.Store.
func (m *Memory) CountTokens(ctx context.Context, q tokens.Query) (int, error) {
	if err := m.begin(ctx, "CountTokens"); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	return len(m.selected(q)), nil
}

func (m *Memory) selected(q tokens.Query) []tokens.Record {
	var found []tokens.Record
	for _, r := range m.records {
		if selects(q, r) {
			found = append(found, detached(r))
		}
	}
	return found
}

func selects(q tokens.Query, r tokens.Record) bool {
	return (q.Environment == "" || r.Environment == q.Environment) &&
		(q.Kind == "" || ofKind(q.Kind, r)) &&
		(q.Owner == "" || r.Owner == q.Owner) &&
		(q.Personal == tokens.Any || r.Personal == (q.Personal == tokens.Only)) &&
		(q.Enabled == tokens.Any || r.Enabled == (q.Enabled == tokens.Only)) &&
		(len(q.Scopes) == 0 || slices.ContainsFunc(q.Scopes, func(s string) bool { return slices.Contains(r.Scopes, s) })) &&
		strings.HasPrefix(r.ID, q.IDPrefix) && strings.HasPrefix(r.Name, q.NamePrefix) &&
		within(r.LastUsed, q.UsedFrom, q.UsedTo) && within(r.Expires, q.ExpiresFrom, q.ExpiresTo)
}

func ofKind(kind string, r tokens.Record) bool {
	if r.Legacy {
		return kind == tokens.KindAccess
	}
	prefix, _, _ := strings.Cut(r.ID, ".")
	return prefix == kind
}

// within passes over tokens that have no such time as soon as there is a bound.
func within(at, from, to time.Time) bool {
	if from.IsZero() && to.IsZero() {
		return true
	}
	return !at.IsZero() && !at.Before(from) && (to.IsZero() || !at.After(to))
}

// inOrder compares two places of the listing. SortNewest has ties by identifier ascending although its times descend.
func inOrder(q tokens.Query, a, b *tokens.Position) int {
	by := a.At.Compare(b.At)
	switch q.Sort {
	case tokens.SortNewest:
		by = -by
	case tokens.SortName:
		by = strings.Compare(a.Name, b.Name)
	case tokens.SortExpires:
		if a.At.IsZero() != b.At.IsZero() {
			by = -by // never is later than every time
		}
	}
	by = cmp.Or(by, strings.Compare(a.ID, b.ID))
	if q.Descending {
		return -by
	}
	return by
}
