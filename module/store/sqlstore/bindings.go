package sqlstore

import (
	"context"
	"slices"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/pap"
)

const selectBinding = `SELECT id, level_type, level_id, policy_uuid, group_uuid, parameters,
	(SELECT json_group_array(boundary_uuid) FROM binding_boundaries WHERE binding_id = id),
	metadata, shadow, created, modified FROM bindings`

func scanBinding(row scanner) (pap.Binding, error) {
	var b pap.Binding
	var created int64
	err := row.Scan(&b.ID, &b.Level.Type, &b.Level.ID, &b.PolicyUUID, &b.GroupUUID, (*pairs)(&b.Parameters),
		(*names)(&b.Boundaries), (*pairs)(&b.Metadata), &b.Shadow, &created, (*instant)(&b.Modified))
	b.Created = time.UnixMilli(created).UTC()
	slices.Sort(b.Boundaries) // they come in order, which SQLite does not promise, and sorts slowly when it is told to
	return b, err
}

// Binding returns the binding with this identifier.
func (s *Store) Binding(ctx context.Context, id string) (pap.Binding, error) {
	return readOne(ctx, s, "binding", scanBinding, selectBinding+` WHERE id = ?`, id)
}

// Bindings returns a page of bindings.
func (s *Store) Bindings(ctx context.Context, q pap.BindingQuery, page pap.Page) ([]pap.Binding, error) {
	return readPage(ctx, s, "bindings", scanBinding, selectBinding, bindingConditions(q), "id", page)
}

// CountBindings is the number of bindings that q selects.
func (s *Store) CountBindings(ctx context.Context, q pap.BindingQuery) (int, error) {
	return readCount(ctx, s, "bindings", bindingConditions(q))
}

func bindingConditions(q pap.BindingQuery) (c conditions) {
	c.atLevel(q.Level)
	c.equal("policy_uuid", q.PolicyUUID)
	c.equal("group_uuid", q.GroupUUID)
	return c
}

// loseBindings deletes the bindings that go along with something else, and says so of each.
func loseBindings(ctx context.Context, tx session, where, key string, cause audit.Event) ([]entry, error) {
	bindings, err := list(ctx, tx, scanBinding, selectBinding+where+` ORDER BY id`, key)
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, b := range bindings {
		if err := deleteBinding(ctx, tx, b.ID); err != nil {
			return nil, err
		}
		entries = append(entries, entry{feed.Binding, b.ID, b.Event(pap.BindingDelete, cause)})
	}
	return entries, nil
}

func deleteBinding(ctx context.Context, tx session, id string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM binding_boundaries WHERE binding_id = ?`, id); err != nil {
		return err
	}
	return gone(ctx, tx, `DELETE FROM bindings WHERE id = ? RETURNING true`, id)
}
