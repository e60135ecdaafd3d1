package sqlstore

import (
	"context"

	"github.com/doorward/doorward/tokens"
)

// Bounds of tokens.Query.Limit.
const (
	tokensPage    = 1000
	maxTokensPage = 10_000
)

// Tokens returns a page of tokens.
func (s *Store) Tokens(ctx context.Context, q tokens.Query) ([]tokens.Record, error) {
	limit, err := pageSize(q.Limit, tokensPage, maxTokensPage)
	if err != nil {
		return nil, err
	}
	by, known := orders[q.Sort]
	if !known {
		return nil, errNoOrder
	}
	q.Limit = limit
	var page []tokens.Record
	err = s.look(ctx, func(tx session) error {
		l := listing{Query: q, column: by, columns: recordColumns, dialect: s.dialect, utf8: s.speak != nil}
		text, values, err := l.page(ctx, tx)
		if err != nil || text == "" {
			return err
		}
		page, err = list(ctx, tx, scanPlaced, text, values...)
		return err
	})
	if err != nil {
		return nil, s.faultOf(ctx, "tokens", err)
	}
	return page, nil
}

// look runs do in a transaction that only reads, so that all that it reads is of one moment.
func (s *Store) look(ctx context.Context, do func(session) error) error {
	return s.try(ctx, func(ctx context.Context) error {
		tx, err := s.reading.BeginTx(ctx, s.dialect.Snapshot)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		return do(session{on: tx, speak: s.speak, within: ctx})
	})
}

// scanPlaced reads a record and passes over the column that the listing is sorted by.
func scanPlaced(row scanner) (tokens.Record, error) {
	var place any
	return scanTokenAnd(row, &place)
}

// listing is a query on its way to becoming a statement. There are three ways to read a page:
//
// In order: the index of the order (of all tokens, of an owner's or of disabled ones) has the page as one piece, in each partition.
// Conditions that are no part of the index (scopes, what the identifier begins with, ranges of other columns) are looked up row by
// row, so a page takes as many rows as it has to pass over: N/n for each of its own where n of N tokens meet them, if those are spread
// evenly.
//
// By scope: the same with the table of scopes, which is in the order of creation.
//
// Few: where a condition selects few tokens, all of these are read and sorted.
//
// Of the first and the last the cheaper one is taken: see fewTokens.
type listing struct {
	tokens.Query
	column  string // that it is sorted by
	columns string // what is read of each token; "" where they are counted
	dialect Dialect
	utf8    bool // texts in the store are UTF-8: see storable
	few     *arm // numbers of few tokens, all that the query is about among them
}

// page is the statement that reads the page; no text where there can be nothing to read.
func (l *listing) page(ctx context.Context, tx session) (string, []any, error) {
	parts, err := partitions(ctx, tx, l.Query)
	if err != nil || len(parts) == 0 {
		return "", nil, err
	}
	byScope := l.Sort == tokens.SortCreated && len(l.Scopes) > 0 && len(l.Scopes)*len(parts) <= maxArms
	if !l.exact(byScope) {
		if err := l.findFew(ctx, tx, parts); err != nil {
			return "", nil, err
		}
	}
	var arms []arm
	switch {
	case l.few != nil || len(parts) > maxArms:
		arms = []arm{l.all()}
	case byScope:
		arms = l.byScope(parts)
	default:
		arms = l.inOrder(parts)
	}
	name, _ := direction(l.Query)
	text, values := l.dialect.merged(arms, ` ORDER BY place`+name+`, id`+name, l.Limit)
	return text, values, nil
}

// inOrder reads each partition by the index of the order. The index is named, because without statistics the planner would
// have to guess; a statement whose index does not fit fails instead of being slow.
func (l *listing) inOrder(parts []partition) (arms []arm) {
	text := `SELECT ` + l.wanted() + ` FROM tokens INDEXED BY ` + l.index()
	for _, p := range parts {
		c := p.conditions()
		c.equal("owner", l.Owner)
		l.behind(&c, l.column, "id")
		l.filter(&c)
		arms = append(arms, armOf(text, c))
	}
	return arms
}

// index is the one of the order.
func (l *listing) index() string {
	switch {
	case l.Owner != "":
		return "tokens_owner_by_" + l.column
	case l.Enabled == tokens.Without:
		return "tokens_disabled_by_" + l.column
	}
	return "tokens_by_" + l.column
}

// wanted is what is read.
func (l *listing) wanted() string {
	if l.columns == "" {
		return `count(*) AS n`
	}
	return `tokens.id AS id, ` + l.columns + `, ` + l.column + ` AS place`
}

// byScope reads each scope in each partition. A token with several of the scopes is left to the first of them.
func (l *listing) byScope(parts []partition) (arms []arm) {
	text := `SELECT s.id AS id, ` + l.columns + `, s.created AS place FROM token_scopes AS s CROSS JOIN tokens ON tokens.number = s.number`
	for i, scope := range l.Scopes {
		for _, p := range parts {
			var c conditions
			c.add("s.scope = ? AND s.environment = ? AND s.kind = ? AND s.personal = ?", scope, p.environment, p.kind, p.personal)
			l.behind(&c, "s.created", "s.id")
			c.equal("owner", l.Owner)
			if i > 0 {
				c.add("NOT "+holds("s"), set(l.Scopes[:i]))
			}
			l.within(&c)
			arms = append(arms, armOf(text, c))
		}
	}
	return arms
}

// all reads the few tokens, or all there are, to be sorted. SQLite keeps no more than a page of them.
func (l *listing) all() arm {
	var few arm
	text := `SELECT ` + l.wanted() + ` FROM tokens`
	if l.few != nil {
		few = *l.few
		text = `SELECT ` + l.wanted() + ` FROM (SELECT DISTINCT number AS one FROM (` +
			few.text + `) AS found) AS few CROSS JOIN tokens ON tokens.number = one`
	}
	var c conditions
	c.equal("owner", l.Owner)
	c.partly(l.Query)
	l.behind(&c, l.column, "id")
	l.filter(&c)
	a := armOf(text, c)
	a.values = append(few.values, a.values...)
	return a
}

// behind is the place from which the page goes on.
func (l *listing) behind(c *conditions, column, id string) {
	if l.After != nil {
		_, compare := direction(l.Query)
		c.add("("+column+", "+id+") "+compare+" (?, ?)", place(*l.After, l.Sort), l.After.ID)
	}
}
