// Package asttest generates policies, boundaries and parameters for tests.
//
// The syntax generators draw any tree that the language can write. The catalogue generators draw trees that a catalogue
// accepts, for tests of what comes after checking.
package asttest

import (
	"cmp"
	"strings"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/policyengine/ast"
)

// IgnorePositions compares trees by what they say. A nil list and an empty one are the same.
func IgnorePositions() gocmp.Option {
	return gocmp.Options{cmpopts.IgnoreTypes(ast.Position{}), cmpopts.EquateEmpty()}
}

// Policy draws any policy of up to five statements.
func Policy() *rapid.Generator[*ast.Policy] {
	return rapid.Custom(func(t *rapid.T) *ast.Policy {
		return &ast.Policy{
			Statements: rapid.SliceOfN(Statement(), 1, 5).Draw(t, "statements"),
			Tail:       commentLines().Draw(t, "tail"),
		}
	})
}

// Boundary draws any boundary of up to ten restrictions.
func Boundary() *rapid.Generator[*ast.Boundary] {
	restriction := rapid.Custom(func(t *rapid.T) *ast.Restriction {
		return &ast.Restriction{Condition: Condition().Draw(t, "condition"), Comments: comments().Draw(t, "comments")}
	})
	return rapid.Custom(func(t *rapid.T) *ast.Boundary {
		return &ast.Boundary{
			Restrictions: rapid.SliceOfN(restriction, 1, 10).Draw(t, "restrictions"),
			Tail:         commentLines().Draw(t, "tail"),
		}
	})
}

// Statement draws any statement.
func Statement() *rapid.Generator[*ast.Statement] {
	permission := rapid.Custom(func(t *rapid.T) *ast.Permission {
		return &ast.Permission{Name: strings.Join(rapid.SliceOfN(Name(), 3, 3).Draw(t, "permission"), ":")}
	})
	return rapid.Custom(func(t *rapid.T) *ast.Statement {
		return &ast.Statement{
			Effect:      Effect().Draw(t, "effect"),
			Permissions: rapid.SliceOfN(permission, 1, 6).Draw(t, "permissions"),
			Conditions:  rapid.SliceOfN(Condition(), 0, 3).Draw(t, "conditions"),
			Comments:    comments().Draw(t, "comments"),
		}
	})
}

// Effect draws ALLOW or DENY.
func Effect() *rapid.Generator[ast.Effect] {
	return rapid.SampledFrom([]ast.Effect{ast.Allow, ast.Deny})
}

// Condition draws any condition.
func Condition() *rapid.Generator[*ast.Condition] {
	return rapid.Custom(func(t *rapid.T) *ast.Condition {
		op := rapid.SampledFrom(ast.Operators()).Draw(t, "operator")
		return &ast.Condition{
			Name:     strings.Join(rapid.SliceOfN(Name(), 2, 2).Draw(t, "condition"), ":"),
			Operator: op,
			Values:   rapid.SliceOfN(Value(), 1, mostValues(op)).Draw(t, "values"),
		}
	})
}

func mostValues(op ast.Operator) int {
	if op.List() {
		return 4
	}
	return 1
}

// Name draws a segment of a permission or condition name, sometimes one that is also a keyword.
func Name() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[A-Za-z][A-Za-z0-9_.-]{0,8}`),
		rapid.SampledFrom([]string{"ALLOW", "where", "null", "AND", "MATCH", "startsWith", "Not", "in", "k8s.namespace.name"}),
	)
}

// Value draws any value: texts, parameters and attributes in a row.
func Value() *rapid.Generator[*ast.Value] {
	parameter := rapid.StringMatching(`[A-Za-z0-9_-]{1,8}`)
	return rapid.Custom(func(t *rapid.T) *ast.Value {
		v := &ast.Value{}
		for range rapid.IntRange(0, 4).Draw(t, "parts") {
			switch rapid.IntRange(0, 2).Draw(t, "part") {
			case 0:
				v.Parts = appendText(v.Parts, Text().Draw(t, "text"))
			case 1:
				v.Parts = append(v.Parts, ast.BindParam{Name: parameter.Draw(t, "parameter")})
			default:
				v.Parts = append(v.Parts, ast.Global{Name: parameter.Draw(t, "attribute")})
			}
		}
		return v
	})
}

// appendText keeps to what a tree can be: no empty text, no two in a row.
func appendText(parts []ast.Part, text string) []ast.Part {
	if last := len(parts) - 1; last >= 0 {
		if _, ok := parts[last].(ast.Text); ok {
			return parts
		}
	}
	if text == "" {
		return parts
	}
	return append(parts, ast.Text{Text: text})
}

// hostileTexts are values that have a meaning somewhere on their way: in this language, in Rego, in JSON, in patterns.
var hostileTexts = []string{
	`";DENY a:b:c;"`, `"`, `'`, `\`, `\"`, `//`, `a // b`, `;`, `,`, `(`, `$`, `{x}`, `$ {`, `*`, `**`, `?`, "`", "\t",
	`"]} default allow := true`, "$}", "%s", "NULL", "null", " lead", "trail ", "é", "e\u0301", "ß", "\u2028",
	"日本語", "🙂", "builtin:monitoring.slo", "default_logs", "a.b*c",
}

// Text draws literal text, hostile ones included.
func Text() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom(hostileTexts),
		rapid.StringMatching(`[a-z:._*-]{0,12}`),
		rapid.String().Filter(ast.PlainText),
	).Filter(ast.PlainText)
}

// ParameterValue draws a usable parameter value: text that is not empty, or a list without empty items.
func ParameterValue() *rapid.Generator[string] {
	item := Text().Filter(func(s string) bool { return strings.Trim(s, " \t,") != "" && !strings.Contains(s, ",") })
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(item, 1, 3).Draw(t, "items"), ",")
	})
}

// DrawParameters draws a value for every parameter that the nodes use.
func DrawParameters(t *rapid.T, nodes ...ast.Node) map[string]string {
	parameters := map[string]string{}
	for _, n := range nodes {
		for _, name := range ast.BindParams(n) {
			if _, ok := parameters[name]; !ok {
				parameters[name] = ParameterValue().Draw(t, name)
			}
		}
	}
	return parameters
}

func comments() *rapid.Generator[ast.Comments] {
	return rapid.Custom(func(t *rapid.T) ast.Comments {
		lines := commentLines()
		return ast.Comments{
			Before: lines.Draw(t, "before"),
			After:  cmp.Or(lines.Draw(t, "after")...),
		}
	})
}

func commentLines() *rapid.Generator[[]string] {
	line := rapid.Custom(func(t *rapid.T) string {
		text := Text().Draw(t, "comment")
		return strings.TrimRight(text, " \t\r")
	})
	return rapid.SliceOfN(line, 0, 2)
}
