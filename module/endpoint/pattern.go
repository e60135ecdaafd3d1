package endpoint

import (
	"fmt"
	"slices"
	"strings"
)

// Bounds of one pattern. They keep Match's recursion and Params' array small; the longest embedded row has 12 segments
// and 5 parameters.
const (
	maxPattern  = 2048 // bytes of "METHOD /path"
	maxSegments = 64
	maxMethod   = 32
)

// Pattern is a method and a path template, parsed. Parameter names tell rows apart for readers only: two patterns have
// the same shape when they match the same requests.
type Pattern struct {
	Method   string
	Template string
	// Origin says where the pattern was written, "Caddyfile:12"; it begins the errors about it. May be empty.
	Origin string

	segments []segment
}

// String is the pattern as it was written: "GET /orders/{id}".
func (p Pattern) String() string { return p.Method + " " + p.Template }

// PatternError says what is wrong with a pattern, and where.
type PatternError struct {
	Pattern string
	Column  int // counted in bytes from 1
	Message string
}

// Error names the pattern, the column and what to write instead.
func (e *PatternError) Error() string {
	return fmt.Sprintf("pattern %q, column %d: %s", e.Pattern, e.Column, e.Message)
}

// ParsePattern reads "METHOD /path".
//
// A path is made of segments: literal characters (%XX stands for a character that a path must escape), {name} for one
// segment of any value, {name}:verb or literal:verb for a segment that ends in ":verb", and at the end {name...} for one
// or more segments. Comparison is case-sensitive, and a trailing slash counts. Every error is a *PatternError.
func ParsePattern(text string) (Pattern, error) {
	if len(text) > maxPattern {
		return Pattern{}, &PatternError{text[:32] + "…", maxPattern, fmt.Sprintf("longer than %d bytes", maxPattern)}
	}
	p := patternParser{text: text}
	method, template := p.method()
	if p.err != nil {
		return Pattern{}, p.err
	}
	segments := p.path(len(method)+1, template)
	if p.err != nil {
		return Pattern{}, p.err
	}
	return Pattern{Method: method, Template: template, segments: segments}, nil
}

// patternParser keeps the first error: what follows it would only repeat it.
type patternParser struct {
	text string
	err  error
}

// fail notes a problem at a byte offset of the text.
func (p *patternParser) fail(offset int, format string, args ...any) {
	if p.err == nil {
		p.err = &PatternError{p.text, offset + 1, fmt.Sprintf(format, args...)}
	}
}

// method splits the text at its space and checks the part before it.
func (p *patternParser) method() (method, template string) {
	method, template, spaced := strings.Cut(p.text, " ")
	switch {
	case p.text == "":
		p.fail(0, `empty; expected a method and a path, for example "GET /orders/{id}"`)
	case strings.HasPrefix(p.text, "/"):
		p.fail(0, "a method is missing before the path; for example %q", "GET "+p.text)
	case method == "*" || strings.EqualFold(method, "any"):
		p.fail(0, "%q is no method; a row has exactly one, write a row for each", method)
	case !isMethod(strings.ToUpper(method)):
		p.fail(0, "%q is no method; expected upper-case letters, for example GET", method)
	case !isMethod(method):
		p.fail(0, "the method must be upper case; write %q", strings.ToUpper(method))
	case method == "CONNECT" || method == "TRACE":
		// Neither may reach an upstream: CONNECT opens a tunnel, TRACE echoes headers that the gate took away.
		p.fail(0, "%s is never forwarded and cannot have a row", method)
	case !spaced || template == "":
		p.fail(len(method), "a path is missing after the method; for example %q", method+" /orders")
	}
	return method, template
}

// isMethod admits any upper-case word, not only the registered methods: caches and WebDAV have their own. Methods are
// case-sensitive (RFC 9110 section 9.1).
func isMethod(s string) bool {
	other := func(r rune) bool { return (r < 'A' || r > 'Z') && r != '-' }
	return s != "" && len(s) <= maxMethod && s[0] != '-' && !strings.ContainsFunc(s, other)
}

// path parses the template, which begins at the given offset of the text. Names must differ within a template: a
// policy that reads a parameter by its name could otherwise be shown another value than the one that the upstream uses.
func (p *patternParser) path(offset int, template string) []segment {
	if !strings.HasPrefix(template, "/") {
		p.fail(offset, "the path must begin with a slash; write %q", "/"+strings.TrimLeft(template, " /"))
		return nil
	}
	texts := strings.Split(template[1:], "/")
	if len(texts) > maxSegments {
		p.fail(offset, "%d segments, at most %d are allowed", len(texts), maxSegments)
		return nil
	}
	segments, names := make([]segment, 0, len(texts)), []string(nil)
	offset++
	for i, text := range texts {
		last := i == len(texts)-1
		s := p.segment(offset, text, last)
		if s.name != "" && slices.Contains(names, s.name) {
			p.fail(offset, "the parameter {%s} occurs twice; give each its own name", s.name)
		}
		if s.name != "" {
			names = append(names, s.name)
		}
		segments = append(segments, s)
		offset += len(text) + 1
	}
	if len(names) > MaxParams {
		p.fail(0, "%d parameters, at most %d are allowed", len(names), MaxParams)
	}
	return segments
}

// Shape is equal for two patterns exactly when they match the same requests. Layers replace, remove and conflict by it.
func (p Pattern) Shape() string {
	var b strings.Builder
	b.WriteString(p.Method)
	for _, s := range p.segments {
		// The mark after the slash keeps a literal text apart from the signs of the other kinds.
		switch s.kind {
		case literal:
			b.WriteString("/=" + s.text)
		case verb:
			b.WriteString("/:" + s.text)
		case parameter:
			b.WriteString("/?")
		case tail:
			b.WriteString("/*")
		}
	}
	return b.String()
}

// Names are the parameter names in order.
func (p Pattern) Names() []string {
	var names []string
	for _, s := range p.segments {
		if s.kind != literal {
			names = append(names, s.name)
		}
	}
	return names
}
