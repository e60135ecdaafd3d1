package console

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Bounds of what a listing's address carries.
const (
	maxFilter = 1200    // bytes of one filter; the longest owner has as many
	maxTrail  = 6 << 10 // bytes of the page keys that lead back; most servers and proxies take addresses of 8 KiB
)

// Listing is a listing with its filters and its place, all of which are in the page's address: who opens the same address
// sees the same.
//
// The API pages forward only, by keys. So the address has the keys of the pages before as well, as many as fit; from further
// on the first page is the way back.
type Listing struct {
	Path    string     // of the page
	Filters url.Values // name and sort order of what is looked for; empty ones are left out
	Key     string     // of this page; "" for the first
	Trail   []string   // the keys of the pages before, the first page's "" left out
	Number  int        // of this page, from 1
	Order   string     // how the API sorts where no order is chosen, "-creationDate"

	Next  string // key of the page after; "" for none. The page sets it from the API's answer.
	Total int    // of all pages, set likewise
	Shown int    // on this page, set likewise
}

// readListing takes over those filters of the address that the page knows.
func (v *visit) readListing(path string, names ...string) *Listing {
	query := v.r.URL.Query()
	l := &Listing{Path: path, Filters: url.Values{}, Key: query.Get("page"), Number: 1}
	for _, name := range names {
		if value := query.Get(name); value != "" && len(value) <= maxFilter && utf8.ValidString(value) {
			l.Filters.Set(name, value)
		}
	}
	if l.Key == "" {
		return l
	}
	l.Trail = bounded(query["back"])
	if n, err := strconv.Atoi(query.Get("n")); err == nil && n > 1 {
		l.Number = n
	} else {
		l.Number = len(l.Trail) + 2
	}
	return l
}

// bounded keeps the keys that are nearest to the page.
func bounded(trail []string) []string {
	size := 0
	for i, key := range slices.Backward(trail) {
		if size += len(url.QueryEscape(key)) + len("&back="); size > maxTrail {
			return trail[i+1:]
		}
	}
	return trail
}

// Get is a filter.
func (l *Listing) Get(name string) string { return l.Filters.Get(name) }

// Filtered reports whether the listing leaves something out. The order does not.
func (l *Listing) Filtered() bool {
	for name := range l.Filters {
		if name != "sort" {
			return true
		}
	}
	return false
}

// First is the address of the first page.
func (l *Listing) First() string { return l.address(l.Filters) }

// NextPage is the address of the page after, "" for none.
func (l *Listing) NextPage() string {
	if l.Next == "" {
		return ""
	}
	trail := l.Trail
	if l.Key != "" {
		trail = bounded(append(slices.Clone(l.Trail), l.Key))
	}
	return l.at(l.Next, trail, l.Number+1)
}

// PreviousPage is the address of the page before, "" on the first one and where the way back is not known any more.
func (l *Listing) PreviousPage() string {
	switch last := len(l.Trail) - 1; {
	case l.Key == "":
		return ""
	case last >= 0:
		return l.at(l.Trail[last], l.Trail[:last], l.Number-1)
	case l.Number == 2:
		return l.First()
	}
	return ""
}

func (l *Listing) at(key string, trail []string, number int) string {
	query := l.clone()
	query.Set("page", key)
	query["back"] = trail
	query.Set("n", strconv.Itoa(number))
	return l.address(query)
}

// Sorted is the address of the listing in another order: by a column, the other way round where it is by that already.
func (l *Listing) Sorted(column string) string {
	query := l.clone()
	if cmp.Or(l.Filters.Get("sort"), l.Order) == column {
		column = "-" + column
	}
	query.Set("sort", column)
	return l.address(query)
}

// Direction is how a column is sorted, in the words of aria-sort: "ascending", "descending" or "none".
func (l *Listing) Direction(column string) string {
	switch cmp.Or(l.Filters.Get("sort"), l.Order) {
	case column:
		return "ascending"
	case "-" + column:
		return "descending"
	}
	return "none"
}

// With is the address of the listing with a filter set, or left out by the empty value.
func (l *Listing) With(name, value string) string {
	query := l.clone()
	query.Del(name)
	if value != "" {
		query.Set(name, value)
	}
	return l.address(query)
}

// Export is where the whole listing can be fetched as "csv" or "json", from its first page on.
func (l *Listing) Export(kind string) string {
	return withQuery(l.Path+"."+kind, l.Filters)
}

func (l *Listing) address(query url.Values) string { return withQuery(l.Path, query) }

func (l *Listing) clone() url.Values {
	query := url.Values{}
	for name, values := range l.Filters {
		query[name] = slices.Clone(values)
	}
	return query
}

func withQuery(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}
