package endpoint

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/doorward/doorward/tokens/scope"
)

// maxText bounds one text of a file, in bytes.
const maxText = 2048

// schema reads the values of a file into a catalogue. It notes every problem and goes on, so that an operator sees them
// together.
type schema struct {
	file     string
	problems []*lineError
	remoteAt []int // the lines of Catalog.Remote in the file
}

// fail notes a problem.
func (s *schema) fail(line int, format string, args ...any) {
	s.problems = append(s.problems, failAt(line, format, args...))
}

// sorted is the problems in the order of the file.
func (s *schema) sorted() []error {
	slices.SortStableFunc(s.problems, func(a, b *lineError) int { return a.line - b.line })
	var problems []error
	for _, p := range s.problems {
		problems = append(problems, fmt.Errorf("%s:%d: %s", s.file, p.line, p.message))
	}
	return problems
}

// is checks the kind of a value. The usual slip is a bare 1.0 or 2024-01-01 in YAML where a text was meant.
func (s *schema) is(v *value, want valueKind, what string) bool {
	if v.kind == want {
		return true
	}
	hint := ""
	if want == aText && v.kind != aList && v.kind != aMapping && v.kind != aNull {
		hint = "; put it into quotes"
	}
	s.fail(v.line, "%s: expected %s, found %s%s", what, want, v.kind, hint)
	return false
}

// keys maps the known keys of a mapping to what reads them.
type keys map[string]func(what string, v *value)

// mapping reads a mapping with the given keys, each at most once, and requires some.
func (s *schema) mapping(what string, v *value, known keys, required ...string) {
	if !s.is(v, aMapping, what) {
		return
	}
	for _, f := range v.fields {
		read, ok := known[f.name]
		if !ok {
			names := slices.Sorted(maps.Keys(known))
			s.fail(f.line, "%s has no key %q%s (keys: %s)", what, f.name, didYouMean(f.name, names), strings.Join(names, ", "))
			continue
		}
		read(f.name, f.value)
		required = slices.DeleteFunc(slices.Clone(required), func(name string) bool { return name == f.name })
	}
	for _, name := range required {
		s.fail(v.line, "%s: the key %q is missing", what, name)
	}
}

// text reads a text of one line, which is never empty: a key that says nothing is left out.
func (s *schema) text(target *string) func(string, *value) {
	return func(what string, v *value) {
		switch {
		case !s.is(v, aText, what):
		case v.text == "" || len(v.text) > maxText:
			s.fail(v.line, "%s: expected 1 to %d bytes, found %d", what, maxText, len(v.text))
		case strings.ContainsFunc(v.text, unicode.IsControl):
			// Texts of a catalogue end up in messages and headers; a line break would forge what follows.
			s.fail(v.line, "%s: expected a text without control characters", what)
		default:
			*target = v.text
		}
	}
}

// truth reads true or false.
func (s *schema) truth(target *bool) func(string, *value) {
	return func(what string, v *value) {
		if s.is(v, aTruth, what) {
			*target = strings.EqualFold(v.text, "true")
		}
	}
}

// texts reads a list of texts.
func (s *schema) texts(target *[]string) func(string, *value) {
	return func(what string, v *value) {
		s.each(what, v, maxAlternatives, func(item *value) {
			var element string
			s.text(&element)(what, item)
			*target = append(*target, element)
		})
	}
}

// each reads a list of at most limit items. Above it none is read: the rest of the report would be noise.
func (s *schema) each(what string, v *value, limit int, read func(*value)) {
	switch {
	case !s.is(v, aList, what):
	case len(v.items) > limit:
		s.fail(v.line, "%s: %d items, at most %d are allowed", what, len(v.items), limit)
	default:
		for _, item := range v.items {
			read(item)
		}
	}
}

// catalog reads the whole file. The name is given to the rows at the end, because keys come in any order.
func (s *schema) catalog(v *value) *Catalog {
	c := &Catalog{}
	s.mapping("a catalogue", v, keys{
		"catalog":   s.text(&c.Name),
		"scopes":    func(what string, v *value) { s.each(what, v, maxScopes, func(v *value) { s.scope(c, v) }) },
		"aliases":   func(what string, v *value) { s.each(what, v, maxAliases, func(v *value) { s.alias(c, v) }) },
		"remote":    func(what string, v *value) { s.each(what, v, maxRemoteLines, func(v *value) { s.remoteLine(c, v) }) },
		"endpoints": func(what string, v *value) { s.each(what, v, maxRows, func(v *value) { s.endpoint(c, v) }) },
	}, "catalog")
	if c.Name != "" && !isCatalogName(c.Name) {
		s.fail(v.line, "catalog: %.80q is no name; expected lower-case letters, digits and '-', beginning with a letter", c.Name)
	}
	for i := range c.Endpoints {
		c.Endpoints[i].Catalog = c.Name
	}
	s.checkRemoteLines(c)
	return c
}

// scope reads one declaration. Like the readers below it leaves out what it could not read whole, so that one slip is not
// reported a second time as something that is missing.
func (s *schema) scope(c *Catalog, v *value) {
	// A catalogue lists what tokens are made of; only what is special about a scope needs a word.
	declared := scope.Scope{Creatable: true}
	before := len(s.problems)
	s.mapping("a scope", v, keys{
		"value":     s.text(&declared.Value),
		"name":      s.text(&declared.Name),
		"group":     s.text(&declared.Group),
		"creatable": s.truth(&declared.Creatable),
		"personal":  s.truth(&declared.Personal),
		"cluster":   s.truth(&declared.Cluster),
		"oauth":     s.texts(&declared.OAuth),
	}, "value")
	if len(s.problems) > before {
		return
	}
	if _, err := scope.NewCatalog(declared); err != nil {
		s.fail(v.line, "%v", err)
		return
	}
	if slices.ContainsFunc(c.Scopes, func(other scope.Scope) bool { return other.Value == declared.Value }) {
		s.fail(v.line, "the scope %q is declared twice", declared.Value)
		return
	}
	c.Scopes = append(c.Scopes, declared)
}

// alias reads one alias.
func (s *schema) alias(c *Catalog, v *value) {
	alias := Alias{Origin: s.origin(v)}
	before := len(s.problems)
	s.mapping("an alias", v, keys{
		"prefix":      s.text(&alias.Prefix),
		"for":         s.text(&alias.For),
		"bearer_only": s.truth(&alias.BearerOnly),
	}, "prefix", "for")
	if len(s.problems) > before {
		return
	}
	if err := alias.check(); err != nil {
		s.fail(v.line, "%v", err)
		return
	}
	c.Aliases = append(c.Aliases, alias)
}

// origin is the place of a value, as Endpoint.Origin and Alias.Origin have it.
func (s *schema) origin(v *value) string { return fmt.Sprintf("%s:%d", s.file, v.line) }

// endpoint reads one row. Whether its scopes are declared is for Build to see: another catalogue may declare them.
func (s *schema) endpoint(c *Catalog, v *value) {
	var pattern, realm string
	e := Endpoint{Origin: s.origin(v)}
	before := len(s.problems)
	known := keys{
		"endpoint":         s.text(&pattern),
		"api":              s.text(&e.API),
		"realm":            s.text(&realm),
		"scopes":           s.texts(&e.Scopes),
		"oauth_scopes":     s.texts(&e.OAuthScopes),
		"permissions":      s.texts(&e.Permissions),
		"any_token":        s.truth(&e.AnyToken),
		"public":           s.truth(&e.Public),
		"own_credentials":  s.truth(&e.OwnCredentials),
		"bearer_only":      s.truth(&e.BearerOnly),
		"personal":         s.support(&e.Personal),
		"derived":          s.truth(&e.Derived),
		"deprecated":       s.truth(&e.Deprecated),
		"possibly_removed": s.truth(&e.PossiblyRemoved),
		"websocket":        s.truth(&e.WebSocket),
		"encoded_slash":    s.texts(&e.SlashParams),
		"non_ascii":        s.truth(&e.NonASCII),
		"semicolon":        s.truth(&e.Semicolon),
		"remote":           s.remote(&e),
		"masked":           s.someTexts(&e.Masked),
	}
	maps.Copy(known, s.ask(&e))
	s.mapping("an endpoint", v, known, "endpoint")
	switch realm {
	case "", "environment":
	case "cluster":
		e.ClusterRealm = true
	default:
		s.fail(v.line, "realm: expected environment or cluster, found %.80q", realm)
	}
	if len(s.problems) > before {
		return
	}
	if err := e.complete(pattern); err != nil {
		s.fail(v.line, "%v", err)
		return
	}
	c.Endpoints = append(c.Endpoints, e)
}

// complete takes the pattern apart and checks the row.
func (e *Endpoint) complete(pattern string) error {
	p, err := ParsePattern(pattern)
	if err != nil {
		return err
	}
	e.Method, e.Template = p.Method, p.Template
	e.EncodedSlash = len(e.SlashParams) > 0
	_, err = e.compile(nil)
	return err
}

// support reads whether personal access tokens are taken.
func (s *schema) support(target *Support) func(string, *value) {
	return func(what string, v *value) {
		var yes bool
		s.truth(&yes)(what, v)
		*target = No
		if yes {
			*target = Yes
		}
	}
}
