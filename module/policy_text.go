package module

import (
	"strings"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/parser"
	"github.com/doorward/doorward/tokens"
)

// ReadPolicyText reads a policy and checks its names, as storing it would; with a nil catalogue no names are checked. The tree is
// nil where anything is an error.
func ReadPolicyText(text string, known *catalog.Catalog) (*ast.Policy, ast.Diagnostics) {
	if found := SecretIn(text); found != nil {
		return nil, found
	}
	tree, found := parser.ParsePolicy(text)
	if known != nil {
		looked := tree
		if looked == nil {
			looked = parser.Readable(text)
		}
		found = append(found, known.Check(looked, catalog.Strict)...)
		found.Sort()
	}
	if found.HasErrors() {
		return nil, found
	}
	return tree, found
}

// ReadBoundaryText is ReadPolicyText for a boundary.
func ReadBoundaryText(text string, known *catalog.Catalog) (*ast.Boundary, ast.Diagnostics) {
	if found := SecretIn(text); found != nil {
		return nil, found
	}
	tree, found := parser.ParseBoundary(text)
	if tree != nil && known != nil {
		found = append(found, known.CheckBoundary(tree, catalog.Strict)...)
		found.Sort()
	}
	if found.HasErrors() {
		return nil, found
	}
	return tree, found
}

// SecretIn refuses the text of a policy with a token in it, before anything of the text is repeated. It is nil where there is none.
func SecretIn(text string) ast.Diagnostics {
	masked := tokens.Mask(text)
	if masked == text {
		return nil
	}
	offset := 0
	for offset < min(len(masked), len(text)) && masked[offset] == text[offset] {
		offset++
	}
	before := text[:offset]
	return ast.Diagnostics{{
		Pos: ast.Position{
			Offset: offset, Line: 1 + strings.Count(before, "\n"), Column: offset - strings.LastIndexByte(before, '\n'),
		},
		Code: "secret", Message: "The text contains the secret of a token; replace that token, and take it out of the text",
	}}
}
