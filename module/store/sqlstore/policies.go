package sqlstore

import (
	"context"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/pap"
)

const selectPolicy = `SELECT uuid, level_type, level_id, name, description, tags, statement, shadow, created,
	modified FROM policies`

func scanPolicy(row scanner) (pap.Policy, error) {
	var p pap.Policy
	var created int64
	err := row.Scan(&p.UUID, &p.Level.Type, &p.Level.ID, &p.Name, &p.Description, (*names)(&p.Tags), &p.Statement, &p.Shadow,
		&created, (*instant)(&p.Modified))
	p.Created = time.UnixMilli(created).UTC()
	return p, err
}

// Policy returns the policy with this identifier.
func (s *Store) Policy(ctx context.Context, uuid string) (pap.Policy, error) {
	return readOne(ctx, s, "policy", scanPolicy, selectPolicy+` WHERE uuid = ?`, uuid)
}

// Policies returns a page of policies.
func (s *Store) Policies(ctx context.Context, q pap.PolicyQuery) ([]pap.Policy, error) {
	return readPage(ctx, s, "policies", scanPolicy, selectPolicy, policyConditions(q), "uuid", q.Page)
}

// CountPolicies is the number of policies that q selects.
func (s *Store) CountPolicies(ctx context.Context, q pap.PolicyQuery) (int, error) {
	return readCount(ctx, s, "policies", policyConditions(q))
}

func policyConditions(q pap.PolicyQuery) (c conditions) {
	c.atLevel(q.Level)
	c.equal("name", q.Name)
	return c
}

// CreatePolicy adds a policy.
func (s *Store) CreatePolicy(ctx context.Context, p pap.Policy, limit int, e audit.Event) error {
	return s.change(ctx, "create policy", feed.Policy, p.UUID, e, func(tx session) error {
		var level conditions
		level.atLevel(p.Level)
		if err := room(ctx, tx, limit, "policies", level); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO policies (uuid, level_type, level_id, name, description, tags, statement,
			shadow, created, modified) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, p.UUID, p.Level.Type, p.Level.ID, p.Name,
			p.Description, names(p.Tags), p.Statement, p.Shadow, p.Created.UnixMilli(), instant(p.Modified))
		return s.taken(err)
	})
}

// UpdatePolicy stores what change left, if check has nothing against it.
func (s *Store) UpdatePolicy(ctx context.Context, uuid string, e audit.Event, change func(*pap.Policy) error,
	check func(pap.Assignment) error) error {
	return s.changes(ctx, "update policy", func(tx session) ([]entry, error) {
		before, err := scanPolicy(tx.QueryRowContext(ctx, selectPolicy+` WHERE uuid = ?`, uuid))
		if err != nil {
			return nil, absent(err)
		}
		p := before.Clone()
		if err := change(&p); err != nil {
			return nil, verdict{err}
		}
		p.UUID, p.Level, p.Created = before.UUID, before.Level, before.Created
		a, err := readAssignment(ctx, tx, ` WHERE policy_uuid = ?`, uuid)
		if err != nil {
			return nil, err
		}
		a.Policies[uuid] = p
		if err := check(a); err != nil {
			return nil, verdict{err}
		}
		_, err = tx.ExecContext(ctx, `UPDATE policies SET name = ?, description = ?, tags = ?, statement = ?, shadow = ?,
			modified = ? WHERE uuid = ?`,
			p.Name, p.Description, names(p.Tags), p.Statement, p.Shadow, instant(p.Modified), uuid)
		return []entry{{feed.Policy, uuid, pap.PolicyEvent(e, before, p)}}, s.taken(err)
	})
}

// DeletePolicy removes a policy and, with force, its bindings.
func (s *Store) DeletePolicy(ctx context.Context, uuid string, force bool, e audit.Event) error {
	return s.changes(ctx, "delete policy", func(tx session) ([]entry, error) {
		lost, err := loseBindings(ctx, tx, ` WHERE policy_uuid = ?`, uuid, e)
		if err != nil {
			return nil, err
		}
		if err := gone(ctx, tx, `DELETE FROM policies WHERE uuid = ? RETURNING true`, uuid); err != nil {
			return nil, err
		}
		if len(lost) > 0 && !force {
			return nil, verdict{pap.ErrInUse} // and all of this is taken back
		}
		return append(lost, entry{feed.Policy, uuid, e}), nil
	})
}
