package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/pap"
)

const selectGroup = `SELECT uuid, account_id, name, description, federated_values, owner, created, modified FROM user_groups`

func scanGroup(row scanner) (pap.Group, error) {
	var g pap.Group
	var created int64
	err := row.Scan(&g.UUID, &g.AccountID, &g.Name, &g.Description, (*names)(&g.FederatedValues), &g.Owner, &created,
		(*instant)(&g.Modified))
	g.Created = time.UnixMilli(created).UTC()
	return g, err
}

// Group returns the group with this identifier.
func (s *Store) Group(ctx context.Context, uuid string) (pap.Group, error) {
	return readOne(ctx, s, "group", scanGroup, selectGroup+` WHERE uuid = ?`, uuid)
}

// Groups returns a page of groups.
func (s *Store) Groups(ctx context.Context, q pap.GroupQuery) ([]pap.Group, error) {
	var c conditions
	c.equal("account_id", q.AccountID)
	c.equal("name", q.Name)
	return readPage(ctx, s, "groups", scanGroup, selectGroup, c, "uuid", q.Page)
}

// CreateGroup adds a group.
func (s *Store) CreateGroup(ctx context.Context, g pap.Group, limit int, e audit.Event) error {
	return s.change(ctx, "create group", feed.Group, g.UUID, e, func(tx *sql.Tx) error {
		var account conditions
		account.add("account_id = ?", g.AccountID)
		if err := room(ctx, tx, limit, "user_groups", account); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO user_groups (uuid, account_id, name, description, federated_values, owner,
			created, modified) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, g.UUID, g.AccountID, g.Name, g.Description,
			names(g.FederatedValues), g.Owner, g.Created.UnixMilli(), instant(g.Modified))
		return taken(err)
	})
}

// UpdateGroup stores what change left.
func (s *Store) UpdateGroup(ctx context.Context, uuid string, e audit.Event, change func(*pap.Group) error) error {
	return s.change(ctx, "update group", feed.Group, uuid, e, func(tx *sql.Tx) error {
		g, err := scanGroup(tx.QueryRowContext(ctx, selectGroup+` WHERE uuid = ?`, uuid))
		if err != nil {
			return absent(err)
		}
		if err := change(&g); err != nil {
			return verdict{err}
		}
		_, err = tx.ExecContext(ctx, `UPDATE user_groups SET name = ?, description = ?, federated_values = ?, owner = ?,
			modified = ? WHERE uuid = ?`,
			g.Name, g.Description, names(g.FederatedValues), g.Owner, instant(g.Modified), uuid)
		return taken(err)
	})
}

// DeleteGroup removes a group with its bindings and memberships.
func (s *Store) DeleteGroup(ctx context.Context, uuid string, e audit.Event) error {
	return s.changes(ctx, "delete group", func(tx *sql.Tx) ([]entry, error) {
		bindings, err := loseBindings(ctx, tx, ` WHERE group_uuid = ?`, uuid, e)
		if err != nil {
			return nil, err
		}
		members, err := list(ctx, tx, scanText, `SELECT user_id FROM memberships WHERE group_uuid = ? ORDER BY user_id`, uuid)
		if err != nil {
			return nil, err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM memberships WHERE group_uuid = ?`, uuid); err != nil {
			return nil, err
		}
		entries := bindings
		for _, user := range members {
			entries = append(entries, entry{feed.User, user, pap.MembershipEvent(false, user, uuid, e)})
		}
		entries = append(entries, entry{feed.Group, uuid, e})
		return entries, gone(ctx, tx, `DELETE FROM user_groups WHERE uuid = ? RETURNING true`, uuid)
	})
}
