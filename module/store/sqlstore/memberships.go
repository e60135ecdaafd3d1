package sqlstore

import (
	"context"
	"slices"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/pap"
)

const selectMemberships = `SELECT group_uuid FROM memberships WHERE user_id = ? ORDER BY group_uuid`

// GroupsOf returns the groups of a user, sorted.
func (s *Store) GroupsOf(ctx context.Context, user string) (groups []string, err error) {
	err = s.try(ctx, func(ctx context.Context) (err error) {
		groups, err = list(ctx, s.reader, scanText, selectMemberships, user)
		return err
	})
	if err != nil {
		return nil, s.faultOf(ctx, "groups of a user", err)
	}
	return groups, nil
}

// EditMemberships makes a user belong to the groups that edit returns.
func (s *Store) EditMemberships(ctx context.Context, user string, limit int, e audit.Event,
	edit func([]string) ([]string, error)) error {
	return s.changes(ctx, "edit memberships", func(tx session) ([]entry, error) {
		if _, err := scanUser(tx.QueryRowContext(ctx, selectUser+` WHERE id = ?`, user)); err != nil {
			return nil, absent(err)
		}
		before, err := list(ctx, tx, scanText, selectMemberships, user)
		if err != nil {
			return nil, err
		}
		after, err := edit(slices.Clone(before))
		if err != nil {
			return nil, verdict{err}
		}
		after = slices.Compact(slices.Sorted(slices.Values(after)))
		end, begin := without(before, after), without(after, before)
		if len(begin) > 0 && len(after) > limit {
			return nil, verdict{pap.ErrFull}
		}
		return moveUser(ctx, tx, user, end, begin, e)
	})
}

// without is list without those that are in other; both are sorted.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(one string) bool {
		_, found := slices.BinarySearch(other, one)
		return found
	})
}

// moveUser ends and begins memberships. A group of another account is as good as none.
func moveUser(ctx context.Context, tx session, user string, end, begin []string, e audit.Event) ([]entry, error) {
	var entries []entry
	for _, group := range end {
		_, err := tx.ExecContext(ctx, `DELETE FROM memberships WHERE user_id = ? AND group_uuid = ?`, user, group)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{feed.User, user, pap.MembershipEvent(false, user, group, e)})
	}
	for _, group := range begin {
		var added bool
		row := tx.QueryRowContext(ctx, `INSERT INTO memberships (user_id, group_uuid)
			SELECT u.id, g.uuid FROM users AS u JOIN user_groups AS g ON g.account_id = u.account_id
			WHERE u.id = ? AND g.uuid = ? RETURNING true`, user, group)
		if err := row.Scan(&added); err != nil {
			return nil, absent(err)
		}
		entries = append(entries, entry{feed.User, user, pap.MembershipEvent(true, user, group, e)})
	}
	return entries, nil
}
