package auditapi

import (
	"time"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/module/store/query"
)

// usualPage is the size of a page where none is asked for, in entries.
const usualPage = 1000

// usualDays is how far back a listing reaches where its beginning is not given.
const usualDays = 14

// listing is what a page is asked with. Every page after the first has it from the page key.
type listing struct {
	filter      filter
	from, to    time.Time
	oldestFirst bool
	pageSize    int
	total       int   // entries in the whole listing, as they were counted with the first page
	after       int64 // identifier of the last entry of the page before; 0 for the first page
}

// orders are the values of sort, and whether the oldest entries come first. A space is what a plus sign becomes that a
// client forgot to escape.
var orders = map[string]bool{"timestamp": true, "+timestamp": true, " timestamp": true, "-timestamp": false, "": false}

// readListing reads the query of a call.
func readListing(q *rest.Query, now time.Time) (listing, error) {
	if key := q.OnlyPageKey(); key != "" {
		if err := q.Err(); err != nil {
			return listing{}, err
		}
		return listingAt(key)
	}
	l := listing{pageSize: q.Number("pageSize", usualPage, 1, query.MaxAuditPage)}
	var err error
	if l.filter, err = newFilter(q.Criteria("filter")); err != nil {
		q.Refuse("filter", err.Error())
	}
	oldestFirst, known := orders[q.Text("sort")]
	if l.oldestFirst = oldestFirst; !known {
		q.Refuse("sort", "Expected timestamp or -timestamp.")
	}
	if l.from = q.Instant("from", now); l.from.IsZero() {
		l.from = now.AddDate(0, 0, -usualDays)
	}
	if l.to = q.Instant("to", now); l.to.IsZero() {
		l.to = now // which the page key keeps: what happens meanwhile does not shift the pages
	}
	if l.to.Before(l.from) && q.Err() == nil {
		q.Refuse("from", "The time frame begins after its end.")
	}
	return l, q.Err()
}

// query is the listing as the store is asked for it. It reports false where no event can be selected.
func (l *listing) query(environment string) (query.Audit, bool) {
	q := query.Audit{
		Environment: environment, From: l.from, To: l.to, OldestFirst: l.oldestFirst, After: l.after, Limit: l.pageSize,
	}
	return q, l.filter.narrow(&q)
}

// listingName tells page keys of this listing from those of others.
const listingName = "auditlogs"

// place is a listing in a page key. It has the text of the filter, so that a made-up key says nothing that a query could
// not say. The environment is not in it: that is always the caller's.
type place struct {
	Listing     string `json:"l"`
	Filter      string `json:"q,omitempty"`
	From        int64  `json:"from"` // milliseconds since 1970, as is To
	To          int64  `json:"to"`
	OldestFirst bool   `json:"up,omitempty"`
	PageSize    int    `json:"n"`
	Total       int    `json:"t"`
	After       int64  `json:"a"`
}

// keyAfter is the page key of what follows an entry.
func (l *listing) keyAfter(last int64) (string, error) {
	return rest.PageKey(place{
		Listing: listingName, Filter: l.filter.String(), From: l.from.UnixMilli(), To: l.to.UnixMilli(),
		OldestFirst: l.oldestFirst, PageSize: l.pageSize, Total: l.total, After: last,
	})
}

// listingAt reads a page key back.
func listingAt(key string) (listing, error) {
	var p place
	if err := rest.ReadPageKey(key, &p); err != nil {
		return listing{}, err
	}
	criteria, err := rest.ParseCriteria(p.Filter)
	l := listing{
		from: time.UnixMilli(p.From).UTC(), to: time.UnixMilli(p.To).UTC(), oldestFirst: p.OldestFirst,
		pageSize: p.PageSize, total: p.Total, after: p.After,
	}
	if err == nil {
		l.filter, err = newFilter(criteria)
	}
	if err != nil || p.Listing != listingName || !sane(p) {
		return listing{}, rest.InvalidQuery("nextPageKey", "The page key is not one that was given out.")
	}
	return l, nil
}

// sane reports whether the numbers of a page key are in the range of those that are given out.
func sane(p place) bool {
	const end = 253402300800000 // the year 10000, in milliseconds
	const beginning = -62135596800000
	return 1 <= p.PageSize && p.PageSize <= query.MaxAuditPage && p.Total >= 0 && p.After >= 1 &&
		beginning <= p.From && p.From <= p.To && p.To < end
}
