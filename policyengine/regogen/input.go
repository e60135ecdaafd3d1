package regogen

import (
	"slices"
	"time"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/doorward/doorward/policyengine/catalog"
)

// Fact is what is known about an attribute of a request. The zero Fact is unknown, and so is a fact with a value that is
// not UTF-8: no policy can speak of it, and what reads the request after us may take it for another.
type Fact struct {
	Values []string
	Known  bool
	List   bool // the attribute is a list, even with one value or none
}

// Question builds the inputs of requests for one permission. It is immutable.
type Question struct {
	permission [2]*ast.Term
	names      []*ast.Term
	reads      []Read
}

var permissionName = ast.StringTerm("permission")

// NewQuestion prepares for a permission and what the rules about it read, each attribute once.
func NewQuestion(permission string, reads []Read) *Question {
	q := &Question{permission: [2]*ast.Term{permissionName, ast.StringTerm(permission)}, reads: reads}
	for _, r := range reads {
		q.names = append(q.names, ast.StringTerm(r.Name))
	}
	return q
}

// Input is the input document of one request. There is a fact for each read, in the same order; those for times are not
// looked at, because they come from now.
func (q *Question) Input(facts []Fact, now time.Time) *ast.Term {
	pairs := make([][2]*ast.Term, 1, 1+len(q.reads))
	pairs[0] = q.permission
	for i, r := range q.reads {
		value := timeTerm(r.Kind, now)
		if value == nil {
			value = facts[i].term(r.Kind)
		}
		pairs = append(pairs, [2]*ast.Term{q.names[i], value})
	}
	return ast.ObjectTerm(pairs...)
}

// KnownAs reports whether a fact has the shape that a kind asks for: one text for a text; one text or a list for a
// record; any number of texts for a set. Several values are a list in a record, and no text. Otherwise the attribute is
// unknown.
func (f Fact) KnownAs(kind catalog.Kind) bool {
	switch {
	case !f.Known || slices.ContainsFunc(f.Values, notUTF8):
		return false
	case kind == catalog.Set, kind == catalog.Record && f.several():
		return true
	}
	return !f.List && len(f.Values) == 1
}

func (f Fact) several() bool { return f.List || len(f.Values) > 1 }

// term is the fact in the input document.
func (f Fact) term(kind catalog.Kind) *ast.Term {
	switch {
	case !f.KnownAs(kind):
		return ast.InternedNullTerm
	case kind == catalog.Set || f.several():
		return ast.ArrayTerm(stringTerms(f.Values)...)
	}
	return ast.StringTerm(f.Values[0])
}

func notUTF8(text string) bool { return !utf8.ValidString(text) }

// timeTerm is nil for kinds that are no time.
func timeTerm(kind catalog.Kind, now time.Time) *ast.Term {
	seconds := now.Unix()
	switch kind {
	case catalog.Date, catalog.DateTime:
		return numberTerm(seconds)
	case catalog.TimeOfDay:
		return numberTerm(((seconds % day) + day) % day)
	case catalog.WeekDay:
		return numberTerm(int64(now.UTC().Weekday()))
	}
	return nil
}
