package notify

import (
	"strings"
	"unicode"
)

// Bounds of what strangers' texts take up in a message, in characters.
const (
	maxLong  = 1000 // a reason
	maxShort = 254  // everything else
)

// printable makes a stranger's text harmless on one line: line breaks, control characters and those that turn the direction
// of writing or show nothing become spaces, spaces that follow one another become one, and what is beyond limit is cut off.
func printable(text string, limit int) string {
	var b strings.Builder
	count, space := 0, true // nothing begins with a space
	for _, r := range text {
		if !unicode.IsGraphic(r) || unicode.IsSpace(r) || invisible(r) {
			r = ' '
		}
		if r == ' ' && space {
			continue
		}
		if count == limit {
			return strings.TrimSuffix(b.String(), " ") + "…"
		}
		space = r == ' '
		b.WriteRune(r)
		count++
	}
	return strings.TrimSuffix(b.String(), " ")
}

// invisible are graphic characters that show nothing, which a name could hide in or pretend with.
func invisible(r rune) bool {
	return r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0' || unicode.Is(unicode.Variation_Selector, r)
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}
