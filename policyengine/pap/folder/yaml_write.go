package folder

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// yamlText writes YAML line by line. The form is this package's own, so that no new version of a library makes all the
// files of everybody look changed.
type yamlText struct{ b strings.Builder }

// longKey is from how many bytes on a key is written in its explicit form: YAML 1.2, section 7.4.2, takes no longer ones
// than 1,024 characters in the usual form.
const longKey = 500

func (y *yamlText) line(indent int, text string) {
	y.b.WriteString(strings.Repeat(" ", indent) + text + "\n")
}

// name writes a key that is always there.
func (y *yamlText) name(key, value string) { y.line(0, key+": "+scalar(value)) }

// text writes a key with its value, nothing for an empty value.
func (y *yamlText) text(key, value string) {
	if value != "" {
		y.name(key, value)
	}
}

func (y *yamlText) flag(key string, value bool) {
	if value {
		y.line(0, key+": true")
	}
}

func (y *yamlText) list(key string, values []string) {
	if len(values) == 0 {
		return
	}
	y.line(0, key+":")
	for _, value := range values {
		y.line(2, "- "+scalar(value))
	}
}

func (y *yamlText) pairs(key string, pairs map[string]string) {
	if len(pairs) == 0 {
		return
	}
	y.line(0, key+":")
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		quoted := scalar(name)
		if len(quoted) > longKey {
			y.line(2, "? "+quoted)
			y.line(2, ": "+scalar(pairs[name]))
			continue
		}
		y.line(2, quoted+": "+scalar(pairs[name]))
	}
}

// entry turns the lines of a mapping into an entry of a list.
func (y *yamlText) entry(mapping string) {
	before := "  - "
	for line := range strings.Lines(mapping) {
		y.b.WriteString(before + line)
		before = "    "
	}
}

var (
	plainText = regexp.MustCompile(`^[A-Za-z]([A-Za-z0-9 ._/@-]*[A-Za-z0-9._/@-])?$`)
	// yamlWord are texts that some reader of YAML takes for something else.
	yamlWord = regexp.MustCompile(`^(?i:null|true|false|yes|no|on|off|y|n)$`)
)

// scalar is a text as YAML has it, on one line and in ASCII but for what prints.
func scalar(text string) string {
	if plainText.MatchString(text) && !yamlWord.MatchString(text) {
		return text
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
