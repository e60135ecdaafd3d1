package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/pap"
)

const selectGroup = `SELECT uuid, account_id, name, description, federated_values, owner, permissions, created,
	modified FROM user_groups`

func scanGroup(row scanner) (pap.Group, error) {
	var g pap.Group
	var created int64
	err := row.Scan(&g.UUID, &g.AccountID, &g.Name, &g.Description, (*names)(&g.FederatedValues), &g.Owner,
		(*permissions)(&g.Permissions), &created, (*instant)(&g.Modified))
	g.Created = time.UnixMilli(created).UTC()
	return g, err
}

// Group returns the group with this identifier.
func (s *Store) Group(ctx context.Context, uuid string) (pap.Group, error) {
	return readOne(ctx, s, "group", scanGroup, selectGroup+` WHERE uuid = ?`, uuid)
}

// Groups returns a page of groups.
func (s *Store) Groups(ctx context.Context, q pap.GroupQuery) ([]pap.Group, error) {
	return readPage(ctx, s, "groups", scanGroup, selectGroup, groupConditions(q), "uuid", q.Page)
}

// CountGroups is the number of groups that q selects.
func (s *Store) CountGroups(ctx context.Context, q pap.GroupQuery) (int, error) {
	return readCount(ctx, s, "user_groups", groupConditions(q))
}

func groupConditions(q pap.GroupQuery) (c conditions) {
	c.equal("account_id", q.AccountID)
	c.equal("name", q.Name)
	return c
}

// CreateGroup adds a group.
func (s *Store) CreateGroup(ctx context.Context, g pap.Group, limit int, e audit.Event) error {
	return s.CreateGroups(ctx, []pap.Group{g}, limit, []audit.Event{e})
}

var errEvents = errors.New("each group comes with one event")

// CreateGroups adds all of these groups, or none.
func (s *Store) CreateGroups(ctx context.Context, groups []pap.Group, limit int, events []audit.Event) error {
	if len(groups) != len(events) {
		return s.faultOf(ctx, "create groups", errEvents)
	}
	return s.changes(ctx, "create groups", func(tx session) ([]entry, error) {
		if err := roomForGroups(ctx, tx, limit, groups); err != nil {
			return nil, err
		}
		entries := make([]entry, 0, len(groups))
		for i, g := range groups {
			if err := insertGroup(ctx, tx, g); err != nil {
				return nil, s.taken(err)
			}
			entries = append(entries, entry{feed.Group, g.UUID, events[i]})
		}
		return entries, nil
	})
}

// roomForGroups counts each account once, before any group is there.
func roomForGroups(ctx context.Context, tx session, limit int, groups []pap.Group) error {
	added := map[string]int{}
	for _, g := range groups {
		added[g.AccountID]++
	}
	for id, n := range added {
		var account conditions
		account.add("account_id = ?", id)
		if err := room(ctx, tx, limit-n+1, "user_groups", account); err != nil {
			return err
		}
	}
	return nil
}

func insertGroup(ctx context.Context, tx session, g pap.Group) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO user_groups (uuid, account_id, name, description, federated_values, owner,
		permissions, created, modified) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, g.UUID, g.AccountID, g.Name, g.Description,
		names(g.FederatedValues), g.Owner, permissions(g.Permissions), g.Created.UnixMilli(), instant(g.Modified))
	return err
}

// UpdateGroup stores what change left.
func (s *Store) UpdateGroup(ctx context.Context, uuid string, e audit.Event, change func(*pap.Group) error) error {
	return s.changes(ctx, "update group", func(tx session) ([]entry, error) {
		before, err := scanGroup(tx.QueryRowContext(ctx, selectGroup+` WHERE uuid = ?`, uuid))
		if err != nil {
			return nil, absent(err)
		}
		g := before.Clone()
		if err := change(&g); err != nil {
			return nil, verdict{err}
		}
		g.UUID, g.AccountID, g.Created = before.UUID, before.AccountID, before.Created
		_, err = tx.ExecContext(ctx, `UPDATE user_groups SET name = ?, description = ?, federated_values = ?, owner = ?,
			permissions = ?, modified = ? WHERE uuid = ?`,
			g.Name, g.Description, names(g.FederatedValues), g.Owner, permissions(g.Permissions), instant(g.Modified), uuid)
		return []entry{{feed.Group, uuid, pap.GroupEvent(e, before, g)}}, s.taken(err)
	})
}

// DeleteGroup removes a group with its bindings and memberships.
func (s *Store) DeleteGroup(ctx context.Context, uuid string, e audit.Event) error {
	return s.changes(ctx, "delete group", func(tx session) ([]entry, error) {
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
