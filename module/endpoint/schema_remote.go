package endpoint

import (
	"cmp"
	"maps"
	"slices"

	"github.com/doorward/doorward/remote"
)

// remote reads what a row says about remote staff: permissions, a class, or rules with conditions.
func (s *schema) remote(e *Endpoint) func(string, *value) {
	return func(what string, v *value) {
		if v.kind == aList && len(v.items) > 0 && v.items[0].kind == aMapping {
			s.each(what, v, maxRemoteRules, func(item *value) {
				var rule RemoteRule
				s.remoteRule("a rule", item, &rule, nil)
				e.Remote = append(e.Remote, rule)
			})
			return
		}
		if rule, ok := s.remoteWords(what, v); ok {
			e.Remote = []RemoteRule{rule}
		}
	}
}

// remoteWords reads a class, or one or several permissions.
func (s *schema) remoteWords(what string, v *value) (RemoteRule, bool) {
	var words []string
	before := len(s.problems)
	s.oneOrMore(&words)(what, v)
	if len(s.problems) > before {
		return RemoteRule{}, false
	}
	rule, err := ParseRemote(words)
	if err != nil {
		s.fail(v.line, "%s: %v", what, err)
	}
	return rule, err == nil
}

// remoteRule reads a mapping with one answer and perhaps conditions. The further keys are those of a line.
func (s *schema) remoteRule(what string, v *value, rule *RemoteRule, further keys, required ...string) {
	var class string
	var needs *value
	known := keys{
		"when":  s.conditions(&rule.When),
		"class": s.text(&class),
		"needs": func(_ string, v *value) { needs = v },
	}
	maps.Copy(known, further)
	s.mapping(what, v, known, required...)
	switch {
	case v.kind != aMapping:
	case (class == "") == (needs == nil):
		s.fail(v.line, "%s: expected either needs or class", what)
	case needs != nil:
		s.needs(needs, rule)
	default:
		s.class(v.line, class, rule)
	}
}

// needs reads permissions. A class that stands among them would be a second answer.
func (s *schema) needs(v *value, rule *RemoteRule) {
	words, ok := s.remoteWords("needs", v)
	if ok && words.Class != remote.Ordinary {
		s.fail(v.line, "needs: %s is a class; write it as class", words.Class)
	}
	rule.Class, rule.Needs = words.Class, words.Needs
}

// class reads the word of a class that needs no permissions.
func (s *schema) class(line int, word string, rule *RemoteRule) {
	read, err := ParseRemote([]string{word})
	switch {
	case err != nil:
		s.fail(line, "class: %v", err)
	case read.Class == remote.Ordinary:
		s.fail(line, "class: %s is a permission; write it under needs", word)
	}
	rule.Class = read.Class
}

// conditions reads attributes with the values that fit. They are sorted, because their order has no meaning.
func (s *schema) conditions(when *[]RemoteCondition) func(string, *value) {
	return func(what string, v *value) {
		s.entries(what, v, func(f field) {
			c := RemoteCondition{Attribute: f.name}
			s.oneOrMore(&c.Values)(f.name, f.value)
			if f.value.kind == aList && len(f.value.items) == 0 {
				s.fail(f.line, "%s: expected at least one value", f.name)
			}
			*when = append(*when, c)
		})
		slices.SortFunc(*when, func(a, b RemoteCondition) int { return cmp.Compare(a.Attribute, b.Attribute) })
		if v.kind == aMapping && len(v.fields) == 0 {
			s.fail(v.line, "%s: expected at least one attribute", what)
		}
	}
}

// remoteLine reads one line of the list.
func (s *schema) remoteLine(c *Catalog, v *value) {
	l := RemoteLine{Origin: s.origin(v)}
	before := len(s.problems)
	s.remoteRule("a line of remote", v, &l.RemoteRule, keys{
		"methods": s.someTexts(&l.Methods),
		"path":    s.text(&l.Path),
		"masked":  s.someTexts(&l.Masked),
	}, "path")
	if len(s.problems) > before {
		return
	}
	if _, err := l.parsed(); err != nil {
		s.fail(v.line, "%v", err)
		return
	}
	s.remoteAt = append(s.remoteAt, v.line)
	c.Remote = append(c.Remote, l)
}

// someTexts reads a list that says something: an empty one would mean the opposite of what it looks like.
func (s *schema) someTexts(target *[]string) func(string, *value) {
	return func(what string, v *value) {
		s.texts(target)(what, v)
		if v.kind == aList && len(v.items) == 0 {
			s.fail(v.line, "%s: expected at least one", what)
		}
	}
}

// checkRemoteLines looks for lines that speak of no row, once all rows are there. Where rows could not be read their
// absence says nothing.
func (s *schema) checkRemoteLines(c *Catalog) {
	if len(s.problems) > 0 {
		return
	}
	patterns := patternsOf(c.Endpoints)
	for i, line := range c.Remote {
		l, err := line.parsed()
		if err == nil && !slices.ContainsFunc(patterns, l.covers) {
			s.fail(s.remoteAt[i], "remote: %s is the path of no row%s", l.Path, c.nearestPath(l.Path))
		}
	}
}

// nearestPath names the row that was probably meant.
func (c *Catalog) nearestPath(path string) string {
	templates := make([]string, len(c.Endpoints))
	for i, row := range c.Endpoints {
		templates[i] = row.Template
	}
	return didYouMean(path, templates)
}
