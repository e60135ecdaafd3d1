package decisionlog

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/doorward/doorward/tokens"
)

// Bounds of strings, in bytes before they are escaped. Escaping makes at most six bytes of one.
const (
	maxPath    = 2 << 10
	maxText    = 512 // sentences, patterns, users, attribute values
	maxName    = 256 // identifiers, scopes, names of parameters and attributes
	maxWord    = 64  // words of Doorward's own
	maxEntries = 64  // of any list
)

// Lists end when the line has reached fullLine. What may still follow is one entry and its closing brackets, so that no
// line is longer than maxLine, its line feed included.
const (
	fullLine = 48 << 10
	maxLine  = 64 << 10
)

// hiddenText stands for the value of a field that is configured to be masked.
const hiddenText = "***"

const attributePrefix = "attributes."

// maskable are the members that an operator may hide. The others are Doorward's own words.
var maskable = []string{
	"method", "host", "path", "client_ip", "environment", "endpoint", "token_id", "user", "kind", "detail", "fault",
	"scopes", "query", "attributes",
}

// hiding is what an operator wants hidden: members of the record, and attributes by name. A nil set hides nothing.
type hiding struct{ members, attributes map[string]bool }

func newHiding(names []string) (hiding, error) {
	h := hiding{members: make(map[string]bool), attributes: make(map[string]bool)}
	for _, name := range names {
		attribute, ok := strings.CutPrefix(name, attributePrefix)
		switch {
		case ok && attribute != "":
			h.attributes[attribute] = true
		case slices.Contains(maskable, name):
			h.members[name] = true
		default:
			return hiding{}, fmt.Errorf("decision log: %.40q cannot be masked; expected one of %s, or %s<name>",
				name, strings.Join(maskable, ", "), attributePrefix)
		}
	}
	return h, nil
}

// margin is how much of a text beyond its bound is looked at, so that the bound cannot cut a token to a length at which
// it is not recognised any more: a secret has 40 characters or more.
const margin = 128

// clean masks a text and cuts it to limit bytes, whichever of the two shows less. Its work is bounded by limit too,
// however long the text.
func clean(text string, limit int) (clean string, cut bool) {
	if len(text) > limit+margin {
		// Masking what is in front may pull the end below the limit, with half a token in it: the end goes.
		text = tokens.Mask(text[:limit+margin])
		return cutTo(text, min(limit, max(len(text)-margin, 0))), true
	}
	text = tokens.Mask(text)
	if len(text) > limit {
		return cutTo(text, limit), true
	}
	return text, false
}

// cutTo is the first n bytes of text, less the beginning of a character that does not fit.
func cutTo(text string, n int) string {
	for back := range utf8.UTFMax {
		if n-back <= 0 || utf8.RuneStart(text[n-back]) {
			return text[:max(n-back, 0)]
		}
	}
	return text[:n] // no UTF-8 anyway
}

// names are the first attributes in the order of their names, in the caller's array. A map that is larger loses any of
// them.
func names(attributes map[string][]string, into *[maxEntries]string) []string {
	n := 0
	for name := range maps.Keys(attributes) {
		if n == len(into) {
			break
		}
		into[n] = name
		n++
	}
	slices.Sort(into[:n])
	return into[:n]
}
