package sqlite

import (
	"context"
	"database/sql"

	"github.com/doorward/doorward/tokens"
)

// fewTokens is how many tokens are rather read and sorted than looked for in the order of the listing. Reading n tokens
// takes n lookups; looking for a page of 200 among N tokens takes 200·N/n. At a million tokens both are the same at 14,000.
const fewTokens = 14_000

// holds is true of a token with one of the scopes.
const holds = `EXISTS (SELECT 1 FROM token_scopes AS h WHERE h.scope IN (SELECT value FROM json_each(?))
	AND h.environment = tokens.environment AND h.kind = tokens.kind AND h.personal = tokens.personal
	AND h.created = tokens.created AND h.id = tokens.id)`

// filter adds the conditions that are no part of a partition.
func (l *listing) filter(c *conditions) {
	l.begins(c)
	l.used(c)
	if len(l.Scopes) > 0 {
		c.add(holds, set(l.Scopes))
	}
}

// begins asks for a range, because LIKE would read % and _ in the prefix and ignore case.
func (l *listing) begins(c *conditions) {
	if l.IDPrefix == "" {
		return
	}
	c.add("tokens.id >= ?", l.IDPrefix)
	if end := prefixEnd(l.IDPrefix); end != "" {
		c.add("tokens.id < ?", end)
	}
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

// findFew looks for a condition that few tokens meet. Each look ends as soon as there are too many.
func (l *listing) findFew(ctx context.Context, tx *sql.Tx, parts []partition) error {
	for _, candidate := range l.candidates(parts) {
		var n int
		text := `SELECT count(*) FROM (SELECT 1 FROM (` + candidate.text + `) LIMIT ?)`
		if err := tx.QueryRowContext(ctx, text, append(candidate.values, fewTokens+1)...).Scan(&n); err != nil {
			return err
		}
		if n <= fewTokens {
			l.few = &candidate
			return nil
		}
	}
	return nil
}

// candidates are the identifiers that one condition of the query selects, for each that has an index.
func (l *listing) candidates(parts []partition) (all []arm) {
	if l.IDPrefix != "" {
		var c conditions
		l.begins(&c)
		all = append(all, armOf(`SELECT id FROM tokens`, c))
	}
	if l.Owner != "" {
		var c conditions
		c.equal("owner", l.Owner)
		c.partly(l.Query)
		all = append(all, armOf(`SELECT id FROM tokens INDEXED BY tokens_owner_by_created`, c))
	}
	if len(l.Scopes) > 0 {
		var c conditions
		c.among("scope", l.Scopes)
		c.partly(l.Query)
		all = append(all, armOf(`SELECT id FROM token_scopes`, c))
	}
	if l.timed() && len(parts) <= maxArms {
		whole := listing{Query: tokens.Query{UsedFrom: l.UsedFrom, UsedTo: l.UsedTo}}
		var arms []arm
		for _, p := range parts {
			c := p.conditions()
			whole.used(&c)
			arms = append(arms, armOf(`SELECT id FROM tokens INDEXED BY tokens_by_last_used`, c))
		}
		text, values := together(arms)
		all = append(all, arm{text, values})
	}
	return all
}
