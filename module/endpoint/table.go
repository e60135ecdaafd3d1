package endpoint

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/doorward/doorward/tokens/scope"
)

// Table finds the row of a request. Build makes it; it never changes afterwards.
type Table struct {
	rows    []*Endpoint // sorted by template, then method
	roots   map[string]*branch
	methods []string
	scopes  *scope.Catalog
}

// newTable hangs finished rows into one tree per method: a row of another method can then never hide one.
func newTable(entries []entry, scopes *scope.Catalog) *Table {
	t := &Table{roots: make(map[string]*branch), scopes: scopes, rows: make([]*Endpoint, 0, len(entries))}
	for _, e := range entries {
		row := &refused
		if !e.denied {
			row = new(e.row)
			row.finish(e.pattern, scopes)
			t.rows = append(t.rows, row)
		}
		if t.roots[e.pattern.Method] == nil {
			t.roots[e.pattern.Method] = &branch{}
		}
		t.roots[e.pattern.Method].insert(e.pattern.segments, row)
	}
	slices.SortFunc(t.rows, func(a, b *Endpoint) int {
		return cmp.Or(strings.Compare(a.Template, b.Template), strings.Compare(a.Method, b.Method))
	})
	t.methods = methodsOf(t.rows)
	return t
}

// methodsOf collects methods, sorted, with HEAD where GET answers it.
func methodsOf(rows []*Endpoint) []string {
	set := make(map[string]bool)
	for _, row := range rows {
		set[row.Method] = true
		set["HEAD"] = set["HEAD"] || row.Method == "GET"
	}
	maps.DeleteFunc(set, func(_ string, answered bool) bool { return !answered })
	return slices.Sorted(maps.Keys(set))
}

// refused stands in the tree where a row was taken away. It wins like the row did, and Match answers that there is no
// row, so that no weaker one takes over.
var refused Endpoint

// Match finds the row for a request and fills p with the parameter values; nil means that there is none, which the
// caller answers with a refusal. It does not allocate.
//
// escapedPath is the canonical path: it begins with '/', is split at literal slashes only, and holds no empty or dot
// segments; one of more than 65,535 bytes has no row. Literals are compared case-sensitively with the unescaped segment,
// parameters keep the escaped text. Where several rows fit, the first segment in which they differ decides: literal before
// verb before parameter before tail. HEAD is answered by a GET row where no HEAD row fits. A row marked Derived is
// returned like any other: the caller refuses it and can say why.
func (t *Table) Match(method, escapedPath string, p *Params) *Endpoint {
	p.count, p.endpoint, p.path = 0, nil, escapedPath
	if escapedPath == "" || escapedPath[0] != '/' || len(escapedPath) > math.MaxUint16 {
		return nil
	}
	escaped := strings.IndexByte(escapedPath, '%') >= 0
	row := t.roots[method].match(escapedPath[1:], escaped, p)
	if row == nil && method == "HEAD" {
		row = t.roots["GET"].match(escapedPath[1:], escaped, p)
	}
	if row == nil || row == &refused {
		p.count = 0
		return nil
	}
	p.endpoint = row
	return row
}

// Allow lists the methods that have a row for the path, sorted, with HEAD where GET is there: the value of an Allow
// header. Empty where the path has no row at all.
func (t *Table) Allow(escapedPath string) []string {
	var p Params
	return slices.DeleteFunc(t.Methods(), func(method string) bool { return t.Match(method, escapedPath, &p) == nil })
}

// Methods lists every method that some row answers, sorted, with HEAD where there is a GET row. The slice is the
// caller's own.
func (t *Table) Methods() []string { return slices.Clone(t.methods) }

// Knows reports whether any row answers the method. Methods are compared exactly: "get" is not GET.
func (t *Table) Knows(method string) bool { return slices.Contains(t.methods, method) }

// All lists the rows, aliases included, by template and method. The slice is the caller's own, the rows are shared.
func (t *Table) All() []*Endpoint { return slices.Clone(t.rows) }

// Len is the number of rows, aliases included.
func (t *Table) Len() int { return len(t.rows) }

// Scopes is every scope that the layers declare.
func (t *Table) Scopes() *scope.Catalog { return t.scopes }
