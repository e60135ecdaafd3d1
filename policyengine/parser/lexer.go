package parser

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/doorward/doorward/policyengine/ast"
)

// kind tells tokens apart. An illegal token has been reported already.
type kind uint8

const (
	eof       kind = iota
	word           // keyword or name, colons included
	quoted         // a value
	compare        // = != < >
	comma          // ,
	semicolon      // ;
	opening        // (
	closing        // )
	illegal
)

// punctuation holds, by byte, the tokens of one character.
var punctuation = [256]kind{',': comma, ';': semicolon, '(': opening, ')': closing}

// token is one word of the text. Its text is the source as written, parts is set for a quoted value only.
type token struct {
	kind  kind
	pos   ast.Position
	text  string
	parts []ast.Part
}

// comment is a // comment without its slashes.
type comment struct {
	pos  ast.Position
	text string
}

// lexer cuts a text into tokens. It looks at each byte a fixed number of times.
type lexer struct {
	src       string
	offset    int
	line      int // of offset, from 1
	lineStart int // offset of the first byte of the line
	comments  []comment
	silent    bool // remarks are not wanted, and need not be worded
	// report takes what is wrong with a token.
	report func(pos ast.Position, code, message, suggestion string)
}

func (lx *lexer) position() ast.Position {
	return ast.Position{Offset: lx.offset, Line: lx.line, Column: lx.offset - lx.lineStart + 1}
}

// at reports the byte n places on, 0 beyond the end. NUL bytes are illegal everywhere, so 0 is no valid answer.
func (lx *lexer) at(n int) byte {
	if lx.offset+n < len(lx.src) {
		return lx.src[lx.offset+n]
	}
	return 0
}

// next returns the next token and collects the comments before it.
func (lx *lexer) next() token {
	lx.skipBlanks()
	start := lx.position()
	t := token{kind: eof, pos: start}
	if lx.offset < len(lx.src) {
		t.kind, t.parts = lx.scan(start)
	}
	t.text = lx.src[start.Offset:lx.offset]
	return t
}

// scan takes at least one byte; the caller has seen that there is one.
func (lx *lexer) scan(start ast.Position) (kind, []ast.Part) {
	c := lx.at(0)
	if k := punctuation[c]; k != eof {
		lx.offset++
		return k, nil
	}
	switch {
	case c == '"' || c == '\'':
		return lx.value(start)
	case isOperatorByte(c):
		return lx.operator(start), nil
	case lx.wordRune() > 0:
		for lx.wordRune() > 0 {
			lx.offset += lx.wordRune()
		}
		return word, nil
	default:
		return lx.stray(start), nil
	}
}

// skipBlanks passes over blanks and comments.
func (lx *lexer) skipBlanks() {
	for lx.offset < len(lx.src) {
		switch c := lx.at(0); {
		case c == '\n':
			lx.offset++
			lx.line++
			lx.lineStart = lx.offset
		case c == ' ' || c == '\t' || c == '\r':
			lx.offset++
		case c == '/' && lx.at(1) == '/':
			lx.comment()
		default:
			return
		}
	}
}

// comment keeps the text as written but for one blank after the slashes and those at the end, which printing puts back
// or leaves out.
func (lx *lexer) comment() {
	pos := lx.position()
	text, _, _ := strings.Cut(lx.src[lx.offset:], "\n")
	lx.offset += len(text)
	text = strings.TrimPrefix(text[len("//"):], " ")
	lx.comments = append(lx.comments, comment{pos, strings.TrimRight(text, " \t\r")})
}

// wordRune is the length of the character at the offset if it belongs to a word, else 0. Words take in more than names
// may hold ('*', foreign letters), so that one remark can be made about the whole of a wrong name.
func (lx *lexer) wordRune() int {
	c := lx.at(0)
	if c == ':' || c == '.' || c == '*' || c == '-' || c == '_' || '0' <= c && c <= '9' {
		return 1
	}
	r, size := utf8.DecodeRuneInString(lx.src[lx.offset:])
	if unicode.IsLetter(r) {
		return size
	}
	return 0
}

func isOperatorByte(c byte) bool { return c != 0 && strings.IndexByte("=!<>~&|", c) >= 0 }

// nearOperators says what to write instead of operators that other languages have.
var nearOperators = map[string]string{"==": "=", "===": "=", "<>": "!=", "!==": "!=", "!": "NOT", "&&": "AND", "&": "AND"}

// operator takes a whole run of operator characters, so that == is one mistake and not two signs.
func (lx *lexer) operator(start ast.Position) kind {
	for isOperatorByte(lx.at(0)) {
		lx.offset++
	}
	text := lx.src[start.Offset:lx.offset]
	switch text {
	case "=", "!=", "<", ">":
		return compare
	case "|", "||":
		lx.report(start, "no-or", noOr, "")
	case "<=", ">=":
		lx.report(start, "bad-operator", text+" is not an operator; < and > are, and both are strict", "")
	default:
		lx.report(start, "bad-operator", shown(text)+" is not an operator; "+operatorList, nearOperators[text])
	}
	return illegal
}

// typographic quotes appear when a policy is copied from a formatted page.
const typographic = "“”„‟‘’‚‛«»‹›"

// stray reports a character that can start no token, and passes over it.
func (lx *lexer) stray(start ast.Position) kind {
	r, size := utf8.DecodeRuneInString(lx.src[lx.offset:])
	lx.offset += size
	if lx.silent {
		return illegal
	}
	switch {
	case strings.ContainsRune(typographic, r):
		lx.report(start, "typographic-quote", fmt.Sprintf("%c is a typographic quote; values stand between straight ones", r), "")
	case r == '/' && lx.at(0) == '*', r == '#':
		lx.report(start, "bad-comment", "Comments start with // and end with the line", "//")
	case r == '$' && lx.at(0) == '{':
		lx.report(start, "unquoted", "A template stands inside a quoted value", "")
	case unicode.IsPrint(r):
		lx.report(start, "bad-character", fmt.Sprintf("The character %c has no place here", r), "")
	default:
		lx.report(start, "bad-character", fmt.Sprintf("The invisible character %U has no place here", r), "")
	}
	return illegal
}
