package sqlstore

import (
	"context"
	"slices"

	"github.com/doorward/doorward/tokens"
)

// CountTokens is the number of tokens that q selects. It is at hand where q asks for partitions, for an owner or for one
// scope; otherwise the tokens are counted.
func (s *Store) CountTokens(ctx context.Context, q tokens.Query) (n int, err error) {
	q.After, q.Descending = nil, false
	l := listing{Query: q, utf8: s.speak != nil}
	l.column = l.countedBy()
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

// countedBy is the column by whose index the tokens of a range are one piece, where there is one.
func (l *listing) countedBy() string {
	for _, s := range l.spans() {
		if s.column != idColumn {
			return s.column
		}
	}
	return orders[tokens.SortCreated]
}

func (l *listing) counting(ctx context.Context, tx session) (arm, error) {
	plain := l.Enabled == tokens.Any && len(l.spans()) == 0
	switch {
	case l.Enabled == tokens.Only:
		return l.countingEnabled(ctx, tx)
	case plain && len(l.Scopes) == 0:
		table, c := counts(l.Query)
		return armOf(sumOf(table), c), nil
	case plain && l.Owner == "" && len(l.Scopes) <= maxArms:
		return l.countingScopes(ctx, tx)
	}
	return l.countingRows(ctx, tx)
}

// countingEnabled takes the disabled ones, which have indexes, from all.
func (l *listing) countingEnabled(ctx context.Context, tx session) (arm, error) {
	whole, without := *l, *l
	whole.Enabled, without.Enabled = tokens.Any, tokens.Without
	all, err := whole.counting(ctx, tx)
	if err != nil {
		return arm{}, err
	}
	few, err := without.counting(ctx, tx)
	return arm{`SELECT (` + all.text + `) - (` + few.text + `)`, append(slices.Clip(all.values), few.values...)}, err
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

// countingRows counts by an index that has all of the query, a few tokens by themselves otherwise, and many by an index all the same.
func (l *listing) countingRows(ctx context.Context, tx session) (arm, error) {
	parts, err := partitions(ctx, tx, l.Query)
	if err != nil || len(parts) == 0 {
		return arm{`SELECT 0`, nil}, err
	}
	if l.exact(false) && len(parts) <= maxArms {
		if around, known, err := l.countingAround(ctx, tx, parts); known || err != nil {
			return around, err
		}
	} else if err := l.findFew(ctx, tx, parts); err != nil {
		return arm{}, err
	}
	arms := []arm{l.all()}
	if l.few == nil && len(parts) <= maxArms {
		arms = l.inOrder(parts)
	}
	text, values := together(arms)
	return arm{`SELECT sum(n) FROM (` + text + `) AS arms`, values}, nil
}

// countingAround takes what is outside of the one range that is asked for from the number of all, where that is little: names often
// begin alike, and to count a million takes as long as ten pages.
func (l *listing) countingAround(ctx context.Context, tx session, parts []partition) (number arm, known bool, err error) {
	spans := l.spans()
	if len(spans) != 1 || l.Enabled != tokens.Any {
		return arm{}, false, nil
	}
	var arms []arm
	for _, p := range parts {
		for _, outside := range spans[0].around {
			c := p.conditions()
			c.equal("owner", l.Owner)
			outside(&c)
			arms = append(arms, armOf(`SELECT number FROM tokens INDEXED BY `+l.index(), c))
		}
	}
	text, values := together(arms)
	few := counted(arm{text, values})
	var n int
	if err := tx.QueryRowContext(ctx, few.text, few.values...).Scan(&n); err != nil || n > fewTokens {
		return arm{}, false, err
	}
	table, c := counts(l.Query)
	whole := armOf(sumOf(table), c)
	return arm{`SELECT (` + whole.text + `) - CAST(? AS BIGINT)`, append(slices.Clip(whole.values), n)}, true, nil
}
