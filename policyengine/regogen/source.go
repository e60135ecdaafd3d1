package regogen

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"

	"github.com/doorward/doorward/policyengine/bind"
)

// Source is the module of some statements as formatted text, for people and for other tools: before the rules of each
// statement stands the statement, as a comment. The text is read back and compared with what runs, so that nobody is
// shown other rules than those that decide.
func Source(statements []*bind.Statement) ([]byte, error) {
	t := &translator{module: &ast.Module{Package: &ast.Package{Path: packagePath}}}
	var text bytes.Buffer
	text.WriteString("package " + packagePath[1:].String() + "\n")
	done := 0
	for i, s := range statements {
		t.statement(i, s)
		rules := t.module.Rules[done:]
		done = len(t.module.Rules)
		if err := writeStatement(&text, i, s, rules); err != nil {
			return nil, err
		}
	}
	source, err := format.SourceWithOpts("iam.rego", text.Bytes(), formatOptions())
	if err != nil {
		return nil, fmt.Errorf("formatting rules: %w", err)
	}
	source = parsable(source) // formatting has brought the escapes back
	read, err := ast.ParseModuleWithOpts("iam.rego", string(source), parserOptions())
	if err != nil {
		return nil, fmt.Errorf("reading the rules back: %w", err)
	}
	if !sameRules(read.Rules, t.module.Rules) {
		return nil, errors.New("the rules do not read back as they were written")
	}
	return source, nil
}

// byteOrderMark is refused by OPA's parser wherever it stands as such, comments included.
const byteOrderMark = "\ufeff"

// parsable rewrites the one kind of escape that OPA's formatter writes and its parser refuses, \U and eight digits for a
// character that cannot be printed. The character itself may stand in a string.
func parsable(source []byte) []byte {
	const digits = 8
	var b []byte
	for i := 0; i < len(source); i++ {
		if source[i] != '\\' || i+1 == len(source) {
			b = append(b, source[i])
			continue
		}
		if end := i + 2 + digits; source[i+1] == 'U' && end <= len(source) {
			r, err := strconv.ParseUint(string(source[i+2:end]), 16, 32)
			if err == nil && r > 0xffff && utf8.ValidRune(rune(r)) {
				b = utf8.AppendRune(b, rune(r))
				i = end - 1
				continue
			}
		}
		b = append(b, source[i], source[i+1]) // any other escape, of which a second backslash may be a part
		i++
	}
	return b
}

// writeStatement writes a statement and its rules. A comment ends with its line, so nothing in a value may end it.
func writeStatement(text *bytes.Buffer, index int, s *bind.Statement, rules []*ast.Rule) error {
	line := strings.Map(func(r rune) rune {
		if r < ' ' || string(r) == byteOrderMark || r == '\u007f' || r == '\u0085' || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s.String())
	fmt.Fprintf(text, "\n# %d: %s\n", index, line)
	if len(rules) == 0 {
		text.WriteString("# It never holds: a condition is not known to this permission.\n")
	}
	for _, r := range rules {
		formatted, err := format.AstWithOpts(r, formatOptions())
		if err != nil {
			return fmt.Errorf("formatting a rule: %w", err)
		}
		text.Write(parsable(formatted))
		text.WriteString("\n")
	}
	return nil
}

// sameRules compares by meaning: places in the text do not count.
func sameRules(a, b []*ast.Rule) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].Equal(b[i]) {
			return false
		}
	}
	return true
}

func formatOptions() format.Opts { return format.Opts{RegoVersion: ast.RegoV1} }

func parserOptions() ast.ParserOptions {
	return ast.ParserOptions{RegoVersion: ast.RegoV1, Capabilities: Capabilities()}
}
