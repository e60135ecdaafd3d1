package endpoint

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/doorward/doorward/module/attribute"
)

// ask is the keys of a row that say what is asked of the policies of a user. The row has a rule as soon as one of them
// is there; whether it is whole is for attribute.Compile to see.
func (s *schema) ask(e *Endpoint) keys {
	into := func(read func(r *attribute.Rule, what string, v *value)) func(string, *value) {
		return func(what string, v *value) {
			if e.Ask == nil {
				e.Ask = &attribute.Rule{}
			}
			read(e.Ask, what, v)
		}
	}
	return keys{
		"permission": into(func(r *attribute.Rule, what string, v *value) { s.oneOrMore(&r.Permissions)(what, v) }),
		"attributes": into(s.bindings),
		"page_keys":  into(func(r *attribute.Rule, what string, v *value) { s.texts(&r.PageKeys)(what, v) }),
		"query_permissions": into(func(r *attribute.Rule, what string, v *value) {
			s.entries(what, v, func(f field) {
				q := attribute.QueryPermission{Parameter: f.name}
				s.text(&q.Permission)(what, f.value)
				r.QueryPermissions = append(r.QueryPermissions, q)
			})
			slices.SortFunc(r.QueryPermissions, func(a, b attribute.QueryPermission) int { return cmp.Compare(a.Parameter, b.Parameter) })
		}),
		"max_body": into(func(r *attribute.Rule, what string, v *value) { s.bytes(&r.MaxBody)(what, v) }),
	}
}

// oneOrMore reads a text, or a list of them.
func (s *schema) oneOrMore(target *[]string) func(string, *value) {
	return func(what string, v *value) {
		if v.kind == aList {
			s.texts(target)(what, v)
			return
		}
		var only string
		s.text(&only)(what, v)
		*target = []string{only}
	}
}

// bytes reads a size. It is the one number of a catalogue.
func (s *schema) bytes(target *int64) func(string, *value) {
	return func(what string, v *value) {
		size, err := strconv.ParseInt(v.text, 10, 64)
		if v.kind != aNumber || err != nil || size < 1 || size > attribute.LargestMaxBody {
			s.fail(v.line, "%s: expected 1 to %d bytes", what, attribute.LargestMaxBody)
			return
		}
		*target = size
	}
}

// entries reads a mapping whose keys are names of the author's choice.
func (s *schema) entries(what string, v *value, read func(field)) {
	switch {
	case !s.is(v, aMapping, what):
	case len(v.fields) > maxAlternatives:
		s.fail(v.line, "%s: %d keys, at most %d are allowed", what, len(v.fields), maxAlternatives)
	default:
		for _, f := range v.fields {
			read(f)
		}
	}
}

// bindings reads the attributes, in whatever order they come.
func (s *schema) bindings(r *attribute.Rule, what string, v *value) {
	s.entries(what, v, func(f field) {
		b := attribute.Binding{Name: f.name}
		s.source(f.name, f.value, &b.Source, keys{"multi": func(what string, v *value) {
			var multi string
			if s.text(&multi)(what, v); multi != "each" && multi != "list" {
				s.fail(v.line, "%s: expected each or list", what)
			}
			b.List = multi == "list"
		}})
		r.Attributes = append(r.Attributes, b)
	})
	slices.SortFunc(r.Attributes, func(a, b attribute.Binding) int { return cmp.Compare(a.Name, b.Name) })
}

// singleSources are the places that a name alone describes.
var singleSources = []attribute.SourceKind{
	attribute.FromPath, attribute.FromQuery, attribute.FromHeader, attribute.FromBody, attribute.FromClaim, attribute.FromConstant,
}

// source reads one place, or a choice of places. The further keys belong to the attribute as a whole.
func (s *schema) source(what string, v *value, source *attribute.Source, further keys) {
	var kinds []string
	known := maps.Clone(further)
	if known == nil {
		known = keys{}
	}
	for _, kind := range singleSources {
		known[string(kind)] = func(what string, v *value) {
			kinds, source.Kind = append(kinds, what), kind
			s.text(&source.Name)(what, v)
		}
	}
	if further != nil { // choices do not nest
		for _, kind := range []attribute.SourceKind{attribute.FromFirst, attribute.FromAgreeing} {
			known[string(kind)] = func(what string, v *value) {
				kinds, source.Kind = append(kinds, what), kind
				s.each(what, v, maxAlternatives, func(item *value) {
					var one attribute.Source
					s.source("a source", item, &one, nil)
					source.Sources = append(source.Sources, one)
				})
			}
		}
	}
	known["split"], known["decode"], known["field"] = s.text(&source.Split), s.text(&source.Decode), s.text(&source.Field)
	s.mapping(what, v, known)
	switch {
	case v.kind != aMapping:
	case len(kinds) == 0:
		s.fail(v.line, "%s: nothing says where the value stands; expected path, query, header, body, claim, constant, "+
			"alternatives or agree", what)
	case len(kinds) > 1:
		s.fail(v.line, "%s: expected one place, found %s; put them under alternatives or agree", what, strings.Join(kinds, " and "))
	}
}
