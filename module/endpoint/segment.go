package endpoint

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLiteral bounds the unescaped text of one literal segment, so that Match can unescape into an array on the stack.
const maxLiteral = 256

// kind orders what a segment can be by strength: where several rows fit a request, the first segment in which they
// differ decides, and the smaller kind wins.
type kind uint8

const (
	literal   kind = iota // exactly this text
	verb                  // a value followed by ":verb"
	parameter             // one non-empty segment
	tail                  // one or more segments, to the end of the path
)

// segment is one parsed part of a template.
type segment struct {
	kind kind
	text string // literal: the unescaped text. verb: what follows the colon, unescaped
	name string // of the parameter, for all kinds but literal
}

// segment parses one part of the path. An empty last part is the trailing slash, a literal like any other: the row of
// /orders does not answer /orders/, because an upstream may serve something else there.
func (p *patternParser) segment(offset int, text string, last bool) segment {
	if strings.HasPrefix(text, "{") {
		return p.parameter(offset, text, last)
	}
	if text == "" && !last {
		p.fail(offset, `"//" never matches; remove the empty segment`)
	}
	// The unescaped text is looked at, so that %2E is no way around it.
	s := segment{kind: literal, text: p.literal(offset, text)}
	if s.text == "." || s.text == ".." {
		p.fail(offset, "%q never matches: paths are resolved before they are matched", text)
	}
	return s
}

// parameter parses {name}, {name}:verb and {name...}. It is strict about what may stand next to a brace: a pattern that
// looks like it matches a part of a segment, and does not, would leave requests undecided.
func (p *patternParser) parameter(offset int, text string, last bool) segment {
	name, rest, closed := strings.Cut(text[1:], "}")
	if !closed {
		p.fail(offset, "the '{' is not closed; expected {name}")
		return segment{}
	}
	s := segment{kind: parameter}
	if cut, isTail := strings.CutSuffix(name, "..."); isTail {
		s.kind, name = tail, cut
	}
	s.name = name
	afterBrace := offset + len(text) - len(rest)
	switch {
	case name == "":
		p.fail(offset, "the parameter has no name; expected {name}")
	case !isName(name):
		p.fail(offset+1, "%q is no parameter name; expected a letter, then letters, digits, '_' or '-'", name)
	case s.kind == tail && !last:
		p.fail(offset, "{%s...} takes the rest of the path and must come last", name)
	case rest == "":
	case s.kind == tail:
		p.fail(afterBrace, "nothing may follow {%s...}", name)
	case rest[0] != ':':
		p.fail(afterBrace, "a parameter fills a whole segment; only \":verb\" may follow it")
	case rest == ":":
		p.fail(afterBrace, "the verb after ':' is missing")
	default:
		s.kind, s.text = verb, p.literal(afterBrace+1, rest[1:])
		if strings.Contains(s.text, ":") {
			// One split per segment keeps matching simple and its work bounded.
			p.fail(afterBrace+1, "a verb holds no further ':'")
		}
	}
	return s
}

// isName reports a letter or '_', then letters, digits, '_' or '-', up to 64 of them. The embedded catalogue has names
// with '-'.
func isName(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		if !letter && (i == 0 || r != '-' && (r < '0' || r > '9')) {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// literal checks the characters of a text and returns it unescaped, as Match compares it. An escape may stand for any
// character but those that a canonical path never has in a segment, even escaped.
func (p *patternParser) literal(offset int, text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		if text[i] == '%' {
			c, ok := unhex(text[i:])
			if !ok || c < 0x20 || c == 0x7f || c == '/' || c == '\\' {
				p.fail(offset+i, "%%XX must stand for a character that a segment can hold")
				return ""
			}
			b.WriteByte(c)
			i += 3
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if message := literalProblem(r, size); message != "" {
			p.fail(offset+i, "%s", message)
			return ""
		}
		b.WriteString(text[i : i+size])
		i += size
	}
	if b.Len() > maxLiteral {
		p.fail(offset, "a segment of %d bytes, at most %d are allowed", b.Len(), maxLiteral)
	}
	if !utf8.ValidString(b.String()) {
		p.fail(offset, "not valid UTF-8 after unescaping")
	}
	return b.String()
}

// literalProblem tells what is wrong with a raw character, "" where nothing is. The characters that pass are those of
// RFC 3986 section 3.3 (pchar), and printable ones beyond ASCII, which a request sends escaped.
func literalProblem(r rune, size int) string {
	switch {
	case r == utf8.RuneError && size <= 1:
		return "not valid UTF-8"
	case r == '{', r == '}':
		return `a misplaced brace; a parameter is a whole segment, "/{name}/"`
	case r == '*':
		return "'*' is no wildcard; write {name} for one segment, {name...} at the end for the rest, %2A for the character"
	case r == '?':
		return "a pattern has no query; '?' ends the path of a request"
	case r == '#':
		return "a path holds no '#'; write %23 for the character"
	case r == ' ':
		return "a space in the path; exactly one stands after the method, write %20 for the character"
	case r < utf8.RuneSelf && !isPathByte(byte(r)), r >= utf8.RuneSelf && !unicode.IsPrint(r):
		return "a path cannot hold this character"
	}
	return ""
}

// isPathByte reports the unreserved characters, sub-delimiters, ':' and '@'.
func isPathByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		strings.IndexByte("-._~!$&'()*+,;=:@", c) >= 0
}
