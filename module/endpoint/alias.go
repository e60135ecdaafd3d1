package endpoint

import (
	"fmt"
	"strings"
)

// Alias serves every row below one prefix under a second one as well. A row that is written out under the second
// prefix is stronger than an alias of the same shape.
type Alias struct {
	Prefix string // the second prefix: "/platform/classic/environment-api/v2"
	For    string // the prefix of the rows: "/api/v2"
	// BearerOnly serves only rows that have OAuth scopes, and judges them by those alone.
	BearerOnly bool
	// Origin says where the alias was written.
	Origin string
}

// check makes sure that both prefixes are plain literal paths, which can be exchanged by cutting text.
func (a Alias) check() error {
	for _, prefix := range []string{a.Prefix, a.For} {
		p, err := ParsePattern("GET " + prefix)
		if err != nil {
			return fmt.Errorf("alias: %q: expected a path such as /api/v2: %w", prefix, err)
		}
		if len(p.Names()) > 0 || strings.HasSuffix(prefix, "/") {
			return fmt.Errorf("alias: %q: expected a path without parameters and without a slash at its end", prefix)
		}
	}
	if a.Prefix == a.For {
		return fmt.Errorf("alias: prefix and for are both %q", a.For)
	}
	return nil
}

// overlaps reports whether the two aliases could serve the same path from different rows.
func (a Alias) overlaps(b Alias) bool {
	a.Origin, b.Origin = "", ""
	_, aUnderB := below(b.Prefix, a.Prefix)
	_, bUnderA := below(a.Prefix, b.Prefix)
	return a != b && (aUnderB || bUnderA)
}

// below cuts a prefix off a path where it ends at a segment: /api/v2x is not below /api/v2.
func below(prefix, path string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(path, prefix)
	return rest, ok && (rest == "" || rest[0] == '/')
}

// of makes the alias of a row below For; it reports false for every other row.
//
// A row that the alias does not serve becomes a refusal and is not left out: its path must not fall to the alias of a
// weaker row, GET …/query to that of GET …/{key}.
func (a Alias) of(source entry) (entry, bool) {
	rest, ok := below(a.For, source.row.Template)
	if !ok {
		return entry{}, false
	}
	row := source.row
	row.AliasOf = row.Method + " " + row.Template
	row.Template = a.Prefix + rest
	denied := source.denied || a.BearerOnly && len(row.OAuthScopes) == 0
	if a.BearerOnly {
		// Only OAuth scopes open the alias, so what the row grants to other tokens must not come along.
		row.BearerOnly, row.AnyToken, row.Public = true, false, false
		row.Scopes, row.Personal = nil, Unknown
	}
	return entry{row: row, denied: denied}, true
}
