package endpoint

import (
	"iter"
	"net/url"
	"slices"
	"strings"
)

// MaxParams is the number of parameters that one template may have.
const MaxParams = 16

// Params are the parameter values of one matched request. The zero value is ready for Match and may be used again; it
// has a fixed size so that it can live on the caller's stack.
type Params struct {
	endpoint *Endpoint
	path     string // as it was matched, still escaped
	count    int
	values   [MaxParams]part
}

// part is where a value lies in the path. It takes a quarter of what a string would: a gate has one Params for each request.
type part struct{ start, end uint16 }

// push notes the next value, the first length bytes of rest, with which the path ends. ParsePattern admits at most MaxParams of them in a row, and a branch of the tree is part
// of some row, so there is always room.
func (p *Params) push(rest string, length int) {
	start := len(p.path) - len(rest)
	p.values[p.count] = part{uint16(start), uint16(start + length)} //nolint:gosec // Match takes no path that is longer than that
	p.count++
}

// All yields the names of the template with their values, still escaped, in order.
func (p *Params) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i, at := range p.values[:p.count] {
			if !yield(p.endpoint.Params[i], p.path[at.start:at.end]) {
				return
			}
		}
	}
}

// Value is the value of the named parameter, unescaped once. It reports false where the matched row has no such
// parameter. It allocates only where there is something to unescape.
func (p *Params) Value(name string) (string, bool) {
	for candidate, escaped := range p.All() {
		if candidate == name {
			value, err := url.PathUnescape(escaped)
			return value, err == nil
		}
	}
	return "", false
}

// SlashesAdmitted reports whether every value that holds an escaped slash belongs to a parameter that may hold one.
// The gate refuses the request otherwise: an upstream that unescapes early would see other segments than were matched.
func (p *Params) SlashesAdmitted() bool {
	for name, escaped := range p.All() {
		slash := strings.Contains(escaped, "%2F") || strings.Contains(escaped, "%2f")
		if slash && !slices.Contains(p.endpoint.SlashParams, name) {
			return false
		}
	}
	return true
}
