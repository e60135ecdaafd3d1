package store_test

import (
	"context"
	"slices"
	"testing"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/module/store/query"
	"github.com/doorward/doorward/module/store/storetest"
	"github.com/doorward/doorward/policyengine/pap/paptest"
	"github.com/doorward/doorward/tokens/oauth2/oauth2test"
	"github.com/doorward/doorward/tokens/tokenstest"
)

// TestMemory holds the store that other tests use to the contract of the real ones, so that what they prove is true of
// those too.
func TestMemory(t *testing.T) {
	storetest.RunAdministered(t, func(*testing.T) store.Store { return &memory{} })
}

// tokenMemory and clientMemory keep the stores at different depths: where several have a method, the policies' counts.
type tokenMemory struct{ tokenstest.Memory }

type clientMemory struct{ oauth2test.Memory }

type memory struct {
	paptest.Memory
	tokenMemory
	clientMemory
}

func (m *memory) AuditEvents(context.Context, store.AuditQuery) ([]audit.Event, error) {
	events := m.Memory.Events()
	for i := range events {
		events[i].ID = int64(i) + 1
	}
	slices.Reverse(events)
	return events, nil
}

func (m *memory) CountAuditEvents(context.Context, store.AuditQuery) (int, error) {
	return len(m.Memory.Events()), nil
}

func (*memory) AuditEvent(context.Context, int64) (audit.Event, error) {
	return audit.Event{}, query.ErrNotFound
}

func (*memory) Ping(context.Context) error { return nil }

func (*memory) Close() error { return nil }
