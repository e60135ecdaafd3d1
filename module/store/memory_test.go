package store_test

import (
	"context"
	"slices"
	"testing"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/module/store/query"
	"github.com/doorward/doorward/module/store/storetest"
	"github.com/doorward/doorward/policyengine/pap/paptest"
	"github.com/doorward/doorward/remote/remotetest"
	"github.com/doorward/doorward/tokens/oauth2/oauth2test"
	"github.com/doorward/doorward/tokens/tokenstest"
)

// TestMemory holds the store that other tests use to the contract of the real ones, so that what they prove is true of
// those too.
func TestMemory(t *testing.T) {
	storetest.RunAdministered(t, func(*testing.T) store.Store { return &memory{} })
}

// tokenMemory, clientMemory and remoteMemory keep the stores at different depths: where several have a method, the policies' counts.
type tokenMemory struct{ tokenstest.Memory }

type clientMemory struct{ oauth2test.Memory }

type remoteMemory struct{ remotetest.Memory }

type memory struct {
	paptest.Memory
	tokenMemory
	clientMemory
	remoteMemory
	session.Store // nobody asks for sessions here
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

func (m *memory) Record(ctx context.Context, e audit.Event) (int64, error) {
	return m.remoteMemory.Record(ctx, e)
}

func (m *memory) Conclude(ctx context.Context, id int64, o audit.Outcome) error {
	return m.remoteMemory.Conclude(ctx, id, o)
}

func (*memory) AuditChain(context.Context, int64, int) ([]audit.Link, error) { return nil, nil }

func (*memory) AuditHead(context.Context) (audit.Head, error) { return audit.Head{}, nil }

func (*memory) Ping(context.Context) error { return nil }

func (*memory) Close() error { return nil }
