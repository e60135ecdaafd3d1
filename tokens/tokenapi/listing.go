package tokenapi

import (
	"time"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens"
)

// Bounds of a page, in tokens.
const (
	usualPage = 200
	minPage   = 100
	maxPage   = 10_000
)

// listing is what a page is asked with. Every page after the first has it from the page key.
type listing struct {
	selector selector
	fields   fields
	order    order
	used     frame // of the last use
	expires  frame
	pageSize int
	total    int // tokens in the whole listing, as they were counted with the first page
	after    *tokens.Position
}

// frame is a time frame, both ends within; zero for no bound.
type frame struct{ from, to time.Time }

// readListing reads the query of a call.
func readListing(q *rest.Query, now time.Time) (listing, error) {
	if key := q.OnlyPageKey(); key != "" {
		if err := q.Err(); err != nil {
			return listing{}, err
		}
		return listingAt(key)
	}
	var l listing
	var err error
	if l.selector, err = parseSelector(q.Text("apiTokenSelector")); err != nil {
		q.Refuse("apiTokenSelector", err.Error())
	}
	if l.fields, err = parseFields(q.Text("fields")); err != nil {
		q.Refuse("fields", err.Error())
	}
	if l.order, err = parseOrder(q.Text("sort")); err != nil {
		q.Refuse("sort", err.Error())
	}
	l.pageSize = q.Number("pageSize", usualPage, minPage, maxPage)
	l.used = readFrame(q, "from", "to", now, now) // a page that is asked for later still ends where the first one did
	l.expires = readFrame(q, "expiresFrom", "expiresTo", time.Time{}, now)
	return l, q.Err()
}

// readFrame reads a time frame of which either end may be missing: to is standard then, or zero where from is missing too.
func readFrame(q *rest.Query, from, to string, standard, now time.Time) frame {
	f := frame{readBound(q, from, now), readBound(q, to, now)}
	if f.to.IsZero() && !f.from.IsZero() {
		f.to = standard
	}
	if !f.to.IsZero() && f.to.Before(f.from) {
		q.Refuse(from, "The time frame begins after its end.")
	}
	return f
}

// readBound is zero where none is given. No token was used before 1970, the beginning of what a page key can carry, and none expires
// before.
func readBound(q *rest.Query, name string, now time.Time) time.Time {
	at := q.Instant(name, now)
	if !at.IsZero() && at.UnixMilli() < 0 {
		return time.UnixMilli(0).UTC()
	}
	return at
}

// query is what the store is asked for a page.
func (l listing) query() tokens.Query {
	return tokens.Query{
		Owner: l.selector.owner, Personal: l.selector.personal, Scopes: l.selector.scopes,
		Enabled: l.selector.enabled, NamePrefix: l.selector.name,
		UsedFrom: l.used.from, UsedTo: l.used.to, ExpiresFrom: l.expires.from, ExpiresTo: l.expires.to,
		Sort: l.order.by, Descending: l.order.descending, After: l.after, Limit: l.pageSize,
	}
}

// listingName tells page keys of this listing from those of others.
const listingName = "apiTokens"

// place is a listing in a page key. It has the texts of the first page's query, so that whoever makes up a key can reach
// nothing that a query does not reach.
type place struct {
	Listing     string `json:"l"`
	Selector    string `json:"q,omitempty"`
	Fields      string `json:"f"`
	Order       string `json:"s"`
	From        *int64 `json:"from,omitempty"`
	To          *int64 `json:"to,omitempty"`
	ExpiresFrom *int64 `json:"expiresFrom,omitempty"`
	ExpiresTo   *int64 `json:"expiresTo,omitempty"`
	PageSize    int    `json:"n"`
	Total       int    `json:"t"`
	After       spot   `json:"a"`
}

// spot is a tokens.Position in a page key.
type spot struct {
	ID   string `json:"i"`
	Name string `json:"n,omitempty"`
	At   *int64 `json:"t,omitempty"`
}

// key is the page key of what follows a token.
func (l listing) key(last tokens.Record) (string, error) {
	after := tokens.PositionOf(last, l.order.by)
	return rest.PageKey(place{
		Listing: listingName, Selector: l.selector.String(), Fields: l.fields.String(), Order: l.order.String(),
		From: millis(l.used.from), To: millis(l.used.to), ExpiresFrom: millis(l.expires.from), ExpiresTo: millis(l.expires.to),
		PageSize: l.pageSize, Total: l.total,
		After: spot{ID: after.ID, Name: after.Name, At: millis(after.At)},
	})
}

// listingAt reads a page key.
func listingAt(key string) (listing, error) {
	var p place
	if err := rest.ReadPageKey(key, &p); err != nil {
		return listing{}, err
	}
	l, ok := p.listing()
	if !ok {
		return listing{}, rest.InvalidQuery("nextPageKey", "The page key is not one that was given out.")
	}
	return l, nil
}

// listing reports false for a place that no first page leads to.
func (p place) listing() (listing, bool) {
	l := listing{pageSize: p.PageSize, total: p.Total, after: &tokens.Position{ID: p.After.ID, Name: p.After.Name}}
	ok := p.Listing == listingName && minPage <= p.PageSize && p.PageSize <= maxPage && p.Total >= 0 && p.After.ID != ""
	var errs [3]error
	l.selector, errs[0] = parseSelector(p.Selector)
	l.fields, errs[1] = parseFields(p.Fields)
	l.order, errs[2] = parseOrder(p.Order)
	for _, err := range errs {
		ok = ok && err == nil
	}
	for _, t := range []struct {
		from *int64
		into *time.Time
	}{
		{p.From, &l.used.from}, {p.To, &l.used.to}, {p.ExpiresFrom, &l.expires.from}, {p.ExpiresTo, &l.expires.to},
		{p.After.At, &l.after.At},
	} {
		at, valid := fromMillis(t.from)
		*t.into, ok = at, ok && valid
	}
	return l, ok
}
