package sqlstore

import (
	"context"
	"slices"
	"strings"

	"github.com/doorward/doorward/tokens"
)

// fewTokens is how many tokens are rather read and sorted than looked for in the order of the listing. Measured with a million
// tokens: to read and sort one of few takes 4 µs, because they are read in the order of their creation; to pass over one in
// another order takes 16 µs, most of it for its page. With n of N tokens to choose from, a page of 200 takes n·4 µs the one
// way and 200·N/n·16 µs the other, if they are spread evenly. Both are 110 ms, the most there is, at 28,000.
const fewTokens = 28_000

// holds is true of a token with one of the scopes. The token is a row of the table of that name: tokens or s.
func holds(table string) string {
	return strings.ReplaceAll(`EXISTS (SELECT 1 FROM token_scopes AS h WHERE h.scope IN (SELECT value FROM json_each(?))
		AND h.environment = t.environment AND h.kind = t.kind AND h.personal = t.personal AND h.created = t.created AND h.id = t.id)`,
		"t.", table+".")
}

// filter adds the conditions that are no part of a partition.
func (l *listing) filter(c *conditions) {
	l.within(c)
	l.holding(c)
}

// within adds those of them that are about columns of the token.
func (l *listing) within(c *conditions) {
	for _, s := range l.spans() {
		s.bounds(c, l)
	}
	switch l.Enabled {
	case tokens.Only:
		c.add("enabled = 1")
	case tokens.Without:
		c.add(disabled)
	}
}

// disabled is what the indexes tokens_disabled_by_… are of, to the letter.
const disabled = "enabled = 0"

// holding asks for the scopes. Before it looks for them in their table it looks whether they are in the text of the row at
// all, which is quicker; there, one scope may be the end of another with a quotation mark in it.
func (l *listing) holding(c *conditions) {
	if len(l.Scopes) == 0 {
		return
	}
	if len(l.Scopes) <= maxArms {
		var anywhere conditions
		for _, scope := range l.Scopes {
			text := asJSON(scope)
			anywhere.add("instr(scopes, ?) > 0", text)
		}
		c.add("("+strings.Join(anywhere.texts, " OR ")+")", anywhere.values...)
	}
	c.add(holds("tokens"), set(l.Scopes))
}

// exact reports whether all conditions are part of the index that the page is read by. Nearly all tokens are enabled: to ask for
// these is to pass over few.
func (l *listing) exact(byScope bool) bool {
	spans := l.spans()
	switch {
	case byScope:
		return l.Owner == "" && l.Enabled != tokens.Without && len(spans) == 0
	case len(l.Scopes) > 0, l.Enabled == tokens.Without && l.Owner != "":
		return false
	}
	return !slices.ContainsFunc(spans, func(s span) bool { return s.column != l.column })
}

// findFew looks for the condition that the fewest tokens meet, and takes it from the query where they are few.
func (l *listing) findFew(ctx context.Context, tx session, parts []partition) error {
	fewest := fewTokens + 1
	var best candidate
	for _, candidate := range l.candidates(parts) {
		var n int
		if err := tx.QueryRowContext(ctx, candidate.size.text, candidate.size.values...).Scan(&n); err != nil {
			return err
		}
		if n < fewest {
			fewest, best = n, candidate
		}
	}
	if fewest <= fewTokens {
		l.few = &best.numbers
		best.take(&l.Query)
	}
	return nil
}

// candidate is a condition that has an index.
type candidate struct {
	numbers arm                 // of the tokens that meet it
	size    arm                 // how many these are, or more where that is quicker to say; it need not count beyond fewTokens
	take    func(*tokens.Query) // takes the condition from a query
}

func (l *listing) candidates(parts []partition) (all []candidate) {
	if l.Owner != "" {
		table, c := counts(l.Query)
		numbers := armOf(`SELECT number FROM tokens INDEXED BY tokens_owner_by_created`, c)
		all = append(all, candidate{numbers, armOf(sumOf(table), c), func(q *tokens.Query) { q.Owner = "" }})
	}
	if len(l.Scopes) > 0 {
		var c conditions
		c.among("scope", l.Scopes)
		c.partly(l.Query)
		numbers := armOf(`SELECT number FROM token_scopes`, c)
		all = append(all, candidate{numbers, armOf(sumOf("token_scope_counts"), c), func(q *tokens.Query) { q.Scopes = nil }})
	}
	for _, s := range l.spans() {
		if s.column == idColumn {
			var c conditions
			s.bounds(&c, &listing{})
			numbers := armOf(`SELECT number FROM tokens INDEXED BY tokens_id`, c)
			all = append(all, candidate{numbers, counted(numbers), s.take})
		} else if len(parts) <= maxArms {
			numbers := numbersIn(parts, "tokens_by_"+s.column, func(c *conditions) { s.bounds(c, &listing{}) })
			all = append(all, candidate{numbers, counted(numbers), s.take})
		}
	}
	if l.Enabled == tokens.Without && len(parts) <= maxArms {
		numbers := numbersIn(parts, "tokens_disabled_by_created", func(c *conditions) { c.add(disabled) })
		all = append(all, candidate{numbers, counted(numbers), func(q *tokens.Query) { q.Enabled = tokens.Any }})
	}
	return all
}

// sumOf is the number of tokens in one of the tables of counts.
func sumOf(table string) string { return `SELECT ifnull(sum(n), 0) FROM ` + table }

// counted counts no further than to see that there are not few.
func counted(numbers arm) arm {
	return arm{`SELECT count(*) FROM (SELECT 1 FROM (` + numbers.text + `) AS found LIMIT ?) AS counted`, append(slices.Clip(numbers.values), fewTokens+1)}
}

// numbersIn are the numbers of the tokens in each partition that a condition holds for, which is a piece of the index.
func numbersIn(parts []partition, index string, condition func(*conditions)) arm {
	var arms []arm
	for _, p := range parts {
		c := p.conditions()
		condition(&c)
		arms = append(arms, armOf(`SELECT number FROM tokens INDEXED BY `+index, c))
	}
	text, values := together(arms)
	return arm{text, values}
}
