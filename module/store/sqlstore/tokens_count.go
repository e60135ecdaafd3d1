package sqlstore

import (
	"context"

	"github.com/doorward/doorward/tokens"
)

// CountTokens is the number of tokens that q selects. It is at hand where q asks for partitions, for an owner or for one
// scope; otherwise the tokens are counted.
func (s *Store) CountTokens(ctx context.Context, q tokens.Query) (n int, err error) {
	q.After, q.Descending = nil, false
	q.Sort = tokens.SortCreated
	l := listing{Query: q, columns: "1", utf8: s.speak != nil}
	if l.timed() {
		l.Sort = tokens.SortLastUsed
	}
	l.column = orders[l.Sort]
	err = s.look(ctx, func(tx session) error {
		counting, err := l.counting(ctx, tx)
		if err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, counting.text, counting.values...).Scan(&n)
	})
	if err != nil {
		return 0, s.faultOf(ctx, "count of tokens", err)
	}
	return n, nil
}

func (l *listing) counting(ctx context.Context, tx session) (arm, error) {
	plain := l.IDPrefix == "" && !l.timed()
	switch {
	case plain && len(l.Scopes) == 0:
		table, c := counts(l.Query)
		return armOf(sumOf(table), c), nil
	case plain && l.Owner == "" && len(l.Scopes) <= maxArms:
		return l.countingScopes(ctx, tx)
	}
	return l.countingRows(ctx, tx)
}

// countingScopes takes the number of the scope that most tokens hold, and of each other one those that hold none before it.
func (l *listing) countingScopes(ctx context.Context, tx session) (arm, error) {
	var c conditions
	c.among("scope", l.Scopes)
	c.partly(l.Query)
	scopes, err := list(ctx, tx, scanText, `SELECT scope FROM token_scope_counts`+c.where()+` GROUP BY scope ORDER BY sum(n) DESC`, c.values...)
	if err != nil || len(scopes) == 0 {
		return arm{`SELECT 0`, nil}, err
	}
	var most conditions
	most.add("scope = ?", scopes[0])
	most.partly(l.Query)
	arms := []arm{armOf(`SELECT sum(n) AS n FROM token_scope_counts`, most)}
	for i := range scopes[1:] {
		var rest conditions
		rest.add("s.scope = ?", scopes[i+1])
		rest.partly(l.Query)
		rest.add("NOT "+holds("s"), set(scopes[:i+1]))
		arms = append(arms, armOf(`SELECT count(*) FROM token_scopes AS s`, rest))
	}
	text, values := together(arms)
	return arm{`SELECT sum(n) FROM (` + text + `) AS arms`, values}, nil
}

// countingRows counts a few tokens by themselves, and many by an index.
func (l *listing) countingRows(ctx context.Context, tx session) (arm, error) {
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
	return arm{`SELECT count(*) FROM (` + text + `) AS arms`, values}, nil
}
