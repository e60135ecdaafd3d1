package sqlstore

import (
	"context"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/pap"
)

const selectUser = `SELECT id, account_id, email, service_user, name, description, created, modified FROM users`

func scanUser(row scanner) (pap.User, error) {
	var u pap.User
	var created int64
	err := row.Scan(&u.ID, &u.AccountID, &u.Email, &u.ServiceUser, &u.Name, &u.Description, &created,
		(*instant)(&u.Modified))
	u.Created = time.UnixMilli(created).UTC()
	return u, err
}

// User returns the user with this identifier.
func (s *Store) User(ctx context.Context, id string) (pap.User, error) {
	return readOne(ctx, s, "user", scanUser, selectUser+` WHERE id = ?`, id)
}

// UserByEmail returns the user with this address.
func (s *Store) UserByEmail(ctx context.Context, email string) (pap.User, error) {
	return readOne(ctx, s, "user by email", scanUser, selectUser+` WHERE email = ?`, email)
}

// Users returns a page of users.
func (s *Store) Users(ctx context.Context, q pap.UserQuery) ([]pap.User, error) {
	return readPage(ctx, s, "users", scanUser, selectUser, userConditions(q), "id", q.Page)
}

// CountUsers is the number of users that q selects.
func (s *Store) CountUsers(ctx context.Context, q pap.UserQuery) (int, error) {
	return readCount(ctx, s, "users", userConditions(q))
}

func userConditions(q pap.UserQuery) (c conditions) {
	c.equal("account_id", q.AccountID)
	if q.Group != "" {
		c.add("id IN (SELECT user_id FROM memberships WHERE group_uuid = ?)", q.Group)
	}
	if q.Kind != pap.AnyUser {
		c.add("service_user = ?", q.Kind == pap.ServiceUser)
	}
	return c
}

// CreateUser adds a user.
func (s *Store) CreateUser(ctx context.Context, u pap.User, limit int, e audit.Event) error {
	return s.change(ctx, "create user", feed.User, u.ID, e, func(tx session) error {
		var account conditions
		account.add("account_id = ?", u.AccountID)
		if err := room(ctx, tx, limit, "users", account); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO users (id, account_id, email, service_user, name, description, created, modified)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			u.ID, u.AccountID, u.Email, u.ServiceUser, u.Name, u.Description, u.Created.UnixMilli(), instant(u.Modified))
		return s.taken(err)
	})
}

// UpdateUser stores the name and the description that change left.
func (s *Store) UpdateUser(ctx context.Context, id string, e audit.Event, change func(*pap.User) error) error {
	return s.changes(ctx, "update user", func(tx session) ([]entry, error) {
		before, err := scanUser(tx.QueryRowContext(ctx, selectUser+` WHERE id = ?`, id))
		if err != nil {
			return nil, absent(err)
		}
		changed := before
		if err := change(&changed); err != nil {
			return nil, verdict{err}
		}
		// The address is left out: it is what credentials name their owner by, so another address is another user.
		after := before
		after.Name, after.Description, after.Modified = changed.Name, changed.Description, changed.Modified
		_, err = tx.ExecContext(ctx, `UPDATE users SET name = ?, description = ?, modified = ? WHERE id = ?`,
			after.Name, after.Description, instant(after.Modified), id)
		return []entry{{feed.User, id, pap.UserEvent(e, before, after)}}, err
	})
}

// DeleteUser removes a user and ends the user's memberships.
func (s *Store) DeleteUser(ctx context.Context, id string, e audit.Event) error {
	return s.changes(ctx, "delete user", func(tx session) ([]entry, error) {
		groups, err := list(ctx, tx, scanText, selectMemberships, id)
		if err != nil {
			return nil, err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM memberships WHERE user_id = ?`, id); err != nil {
			return nil, err
		}
		var entries []entry
		for _, group := range groups {
			entries = append(entries, entry{feed.User, id, pap.MembershipEvent(false, id, group, e)})
		}
		entries = append(entries, entry{feed.User, id, e})
		return entries, gone(ctx, tx, `DELETE FROM users WHERE id = ? RETURNING true`, id)
	})
}
