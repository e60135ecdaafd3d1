package parser

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/doorward/doorward/policyengine/ast"
)

// valueReader reads one quoted value into its parts. Literal text is gathered until a template or the closing quote.
type valueReader struct {
	*lexer
	parts   []ast.Part
	literal strings.Builder
	from    ast.Position // where the gathered literal text starts
	broken  bool
}

// value reads from the opening quote to the closing one. After an error inside, the rest of the value is still passed
// over, so that its ';' or ALLOW is not taken for policy text.
func (lx *lexer) value(start ast.Position) (kind, []ast.Part) {
	quote := lx.at(0)
	lx.offset++
	r := &valueReader{lexer: lx, from: lx.position()}
	for lx.offset < len(lx.src) {
		c := lx.at(0)
		if c == quote {
			lx.offset++
			return r.finish()
		}
		if c == '\n' || c == '\r' {
			break
		}
		r.piece(c)
	}
	lx.report(start, "open-quote", fmt.Sprintf("This value has no closing %c on its line", quote), "")
	return illegal, nil
}

// finish hands out the parts, unless one of them was refused.
func (r *valueReader) finish() (kind, []ast.Part) {
	r.flush()
	if r.broken {
		return illegal, nil
	}
	return quoted, r.parts
}

// piece reads one escape, template or character.
func (r *valueReader) piece(c byte) {
	switch {
	case c == '\\':
		r.escape()
	case c == '$' && r.at(1) == '{':
		r.template()
	default:
		char, size := utf8.DecodeRuneInString(r.src[r.offset:])
		if ast.IsControl(char) {
			r.fail("bad-character", fmt.Sprintf("The control character %U may not stand in a value", char))
		}
		r.text(r.src[r.offset : r.offset+size])
		r.offset += size
	}
}

// text adds to the literal text before the reader steps over it, so the position is that of its first byte.
func (r *valueReader) text(s string) {
	if r.literal.Len() == 0 {
		r.from = r.position()
	}
	r.literal.WriteString(s)
}

func (r *valueReader) flush() {
	if r.literal.Len() > 0 {
		r.parts = append(r.parts, ast.Text{Pos: r.from, Text: r.literal.String()})
		r.literal.Reset()
	}
}

func (r *valueReader) fail(code, message string) {
	r.report(r.position(), code, message, "")
	r.broken = true
}

// escape knows three forms. Others are refused rather than kept, as readers disagree about what \n and \t mean.
func (r *valueReader) escape() {
	switch c := r.at(1); c {
	case '\\', '"', '\'':
		r.text(string(c))
		r.offset += len(`\"`)
	default:
		r.fail("bad-escape", `A backslash in a value stands before \, " or ' only; write \\ for a backslash`)
		r.offset++
	}
}

// template reads ${bindParam:name} or ${global:name}. What is no template is refused rather than taken as text: its
// author meant something by it.
func (r *valueReader) template() {
	start := r.position()
	rest := r.src[r.offset+len("${"):]
	name, global := strings.CutPrefix(rest, "global:")
	if !global {
		var parameter bool
		if name, parameter = strings.CutPrefix(rest, "bindParam:"); !parameter {
			r.badTemplate()
			return
		}
	}
	length := 0
	for length < len(name) && ast.ValidParameter(name[length:length+1]) {
		length++
	}
	if length == 0 || length == len(name) || name[length] != '}' {
		r.badTemplate()
		return
	}
	r.flush()
	r.offset = len(r.src) - len(name) + length + len("}")
	if global {
		r.parts = append(r.parts, ast.Global{Pos: start, Name: name[:length]})
		return
	}
	r.parts = append(r.parts, ast.BindParam{Pos: start, Name: name[:length]})
}

func (r *valueReader) badTemplate() {
	r.fail("bad-template", "A template is ${bindParam:name} or ${global:name}, its name of letters, digits, '_' and '-'")
	r.offset += len("${")
}
