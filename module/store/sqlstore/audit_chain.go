package sqlstore

import (
	"context"
	"fmt"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store/query"
)

const selectLinks = `SELECT event_type, category, hash, outcome_hash, ` + eventColumns + withOutcomes + ` WHERE id > ? ORDER BY id LIMIT ?`

// AuditChain returns the events after one, oldest first, as they are in the chain; a limit out of range is a fault of kind
// Invalid.
func (s *Store) AuditChain(ctx context.Context, after int64, limit int) ([]audit.Link, error) {
	limit, err := pageSize(limit, query.AuditPage, query.MaxAuditPage)
	if err != nil {
		return nil, err
	}
	var links []audit.Link
	err = s.try(ctx, func(ctx context.Context) (err error) {
		links, err = list(ctx, s.reader, scanLink, selectLinks, after, limit)
		return err
	})
	if err != nil {
		return nil, s.faultOf(ctx, "audit chain", err)
	}
	return links, nil
}

// AuditHead is where the chain ends.
func (s *Store) AuditHead(ctx context.Context) (audit.Head, error) {
	var h audit.Head
	err := s.try(ctx, func(ctx context.Context) error {
		return s.reader.QueryRowContext(ctx, `SELECT before, last, outcomes, hash FROM audit_head`).
			Scan(&h.Before, &h.Last, &h.Outcomes, (*chainHash)(&h.Hash))
	})
	if err != nil {
		return audit.Head{}, s.faultOf(ctx, "head of the audit chain", err)
	}
	return h, nil
}

func scanLink(row scanner) (audit.Link, error) {
	var r eventRow
	var l audit.Link
	var eventType, category string
	columns := []any{&eventType, &category, (*chainHash)(&l.Hash), (*chainHash)(&l.OutcomeHash)}
	err := row.Scan(append(columns, r.columns()...)...)
	l.Event = r.event()
	l.Misfiled = eventType != l.Type() || category != l.Category()
	return l, err
}

// chainHash is a hash of the chain as it is stored: 32 bytes, or NULL for none.
type chainHash audit.Digest

// Scan is sql.Scanner's.
func (h *chainHash) Scan(v any) error {
	stored, ok := v.([]byte)
	if v != nil && (!ok || len(stored) != len(h)) {
		return fmt.Errorf("a hash is stored as %T of %d bytes", v, len(stored))
	}
	*h = chainHash{}
	copy(h[:], stored)
	return nil
}
