package scope

import (
	"strings"

	"github.com/doorward/doorward/internal/edit"
)

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
	return edit.Distance(folded, strings.ToLower(s.Value))
}
