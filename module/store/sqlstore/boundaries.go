package sqlstore

import (
	"context"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/pap"
)

const selectBoundary = `SELECT uuid, account_id, name, query, metadata, created, modified FROM boundaries`

func scanBoundary(row scanner) (pap.Boundary, error) {
	var b pap.Boundary
	var created int64
	err := row.Scan(&b.UUID, &b.AccountID, &b.Name, &b.Query, (*pairs)(&b.Metadata), &created, (*instant)(&b.Modified))
	b.Created = time.UnixMilli(created).UTC()
	return b, err
}

// Boundary returns the boundary with this identifier.
func (s *Store) Boundary(ctx context.Context, uuid string) (pap.Boundary, error) {
	return readOne(ctx, s, "boundary", scanBoundary, selectBoundary+` WHERE uuid = ?`, uuid)
}

// Boundaries returns a page of boundaries.
func (s *Store) Boundaries(ctx context.Context, q pap.BoundaryQuery) ([]pap.Boundary, error) {
	return readPage(ctx, s, "boundaries", scanBoundary, selectBoundary, boundaryConditions(q), "uuid", q.Page)
}

// CountBoundaries is the number of boundaries that q selects.
func (s *Store) CountBoundaries(ctx context.Context, q pap.BoundaryQuery) (int, error) {
	return readCount(ctx, s, "boundaries", boundaryConditions(q))
}

func boundaryConditions(q pap.BoundaryQuery) (c conditions) {
	c.equal("account_id", q.AccountID)
	c.equal("name", q.Name)
	return c
}

// CreateBoundary adds a boundary.
func (s *Store) CreateBoundary(ctx context.Context, b pap.Boundary, limit int, e audit.Event) error {
	return s.change(ctx, "create boundary", feed.Boundary, b.UUID, e, func(tx session) error {
		var account conditions
		account.add("account_id = ?", b.AccountID)
		if err := room(ctx, tx, limit, "boundaries", account); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO boundaries (uuid, account_id, name, query, metadata, created, modified)
			VALUES (?, ?, ?, ?, ?, ?, ?)`,
			b.UUID, b.AccountID, b.Name, b.Query, pairs(b.Metadata), b.Created.UnixMilli(), instant(b.Modified))
		return s.taken(err)
	})
}

// UpdateBoundary stores what change left, if check has nothing against it.
func (s *Store) UpdateBoundary(ctx context.Context, uuid string, e audit.Event, change func(*pap.Boundary) error,
	check func(pap.Assignment) error) error {
	return s.changes(ctx, "update boundary", func(tx session) ([]entry, error) {
		before, err := scanBoundary(tx.QueryRowContext(ctx, selectBoundary+` WHERE uuid = ?`, uuid))
		if err != nil {
			return nil, absent(err)
		}
		b := before.Clone()
		if err := change(&b); err != nil {
			return nil, verdict{err}
		}
		b.UUID, b.AccountID, b.Created = before.UUID, before.AccountID, before.Created
		a, err := readAssignment(ctx, tx,
			` WHERE id IN (SELECT binding_id FROM binding_boundaries WHERE boundary_uuid = ?)`, uuid)
		if err != nil {
			return nil, err
		}
		a.Boundaries[uuid] = b
		if err := check(a); err != nil {
			return nil, verdict{err}
		}
		_, err = tx.ExecContext(ctx, `UPDATE boundaries SET name = ?, query = ?, metadata = ?, modified = ? WHERE uuid = ?`,
			b.Name, b.Query, pairs(b.Metadata), instant(b.Modified), uuid)
		return []entry{{feed.Boundary, uuid, pap.BoundaryEvent(e, before, b)}}, s.taken(err)
	})
}

// DeleteBoundary removes a boundary that no binding uses.
func (s *Store) DeleteBoundary(ctx context.Context, uuid string, e audit.Event) error {
	return s.change(ctx, "delete boundary", feed.Boundary, uuid, e, func(tx session) error {
		var using conditions
		using.add("boundary_uuid = ?", uuid)
		n, err := count(ctx, tx, "binding_boundaries", using)
		if err != nil {
			return err
		}
		if n > 0 {
			return verdict{pap.ErrInUse}
		}
		return gone(ctx, tx, `DELETE FROM boundaries WHERE uuid = ? RETURNING true`, uuid)
	})
}
