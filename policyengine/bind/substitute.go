package bind

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/doorward/doorward/policyengine/ast"
)

// substitution fills in parameters. The order of places and list items is kept.
type substitution struct {
	parameters map[string]string
	spent      int // bytes of text made so far
}

// checkParameters compares what the binding gives with what the texts use. A parameter too many is refused as well: it
// is a misspelt one, or belongs to another policy.
func (b *binder) checkParameters(boundaries []Boundary) {
	used := map[string]bool{}
	b.missing("", b.policy.Tree, used)
	for _, boundary := range boundaries {
		b.missing("boundary "+label(boundary), boundary.Tree, used)
	}
	for _, name := range slices.Sorted(maps.Keys(b.substitution.parameters)) {
		if !used[name] {
			b.diagnostics.Add(ast.Diagnostic{
				Code: "unknown-parameter", Message: "The parameter " + shown(name) + " is not used",
				Suggestion: ast.Nearest(name, slices.Values(slices.Sorted(maps.Keys(used)))),
			})
			continue
		}
		if reason := unusable(b.substitution.parameters[name]); reason != "" {
			b.fail("", ast.Position{}, "bad-parameter", "The value of parameter "+name+" "+reason)
		}
	}
}

// missing reports a parameter at the first place that needs it, and notes the ones in use.
func (b *binder) missing(source string, n ast.Node, used map[string]bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		p, ok := n.(ast.BindParam)
		if !ok || used[p.Name] {
			return true
		}
		used[p.Name] = true
		if _, given := b.substitution.parameters[p.Name]; !given {
			b.fail(source, p.Pos, "missing-parameter", "The parameter "+p.Name+" has no value")
		}
		return true
	})
}

// shown keeps a wrong name, which may be anything, short and printable.
func shown(name string) string {
	const limit = 60
	if len(name) > limit || !ast.ValidParameter(name) {
		return fmt.Sprintf("%.60q", name)
	}
	return name
}

// unusable says why a parameter value is refused, "" if it is not. An empty value would turn startsWith and patterns
// into grants of everything, and a value that could not be written between quotes could not be shown to anybody.
func unusable(value string) string {
	switch {
	case value == "":
		return "is empty"
	case len(value) > MaxParameter:
		return fmt.Sprintf("has more than %d bytes", MaxParameter)
	case !ast.PlainText(value):
		return "holds a control character, ${ or bytes that are not UTF-8"
	}
	return ""
}

// values fills in the parameters of one value. Under a list operator a comma in a parameter separates values, blanks
// around them do not count, and the text around the parameter is repeated for each; otherwise the parameter is taken as
// it is. What is wrong, such as more than limit values, is told in a sentence.
func (s *substitution) values(op ast.Operator, v *ast.Value, limit int) (values [][]ast.Part, problem string) {
	values = [][]ast.Part{nil}
	for _, part := range v.Parts {
		choices := []ast.Part{part}
		if p, ok := part.(ast.BindParam); ok {
			if choices, problem = s.choices(op, p); problem != "" {
				return nil, problem
			}
		}
		if len(choices) > limit/len(values) {
			return nil, fmt.Sprintf("A condition has at most %d values, and the parameters give more", MaxValues)
		}
		if values = s.extend(values, choices); values == nil {
			return nil, fmt.Sprintf("With its parameters the policy has more than %d bytes of values", MaxValueBytes)
		}
	}
	for _, parts := range values {
		for _, part := range parts {
			// A '$' before a parameter and a '{' in it would meet as the start of a template.
			if text, ok := part.(ast.Text); ok && !ast.PlainText(text.Text) {
				return nil, "The parameters of this value make up a template"
			}
		}
	}
	return values, ""
}

// choices is what a parameter stands for: one text, or several under a list operator.
func (s *substitution) choices(op ast.Operator, p ast.BindParam) (choices []ast.Part, problem string) {
	value := s.parameters[p.Name]
	if !op.List() {
		return []ast.Part{ast.Text{Pos: p.Pos, Text: value}}, ""
	}
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.Trim(item, " \t"); item == "" {
			return nil, "The list in parameter " + p.Name + " has an empty item"
		}
		choices = append(choices, ast.Text{Pos: p.Pos, Text: item})
	}
	return choices, ""
}

// extend appends each choice to each value begun so far. It returns nil when that takes more bytes than the binding may
// use: a short text can name a long parameter very often.
func (s *substitution) extend(begun [][]ast.Part, choices []ast.Part) [][]ast.Part {
	extended := make([][]ast.Part, 0, len(begun)*len(choices))
	for _, parts := range begun {
		for _, choice := range choices {
			longer := appendPart(parts, choice)
			if text, ok := longer[len(longer)-1].(ast.Text); ok {
				s.spent += len(text.Text)
			}
			if s.spent > MaxValueBytes {
				return nil
			}
			extended = append(extended, longer)
		}
	}
	return extended
}

// appendPart returns parts with one more, two texts in a row made one.
func appendPart(parts []ast.Part, part ast.Part) []ast.Part {
	longer := slices.Clone(parts)
	text, isText := part.(ast.Text)
	if last := len(longer) - 1; isText && last >= 0 {
		if before, ok := longer[last].(ast.Text); ok {
			longer[last] = ast.Text{Pos: before.Pos, Text: before.Text + text.Text}
			return longer
		}
	}
	return append(longer, part)
}
