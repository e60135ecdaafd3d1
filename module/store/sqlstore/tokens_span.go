package sqlstore

import (
	"cmp"
	"time"
	"unicode/utf8"

	"github.com/doorward/doorward/tokens"
)

// span is a condition that holds for a range of a column: one piece of the index of that column.
type span struct {
	column string
	bounds func(*conditions, *listing) // adds the condition to those of a listing
	around []func(*conditions)         // add what is true before the range, or behind it
	take   func(*tokens.Query)         // takes the condition from a query
}

// idColumn is not one that listings are sorted by, and its index has no partitions.
const idColumn = "tokens.id"

// spanOf is the range from a value on, and before an end, nil for none. Where the listing is in the order of the column and goes
// on within the range, the place behind which it goes on is the bound: of two, SQLite would begin at either.
func spanOf[T cmp.Ordered](column string, from T, end *T, at func(tokens.Position) T, take func(*tokens.Query)) span {
	s := span{column: column, take: take}
	s.bounds = func(c *conditions, l *listing) {
		goesOn := l.After != nil && l.column == column
		if !goesOn || l.Descending || at(*l.After) < from {
			c.add(column+" >= ?", from)
		}
		if end != nil && (!goesOn || !l.Descending || at(*l.After) >= *end) {
			c.add(column+" < ?", *end)
		}
	}
	s.around = append(s.around, func(c *conditions) { c.add(column+" < ?", from) })
	if end != nil {
		s.around = append(s.around, func(c *conditions) { c.add(column+" >= ?", *end) })
	}
	return s
}

// spans are those of the query.
func (l *listing) spans() (all []span) {
	if l.IDPrefix != "" {
		all = append(all, l.beginning(idColumn, l.IDPrefix, func(q *tokens.Query) { q.IDPrefix = "" }))
	}
	if l.NamePrefix != "" {
		all = append(all, l.beginning(orders[tokens.SortName], l.NamePrefix, func(q *tokens.Query) { q.NamePrefix = "" }))
	}
	if !l.UsedFrom.IsZero() || !l.UsedTo.IsZero() {
		all = append(all, during(tokens.SortLastUsed, l.UsedFrom, l.UsedTo, func(q *tokens.Query) { q.UsedFrom, q.UsedTo = time.Time{}, time.Time{} }))
	}
	if !l.ExpiresFrom.IsZero() || !l.ExpiresTo.IsZero() {
		all = append(all, during(tokens.SortExpires, l.ExpiresFrom, l.ExpiresTo, func(q *tokens.Query) { q.ExpiresFrom, q.ExpiresTo = time.Time{}, time.Time{} }))
	}
	return all
}

// beginning are the texts that begin with prefix. It is a range, because LIKE would read % and _ in the prefix and ignore case.
func (l *listing) beginning(column, prefix string, take func(*tokens.Query)) span {
	as, end := func(text string) stored { return stored(text) }, prefixEnd
	if l.utf8 {
		as, end = func(text string) stored { return stored(storable(text)) }, prefixEndUTF8
	}
	from := as(prefix)
	var before *stored
	if first := stored(end(string(from))); first != "" {
		before = &first
	}
	return spanOf(column, from, before, func(p tokens.Position) stored { return as(p.Name) }, take)
}

// during are the times of a time frame, none of them never, wherever in the order that is. Zero is no bound.
func during(by tokens.Sort, from, to time.Time, take func(*tokens.Query)) span {
	first, end := int64(neverFirst+1), int64(neverLast)
	if !from.IsZero() {
		first = notBefore(from)
	}
	if !to.IsZero() {
		end = to.UnixMilli() + 1
	}
	return spanOf(orders[by], first, &end, func(p tokens.Position) int64 {
		at, _ := place(p, by).(int64)
		return at
	}, take)
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
