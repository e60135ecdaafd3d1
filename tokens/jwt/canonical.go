package jwt

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// CanonicalUser gives a user's name the one spelling in which it is compared everywhere: Unicode form NFC; and, where it
// is an e-mail address (it has an @), in lower case. Other names keep their case, for which a subject is significant
// (RFC 7519 section 4.1.2). ok is false for a name that has no one spelling: an empty one, one with invisible characters
// or blanks at an end, and an address with a letter that lower case would turn into another, ASCII one.
func CanonicalUser(name string) (canonical string, ok bool) {
	canonical = norm.NFC.String(name)
	if strings.Contains(canonical, "@") {
		if strings.ContainsFunc(canonical, becomesASCII) {
			return "", false
		}
		canonical = norm.NFC.String(strings.ToLower(canonical))
	}
	if canonical == "" || len(canonical) > maxEntry || !isPlain(canonical) {
		return "", false
	}
	return canonical, true
}

// becomesASCII finds letters such as U+0130, a capital I with a dot, whose lower case is the i of everybody else.
func becomesASCII(r rune) bool { return r > unicode.MaxASCII && unicode.ToLower(r) <= unicode.MaxASCII }

// canonicalNames sorts names of groups and drops duplicates. Unicode form is all that is taken from them.
func canonicalNames(names []string) ([]string, bool) {
	found := make([]string, len(names))
	for i, name := range names {
		if found[i] = norm.NFC.String(name); !isPlain(found[i]) {
			return nil, false
		}
	}
	slices.Sort(found)
	return slices.Compact(found), true
}

// isPlain reports whether a name is what it looks like: no control, format or replacement characters, which are invisible
// or stand for something lost, and no blanks at its ends.
func isPlain(name string) bool {
	return strings.TrimSpace(name) == name && !strings.ContainsFunc(name, func(r rune) bool {
		return r == unicode.ReplacementChar || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
	})
}
