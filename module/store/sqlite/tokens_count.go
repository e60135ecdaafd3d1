package sqlite

import (
	"context"
	"database/sql"

	"github.com/doorward/doorward/tokens"
)

// CountTokens is the number of tokens that q selects. It is at hand where q asks for partitions, for an owner or for one
// scope; otherwise the tokens are counted.
func (s *Store) CountTokens(ctx context.Context, q tokens.Query) (n int, err error) {
	q.After, q.Descending = nil, false
	q.Sort = tokens.SortCreated
	l := listing{Query: q, columns: "1"}
	if l.timed() {
		l.Sort = tokens.SortLastUsed
	}
	l.column = orders[l.Sort]
	err = s.look(ctx, func(tx *sql.Tx) error {
		counting, err := l.counting(ctx, tx)
		if err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, counting.text, counting.values...).Scan(&n)
	})
	if err != nil {
		return 0, faultOf(ctx, "count of tokens", err)
	}
	return n, nil
}

func (l *listing) counting(ctx context.Context, tx *sql.Tx) (arm, error) {
	plain := l.IDPrefix == "" && !l.timed()
	switch {
	case plain && len(l.Scopes) == 0:
		table, c := counts(l.Query)
		return armOf(`SELECT ifnull(sum(n), 0) FROM `+table, c), nil
	case plain && len(l.Scopes) == 1 && l.Owner == "":
		var c conditions
		c.add("scope = ?", l.Scopes[0])
		c.partly(l.Query)
		return armOf(`SELECT ifnull(sum(n), 0) FROM token_scope_counts`, c), nil
	}
	return l.countingRows(ctx, tx)
}

func (l *listing) countingRows(ctx context.Context, tx *sql.Tx) (arm, error) {
	parts, err := partitions(ctx, tx, l.Query)
	if err != nil || len(parts) == 0 {
		return arm{`SELECT 0`, nil}, err
	}
	if err := l.findFew(ctx, tx, parts); err != nil {
		return arm{}, err
	}
	arms := []arm{l.all()}
	if l.few == nil && len(parts) <= maxArms {
		arms = l.inOrder(parts)
	}
	text, values := together(arms)
	return arm{`SELECT count(*) FROM (` + text + `)`, values}, nil
}
