package endpoint

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/doorward/doorward/tokens/scope"
)

// entry is a row with its parsed pattern. A denied one was taken away: it still wins the requests of its shape, and
// refuses them.
type entry struct {
	row     Endpoint
	pattern Pattern
	denied  bool
}

// declaration is a scope with the name of the layer that declares it.
type declaration struct {
	scope  scope.Scope
	origin string
}

// builder is the state of one Build.
type builder struct {
	rows     map[string]entry // by shape
	aliases  []Alias
	hidden   map[string]entry       // aliases that were removed by their own pattern, by shape
	scopes   map[string]declaration // by value
	problems []error
}

// fail notes a problem under the place where its cause was written.
func (b *builder) fail(origin, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	if origin != "" {
		message = origin + ": " + message
	}
	b.problems = append(b.problems, errors.New(message))
}

// addScopes compares with what earlier layers declare, so that a contradiction can name both of them.
func (b *builder) addScopes(layer Layer) {
	for _, declared := range layer.Scopes {
		before, known := b.scopes[declared.Value]
		if !known {
			before = declaration{declared, layer.Name}
		}
		if _, err := scope.NewCatalog(before.scope, declared); err != nil {
			b.fail(layer.Name, "%v (first by %s)", err, before.origin)
			continue
		}
		b.scopes[declared.Value] = before
	}
}

// declaredScopes is every scope that was declared. Because addScopes admits only what agrees, it cannot fail for a
// reason that was not noted there.
func (b *builder) declaredScopes() *scope.Catalog {
	var all []scope.Scope
	for _, declared := range b.scopes {
		all = append(all, declared.scope)
	}
	known, err := scope.NewCatalog(all...)
	if err != nil {
		b.problems = append(b.problems, err)
	}
	return known
}

// addAliases admits aliases of different paths only. The same alias may come twice, with the same catalogue.
func (b *builder) addAliases(layer Layer) {
	for _, alias := range layer.Aliases {
		alias.Origin = cmp.Or(alias.Origin, layer.Name)
		if err := alias.check(); err != nil {
			b.fail(alias.Origin, "%v", err)
			continue
		}
		if i := slices.IndexFunc(b.aliases, alias.overlaps); i >= 0 {
			b.fail(alias.Origin, "alias %s overlaps alias %s (%s); give each its own prefix",
				alias.Prefix, b.aliases[i].Prefix, b.aliases[i].Origin)
			continue
		}
		b.aliases = append(b.aliases, alias)
	}
}

// addRows lays the rows of a layer over those that are there. Within a layer nobody can say which of two rows was meant,
// so a conflict is an error; between layers the later one was written by somebody who knew the earlier.
func (b *builder) addRows(layer Layer) {
	own := make(map[string]Endpoint, len(layer.Rows))
	lines := b.remoteLines(layer)
	for _, row := range layer.Rows {
		row.Origin = cmp.Or(row.Origin, layer.Name)
		p, err := row.compile(lines)
		if err != nil {
			b.fail(row.Origin, "%v", err)
			continue
		}
		shape := p.Shape()
		if other, taken := own[shape]; taken {
			b.fail(row.Origin, "%s matches the same requests as %s %s (%s); remove one of the two",
				p, other.Method, other.Template, other.Origin)
			continue
		}
		own[shape] = row
		b.rows[shape] = entry{row: row, pattern: p}
	}
}

// remoteLines are those of a layer, each of which must speak of one of its rows.
func (b *builder) remoteLines(layer Layer) remoteLines {
	if len(layer.Remote) == 0 {
		return nil
	}
	lines := parsedLines(layer.Remote, func(l RemoteLine, err error) { b.fail(cmp.Or(l.Origin, layer.Name), "remote: %v", err) })
	for _, l := range lines.idle(patternsOf(layer.Rows)) {
		b.fail(cmp.Or(l.Origin, layer.Name), "remote: %s is the path of no row", l.Path)
	}
	return lines
}

// remove takes rows away before the layer's own ones come, so that a layer can also replace what it removes.
func (b *builder) remove(layer Layer) {
	for _, p := range layer.Remove {
		p, ok := b.parsed(p, layer)
		if !ok {
			continue
		}
		shape := p.Shape()
		if e, found := b.rows[shape]; found && !e.denied {
			e.denied = true
			b.rows[shape] = e
		} else if alias, found := b.aliasEntries()[shape]; found && !alias.denied {
			alias.denied = true
			b.hidden[shape] = alias
		} else {
			b.fail(p.Origin, "remove: there is no row %s%s", p, b.suggestion(p))
		}
	}
}

// allowDerived runs after the layer's own rows came, so that an operator can allow what a catalogue of this very layer
// marks. Rows of later layers keep their marks: whoever adds them has not been asked yet.
func (b *builder) allowDerived(layer Layer) {
	if layer.AllowAllDerived {
		for shape, e := range b.rows {
			e.row.Derived = false
			b.rows[shape] = e
		}
	}
	for _, p := range layer.AllowDerived {
		if p, ok := b.parsed(p, layer); ok {
			b.allowOne(p, layer.AllowAllDerived)
		}
	}
}

// allowOne clears the mark of one row. It insists on the mark unless all were cleared already: a row that lost it in a
// newer catalogue should not stay on an operator's list of exceptions.
func (b *builder) allowOne(p Pattern, allCleared bool) {
	shape := p.Shape()
	e, found := b.rows[shape]
	switch {
	case found && !e.denied && (e.row.Derived || allCleared):
		e.row.Derived = false
		b.rows[shape] = e
	case found && !e.denied:
		b.fail(p.Origin, "allow derived: %s is not derived (%s), so there is nothing to allow", p, e.row.Origin)
	default:
		alias, isAlias := b.aliasEntries()[shape]
		if isAlias && !alias.denied {
			b.fail(p.Origin, "allow derived: %s is an alias; allow %s, which it repeats", p, alias.row.AliasOf)
			return
		}
		b.fail(p.Origin, "allow derived: there is no row %s%s", p, b.suggestion(p))
	}
}

// parsed completes a pattern that a caller may have put together from its parts.
func (b *builder) parsed(p Pattern, layer Layer) (Pattern, bool) {
	whole, err := ParsePattern(p.String())
	whole.Origin = cmp.Or(p.Origin, layer.Name)
	if err != nil {
		b.fail(whole.Origin, "%v", err)
	}
	return whole, err == nil
}

// suggestion names the row or alias that was probably meant.
func (b *builder) suggestion(p Pattern) string {
	var names []string
	for _, entries := range []map[string]entry{b.rows, b.aliasEntries()} {
		for _, shape := range slices.Sorted(maps.Keys(entries)) {
			if e := entries[shape]; !e.denied {
				names = append(names, e.pattern.String())
			}
		}
	}
	return didYouMean(p.String(), names)
}

// checkScopes refuses names that no layer declares: nobody could hold them, and most are slips. OAuth scopes are
// granted by the identity provider, which knows more of them than a catalogue does.
func (b *builder) checkScopes(known *scope.Catalog) {
	for _, shape := range slices.Sorted(maps.Keys(b.rows)) {
		row := b.rows[shape].row
		for _, value := range row.Scopes {
			if _, declared := known.Lookup(value); declared {
				continue
			}
			hint := "; declare it under scopes"
			if near, ok := known.Suggest(value); ok {
				hint = fmt.Sprintf("; did you mean %q?", near)
			}
			b.fail(row.Origin, "%s %s: no catalogue declares the scope %q%s", row.Method, row.Template, value, hint)
		}
	}
}

// aliasEntries makes the aliases of the rows as they are now, by shape. Because prefixes of aliases do not overlap, no
// two of them meet in one shape. An alias whose path is beyond the bounds of a pattern is left out here and reported by
// finished.
func (b *builder) aliasEntries() map[string]entry {
	entries := make(map[string]entry)
	for _, alias := range b.aliases {
		for _, source := range b.rows {
			e, below := alias.of(source)
			if !below {
				continue
			}
			if p, err := ParsePattern(e.row.Method + " " + e.row.Template); err == nil {
				e.pattern = p
				entries[p.Shape()] = e
			}
		}
	}
	return entries
}

// finished is every entry of the table, sorted by shape. Aliases are made here, from what is left at the end: whoever
// replaces or removes a row governs its aliases too.
func (b *builder) finished() []entry {
	for _, alias := range b.aliases {
		for _, shape := range slices.Sorted(maps.Keys(b.rows)) {
			if e, below := alias.of(b.rows[shape]); below {
				if _, err := ParsePattern(e.row.Method + " " + e.row.Template); err != nil {
					b.fail(alias.Origin, "alias of %s: %v", e.row.AliasOf, err)
				}
			}
		}
	}
	all := b.aliasEntries()
	maps.Copy(all, b.hidden)
	maps.Copy(all, b.rows)
	entries := make([]entry, 0, len(all))
	for _, shape := range slices.Sorted(maps.Keys(all)) {
		entries = append(entries, all[shape])
	}
	return entries
}
