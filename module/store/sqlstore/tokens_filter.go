package sqlstore

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

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
	l.begins(c)
	l.used(c)
	l.holding(c)
}

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

// begins asks for a range, because LIKE would read % and _ in the prefix and ignore case.
func (l *listing) begins(c *conditions) {
	if l.IDPrefix == "" {
		return
	}
	c.add("tokens.id >= ?", l.IDPrefix)
	end := stored(prefixEnd(l.IDPrefix))
	if l.utf8 {
		end = stored(prefixEndUTF8(storable(l.IDPrefix)))
	}
	if end != "" {
		c.add("tokens.id < ?", end)
	}
}

// prefixEndUTF8 is prefixEnd among texts that are UTF-8, as prefix is: the order of their bytes is that of their characters.
func prefixEndUTF8(prefix string) string {
	for prefix != "" {
		last, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		switch last++; {
		case last == 0xD800: // the surrogates are no characters
			return prefix + "\uE000"
		case last <= utf8.MaxRune:
			return prefix + string(last)
		}
	}
	return ""
}

// prefixEnd is the least text above all that begin with prefix, in the order of bytes; "" where there is none.
func prefixEnd(prefix string) string {
	end := []byte(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] < 0xff {
			end[i]++
			return string(end[:i+1])
		}
	}
	return ""
}

// used asks for the time of use; a token that was never used is in no range of times. Where the listing is in that order
// and goes on within the range, the place behind which it goes on is the bound: of two, SQLite would begin at either.
func (l *listing) used(c *conditions) {
	if !l.timed() {
		return
	}
	from, to := int64(neverFirst+1), moment(l.UsedTo, neverLast)
	if !l.UsedFrom.IsZero() {
		from = notBefore(l.UsedFrom)
	}
	at, goesOn := l.usedPlace()
	if !goesOn || l.Descending || at < from {
		c.add("last_used >= ?", from)
	}
	if !goesOn || !l.Descending || at > to {
		c.add("last_used <= ?", to)
	}
}

// timed reports whether the query is about times of use.
func (l *listing) timed() bool { return !l.UsedFrom.IsZero() || !l.UsedTo.IsZero() }

// usedPlace is the time of use from which a listing in that order goes on.
func (l *listing) usedPlace() (at int64, goesOn bool) {
	if l.Sort != tokens.SortLastUsed || l.After == nil {
		return 0, false
	}
	at, goesOn = place(*l.After, l.Sort).(int64)
	return at, goesOn
}

// exact reports whether all conditions are part of the index that the page is read by.
func (l *listing) exact(byScope bool) bool {
	switch {
	case l.IDPrefix != "":
		return false
	case byScope:
		return l.Owner == "" && !l.timed()
	case len(l.Scopes) > 0:
		return false
	}
	return !l.timed() || l.Sort == tokens.SortLastUsed
}

// findFew looks for a condition that few tokens meet, and takes it from the query.
func (l *listing) findFew(ctx context.Context, tx session, parts []partition) error {
	for _, candidate := range l.candidates(parts) {
		var n int
		if err := tx.QueryRowContext(ctx, candidate.size.text, candidate.size.values...).Scan(&n); err != nil {
			return err
		}
		if n <= fewTokens {
			l.few = &candidate.numbers
			candidate.take(&l.Query)
			return nil
		}
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
	if l.IDPrefix != "" {
		var c conditions
		l.begins(&c)
		numbers := armOf(`SELECT number FROM tokens`, c)
		all = append(all, candidate{numbers, counted(numbers), func(q *tokens.Query) { q.IDPrefix = "" }})
	}
	if l.timed() && len(parts) <= maxArms {
		numbers := l.usedTokens(parts)
		all = append(all, candidate{numbers, counted(numbers), func(q *tokens.Query) { q.UsedFrom, q.UsedTo = time.Time{}, time.Time{} }})
	}
	return all
}

// sumOf is the number of tokens in one of the tables of counts.
func sumOf(table string) string { return `SELECT ifnull(sum(n), 0) FROM ` + table }

// counted counts no further than to see that there are not few.
func counted(numbers arm) arm {
	return arm{`SELECT count(*) FROM (SELECT 1 FROM (` + numbers.text + `) AS found LIMIT ?) AS counted`, append(slices.Clip(numbers.values), fewTokens+1)}
}

// usedTokens are the numbers of the tokens that were used in the time of the query.
func (l *listing) usedTokens(parts []partition) arm {
	whole := listing{Query: tokens.Query{UsedFrom: l.UsedFrom, UsedTo: l.UsedTo}}
	var arms []arm
	for _, p := range parts {
		c := p.conditions()
		whole.used(&c)
		arms = append(arms, armOf(`SELECT number FROM tokens INDEXED BY tokens_by_last_used`, c))
	}
	text, values := together(arms)
	return arm{text, values}
}
