package store_test

import (
	"context"
	"slices"
	"testing"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/module/store/storetest"
	"github.com/doorward/doorward/policyengine/pap/paptest"
	"github.com/doorward/doorward/tokens/tokenstest"
)

// TestMemory holds the store that other tests use to the contract of the real ones, so that what they prove is true of
// those too.
func TestMemory(t *testing.T) {
	storetest.RunAdministered(t, func(*testing.T) store.Store { return &memory{} })
}

// tokenMemory keeps the two stores at different depths: where both have a method, the policies' counts.
type tokenMemory struct{ tokenstest.Memory }

type memory struct {
	paptest.Memory
	tokenMemory
}

func (m *memory) AuditEvents(context.Context, store.AuditQuery) ([]audit.Event, error) {
	events := m.Memory.Events()
	slices.Reverse(events)
	return events, nil
}

func (*memory) Ping(context.Context) error { return nil }

func (*memory) Close() error { return nil }
