package parser

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/doorward/doorward/policyengine/ast"
)

// parser reads one text, one token ahead. After an error it is recovering: lexer and parser are silent until the next
// place is found where a statement can start.
type parser struct {
	lexer       lexer
	limits      Limits
	token       token // the one ahead
	end         int   // offset after the last token taken
	endLine     int
	stopped     bool // no more remarks are taken: the rest is not worth reading
	diagnostics ast.Diagnostics
	whole       []*ast.Statement // those of a policy that were read to their end
}

func newParser(src string, limits Limits) *parser {
	p := &parser{limits: limits, lexer: lexer{src: src, line: 1}}
	p.lexer.report = p.report
	return p
}

// readable refuses texts of which not even the tokens should be looked at.
func (p *parser) readable() bool {
	if len(p.lexer.src) > p.limits.TextBytes {
		p.report(ast.Position{Line: 1, Column: 1}, "too-long",
			fmt.Sprintf("The text has %d bytes; %d are allowed", len(p.lexer.src), p.limits.TextBytes), "")
		return false
	}
	if !utf8.ValidString(p.lexer.src) {
		p.report(invalidAt(p.lexer.src), "not-utf8", "The text is not UTF-8 from here on", "")
		return false
	}
	return true
}

// invalidAt is the place of the first byte that is not part of a UTF-8 character.
func invalidAt(src string) ast.Position {
	offset := 0
	for offset < len(src) {
		r, size := utf8.DecodeRuneInString(src[offset:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		offset += size
	}
	before := src[:offset]
	return ast.Position{
		Offset: offset,
		Line:   1 + strings.Count(before, "\n"),
		Column: offset - strings.LastIndexByte(before, '\n'),
	}
}

// report takes a remark, unless an earlier one about the same statement has been taken: what follows a first mistake is
// mostly its consequence.
func (p *parser) report(pos ast.Position, code, message, suggestion string) {
	if p.lexer.silent {
		return
	}
	p.lexer.silent = true
	p.diagnostics.Add(ast.Diagnostic{Pos: pos, Code: code, Message: message, Suggestion: suggestion})
	p.stopped = p.diagnostics.Full(ast.Error)
}

// unexpected reports the token ahead, unless the lexer has done so.
func (p *parser) unexpected(code, message, suggestion string) bool {
	if p.token.kind != illegal {
		p.report(p.token.pos, code, message, suggestion)
	}
	p.lexer.silent = true
	return false
}

// take steps over the token ahead and returns it.
func (p *parser) take() token {
	taken := p.token
	p.end, p.endLine = taken.pos.Offset+len(taken.text), taken.pos.Line
	p.token = p.lexer.next()
	return taken
}

// keyword reports whether the token ahead is this word, in any case. Folding is ASCII only: a Kelvin sign is no K.
func (p *parser) keyword(name string) bool {
	if p.token.kind != word || len(p.token.text) != len(name) {
		return false
	}
	for i := range len(name) {
		if p.token.text[i]|0x20 != name[i]|0x20 {
			return false
		}
	}
	return true
}

func (p *parser) startsStatement() bool { return p.keyword("ALLOW") || p.keyword("DENY") }

// recover passes over what is left of a broken statement: up to a semicolon, or to a word that can only start the next
// one. It may take no token at all; reading still goes on, because a statement always takes the word that starts it.
func (p *parser) recover() {
	for p.lexer.silent {
		if p.token.kind == eof || p.token.kind == semicolon || p.startsStatement() {
			p.lexer.silent = false
			return
		}
		p.take()
	}
}

// policy reads the whole text.
func (p *parser) policy(policy *ast.Policy) {
	p.take()
	for p.more() {
		if len(policy.Statements) == p.limits.Statements {
			p.report(p.token.pos, "too-many-statements",
				fmt.Sprintf("A policy has at most %d statements", p.limits.Statements), "")
			return
		}
		statement := &ast.Statement{Pos: p.token.pos}
		policy.Statements = append(policy.Statements, statement)
		statement.Comments.Before = p.pendingComments(p.token.pos.Offset)
		if p.statement(statement) {
			p.whole = append(p.whole, statement)
			p.terminate(&statement.Comments, "statement")
		}
	}
	policy.Tail = p.pendingComments(len(p.lexer.src))
	if len(policy.Statements) == 0 {
		p.report(p.token.pos, "empty", "A policy needs at least one statement", "")
	}
}

// boundary reads the whole text.
func (p *parser) boundary(boundary *ast.Boundary) {
	p.take()
	for p.more() {
		if len(boundary.Restrictions) == p.limits.Restrictions {
			p.report(p.token.pos, "too-many-conditions",
				fmt.Sprintf("A boundary has at most %d conditions", p.limits.Restrictions), "")
			return
		}
		restriction := &ast.Restriction{}
		boundary.Restrictions = append(boundary.Restrictions, restriction)
		restriction.Comments.Before = p.pendingComments(p.token.pos.Offset)
		if p.restriction(restriction) {
			p.terminate(&restriction.Comments, "condition")
		}
	}
	boundary.Tail = p.pendingComments(len(p.lexer.src))
	if len(boundary.Restrictions) == 0 {
		// A boundary that restricts nothing would be the opposite of what it is for.
		p.report(p.token.pos, "empty", "A boundary needs at least one condition", "")
	}
}

// more finds the start of the next statement or restriction; false at the end of the text.
func (p *parser) more() bool {
	if p.stopped {
		return false
	}
	p.recover()
	for p.token.kind == semicolon {
		p.take()
	}
	return p.token.kind != eof
}

// terminate reads the semicolon that ends a statement or restriction, which may lack at the end of the text, and sorts
// the comments into those inside it and the one beside its end.
func (p *parser) terminate(c *ast.Comments, what string) {
	c.Before = append(c.Before, p.pendingComments(p.end)...)
	if p.token.kind == semicolon {
		c.Before = append(c.Before, p.pendingComments(p.token.pos.Offset)...)
		p.take()
	} else if p.token.kind != eof {
		p.unexpected("missing-semicolon", p.missingSemicolon(what), p.nearConnective())
		return
	}
	if pending := p.lexer.comments; len(pending) > 0 && pending[0].pos.Line == p.endLine {
		c.After = pending[0].text
		p.lexer.comments = pending[1:]
	}
}

// pendingComments takes the comments that were found before an offset.
func (p *parser) pendingComments(before int) []string {
	var texts []string
	pending := p.lexer.comments
	for len(pending) > 0 && pending[0].pos.Offset < before {
		texts = append(texts, pending[0].text)
		pending = pending[1:]
	}
	p.lexer.comments = pending
	return texts
}
