package sqlstore

import (
	"context"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/tokens"
)

// CreateLimitedToken adds a token where its owner has fewer than limit of the kind. The transaction has the write lock from
// its beginning on, so nobody adds one between the count and the insert.
func (s *Store) CreateLimitedToken(ctx context.Context, r tokens.Record, limit int, e audit.Event) error {
	return s.change(ctx, "create token", feed.Token, r.ID, e, func(tx session) error {
		var n int
		row := tx.QueryRowContext(ctx, `SELECT ifnull(sum(n), 0) FROM token_owner_counts WHERE owner = ? AND kind = ?`, r.Owner, kindOf(r))
		if err := row.Scan(&n); err != nil {
			return err
		}
		if n >= limit {
			return verdict{tokens.ErrFull}
		}
		return insertToken(ctx, tx, r)
	})
}
