package folder

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/doorward/doorward/policyengine/ast"
)

// fence begins and ends a header.
const fence = "// ---"

// split takes the header off a file. A header that does not end is an error at the line given, from 1; 0 says that all is
// well.
func split(source string) (header, text string, lines, unfinished int) {
	first, rest, _ := strings.Cut(source, "\n")
	if strings.TrimSuffix(first, "\r") != fence {
		return "", source, 0, 0
	}
	var b strings.Builder
	for lines = 2; ; lines++ {
		line, after, more := strings.Cut(rest, "\n")
		line = strings.TrimSuffix(line, "\r")
		comment, is := strings.CutPrefix(line, "//")
		switch {
		case line == fence:
			return b.String(), after, lines, 0
		case !is || !more:
			return "", "", 0, lines
		}
		b.WriteString(strings.TrimPrefix(comment, " ") + "\n")
		rest = after
	}
}

// join puts a header in front of a text, where either needs one: without, a text that begins like a header would be taken
// for one.
func join(header, text string) string {
	if header == "" && !strings.HasPrefix(text, fence) {
		return text
	}
	var b strings.Builder
	b.WriteString(fence + "\n")
	for line := range strings.Lines(header) {
		b.WriteString("// " + line)
	}
	b.WriteString(fence + "\n" + text)
	return b.String()
}

// headed reads a file that may have a header, whose keys take describes, and returns its text. It is false where the file
// cannot be taken for what it is; then that has been said.
func headed(found *Findings, file, source string, take func(*reader) map[string]func(*yaml.Node)) (text string, at origin, ok bool) {
	at = origin{file: file, pos: ast.Position{Line: 1, Column: 1}}
	header, text, lines, unfinished := split(source)
	if unfinished > 0 {
		at.pos.Line = unfinished
		found.fail(at, fmt.Sprintf("the header has only lines that begin with // and ends with a line %q", fence))
		return "", at, false
	}
	at.above = lines
	// A header's first line is the second of its file, and its text follows the slashes and a blank.
	r := &reader{file: file, lines: 1, column: len("// "), found: found}
	if document := r.document(header); document != nil && r.plain(document) {
		r.mapping(document, take(r))
	}
	return text, at, true
}
