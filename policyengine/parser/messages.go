package parser

import (
	"slices"
	"strings"

	"github.com/doorward/doorward/policyengine/ast"
)

const (
	operatorList = "the operators are = != < > IN, NOT IN, startsWith, NOT startsWith, MATCH"
	noOr         = "There is no OR; list the values of one condition in IN (…), or write a second statement"
)

// shownBytes is how much of a wrong word a message repeats.
const shownBytes = 60

// shown is a word of the text for a message: short, whatever the text holds.
func shown(text string) string {
	if len(text) <= shownBytes {
		return text
	}
	cut := 0
	for i := range text {
		if i > shownBytes {
			break
		}
		cut = i
	}
	return text[:cut] + "…"
}

// quotedForm suggests the quoted form of a bare word, unless it is too long to be worth repeating.
func quotedForm(text string) string {
	if len(text) > shownBytes {
		return ""
	}
	return `"` + text + `"`
}

func nearestWord(text string, candidates ...string) string {
	return ast.Nearest(text, slices.Values(candidates))
}

// missingSemicolon explains a token that can follow no complete statement.
func (p *parser) missingSemicolon(what string) string {
	switch {
	case p.keyword("OR"):
		return noOr
	case p.keyword("AND") && what == "condition":
		return "The conditions of a boundary are separated by ';', not by AND"
	case p.token.kind == closing, p.token.kind == opening:
		return "Parentheses hold the values of IN, NOT IN and MATCH, nothing else"
	case p.startsStatement():
		return "The " + what + " before this one has to end with ';'"
	default:
		return "The " + what + " should end with ';' here"
	}
}

// nearConnective suggests the keyword that a word after a complete condition or permission was meant to be.
func (p *parser) nearConnective() string {
	if p.token.kind != word || p.keyword("OR") || p.keyword("AND") || p.startsStatement() {
		return ""
	}
	return nearestWord(strings.ToUpper(shown(p.token.text)), "WHERE", "AND")
}
