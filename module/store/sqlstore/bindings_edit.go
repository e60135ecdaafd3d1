package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/pap"
)

// errNoLevel would be a change of bindings all over the store.
var errNoLevel = fault.New(fault.Invalid, "Bindings are changed at one level.", nil)

// EditBindings makes of the bindings at a level what edit returns, if check has nothing against it.
func (s *Store) EditBindings(ctx context.Context, q pap.BindingQuery, limit int, e audit.Event,
	edit func([]pap.Binding) (pap.BindingEdit, error), check func(pap.Assignment) error) error {
	if q.Level == (pap.Level{}) {
		return errNoLevel
	}
	return s.changes(ctx, "edit bindings", func(tx session) ([]entry, error) {
		c := bindingConditions(q)
		current, err := readBindings(ctx, tx, c.where(), c.values...)
		if err != nil {
			return nil, err
		}
		work := bindingWork{store: s, tx: tx, cause: e, level: q.Level, current: map[string]pap.Binding{}}
		for _, b := range current {
			work.current[b.ID] = b.Clone() // edit may change what it is handed
		}
		wanted, err := edit(current)
		if err != nil {
			return nil, verdict{err}
		}
		if err := work.do(ctx, wanted, check); err != nil {
			return nil, err
		}
		return work.entries, work.full(ctx, limit)
	})
}

// bindingWork is one EditBindings on its way.
type bindingWork struct {
	store   *Store
	tx      session
	cause   audit.Event
	level   pap.Level
	current map[string]pap.Binding // by identifier
	added   bool
	entries []entry
}

// do checks first: what is deleted or put has no part in whether the rest can be bound.
func (w *bindingWork) do(ctx context.Context, wanted pap.BindingEdit, check func(pap.Assignment) error) error {
	put := slices.Clone(wanted.Put)
	for i := range put {
		put[i].Level = w.level
		if old, replaces := w.current[put[i].ID]; replaces {
			put[i].PolicyUUID, put[i].GroupUUID, put[i].Created = old.PolicyUUID, old.GroupUUID, old.Created
		}
	}
	a, err := completeAssignment(ctx, w.tx, put)
	if err != nil {
		return err
	}
	if err := check(a); err != nil {
		return verdict{err}
	}
	for _, id := range wanted.Delete {
		if err := w.delete(ctx, id); err != nil {
			return err
		}
	}
	for _, b := range put {
		if err := w.put(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

func (w *bindingWork) delete(ctx context.Context, id string) error {
	b, ok := w.current[id]
	if !ok {
		return errors.New("a binding was to be deleted that is not among the selected")
	}
	if err := deleteBinding(ctx, w.tx, id); err != nil {
		return err
	}
	w.entries = append(w.entries, entry{feed.Binding, id, b.Event(pap.BindingDelete, w.cause)})
	return nil
}

func (w *bindingWork) put(ctx context.Context, b pap.Binding) error {
	var event audit.Event
	var err error
	if before, replaces := w.current[b.ID]; replaces {
		event, err = b.UpdateEvent(before, w.cause), updateBinding(ctx, w.tx, b)
	} else {
		event, err = b.Event(pap.BindingCreate, w.cause), insertBinding(ctx, w.tx, b)
		w.added = true
	}
	if err != nil {
		return w.store.unknownReference(w.store.taken(err))
	}
	for _, boundary := range b.Boundaries {
		_, err := w.tx.ExecContext(ctx, `INSERT INTO binding_boundaries (binding_id, boundary_uuid) VALUES (?, ?)`, b.ID, boundary)
		if err != nil {
			return w.store.unknownReference(err)
		}
	}
	w.entries = append(w.entries, entry{feed.Binding, b.ID, event})
	return nil
}

// full counts afterwards, so that a replacement at the limit is possible. Taking bindings away is always possible.
func (w *bindingWork) full(ctx context.Context, limit int) error {
	if !w.added {
		return nil
	}
	var level conditions
	level.atLevel(w.level)
	return room(ctx, w.tx, limit+1, "bindings", level)
}

func insertBinding(ctx context.Context, tx session, b pap.Binding) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO bindings (id, level_type, level_id, policy_uuid, group_uuid, parameters,
		metadata, shadow, created, modified) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, b.ID, b.Level.Type, b.Level.ID, b.PolicyUUID,
		b.GroupUUID, pairs(b.Parameters), pairs(b.Metadata), b.Shadow, b.Created.UnixMilli(), instant(b.Modified))
	return err
}

func updateBinding(ctx context.Context, tx session, b pap.Binding) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM binding_boundaries WHERE binding_id = ?`, b.ID); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE bindings SET parameters = ?, metadata = ?, shadow = ?, modified = ? WHERE id = ?`,
		pairs(b.Parameters), pairs(b.Metadata), b.Shadow, instant(b.Modified), b.ID)
	return err
}

// unknownReference makes a group or boundary that is not there the contract's word for it.
func (s *Store) unknownReference(err error) error {
	if err != nil && s.dialect.Dangling(err) {
		return verdict{fmt.Errorf("a group or boundary: %w", pap.ErrNotFound)}
	}
	return err
}
