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
	count    int
	values   [MaxParams]string // as in the path, still escaped
}

// push notes the next value. ParsePattern admits at most MaxParams of them in a row, and a branch of the tree is part
// of some row, so there is always room.
func (p *Params) push(escaped string) {
	p.values[p.count] = escaped
	p.count++
}

// All yields the names of the template with their values, still escaped, in order.
func (p *Params) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i, value := range p.values[:p.count] {
			if !yield(p.endpoint.Params[i], value) {
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
