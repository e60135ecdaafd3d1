package scope

import "strings"

// Suggest names the scope that somebody who wrote value most likely meant: the one whose OAuth form it is, the one that
// differs in case only, or else the nearest within a third of the value's length. Ties go to the first in order.
func (c *Catalog) Suggest(value string) (string, bool) {
	if c == nil || value == "" || len(value) > MaxLength {
		return "", false
	}
	folded := strings.ToLower(value)
	nearest, least := "", max(2, len(value)/3)+1
	for _, s := range c.scopes {
		distance := s.distance(value, folded)
		if distance < least {
			nearest, least = s.Value, distance
		}
	}
	return nearest, nearest != ""
}

// distance is how far s is from what was written; an OAuth form of s counts as s itself.
func (s Scope) distance(value, folded string) int {
	for _, name := range s.OAuth {
		if name == value {
			return 0
		}
	}
	return editDistance(folded, strings.ToLower(s.Value))
}

// editDistance counts insertions, removals and replacements of bytes (Levenshtein). Both texts are short: a scope has
// at most MaxLength bytes, so that one call stays under 16,384 steps.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
