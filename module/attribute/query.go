package attribute

import (
	"net/url"
	"strings"
)

// queryValues hands every value of a query parameter to yield, and whether it is in doubt: malformed escapes, a name that
// differs in case only, which some frameworks take for the same parameter, or a semicolon, which separates parameters
// for some of them.
func queryValues(raw, name string, yield func(text string, doubtful bool)) {
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		doubtful := strings.IndexByte(pair, ';') >= 0
		for more := true; more; {
			var piece string
			piece, pair, more = strings.Cut(pair, ";")
			queryValue(piece, name, doubtful, yield)
		}
	}
}

func queryValue(piece, name string, doubtful bool, yield func(text string, doubtful bool)) {
	key, text, _ := strings.Cut(piece, "=")
	key, ok := unescape(key)
	if !ok || !strings.EqualFold(key, name) {
		return // a name that cannot be unescaped is refused by the gate
	}
	text, ok = unescape(text)
	yield(text, doubtful || !ok || key != name)
}

// unescape allocates only where there is something to unescape.
func unescape(text string) (string, bool) {
	if !strings.ContainsAny(text, "%+") {
		return text, true
	}
	plain, err := url.QueryUnescape(text)
	return plain, err == nil
}

// isGiven reports whether a query has the parameter, in whatever spelling of its case.
func isGiven(raw, name string) bool {
	given := false
	queryValues(raw, name, func(string, bool) { given = true })
	return given
}

// isSet reports whether a switch is on: given at all, with anything but a plain "false".
func isSet(raw, name string) bool {
	set := false
	queryValues(raw, name, func(text string, doubtful bool) { set = set || doubtful || text != "false" })
	return set
}
