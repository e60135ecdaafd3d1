package refeval_test

import (
	"testing"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/refeval"
)

// TestCondition holds the reference to what is written about the language, case by case.
func TestCondition(t *testing.T) {
	one := func(v string) refeval.Attribute { return refeval.Attribute{Values: []string{v}} }
	list := func(v ...string) refeval.Attribute { return refeval.Attribute{Values: v, List: true} }
	text := func(v string) bind.Operand { return bind.Operand{Parts: []ast.Part{ast.Text{Text: v}}} }
	user := bind.Operand{Parts: []ast.Part{ast.Text{Text: "u-"}, ast.Global{Name: "userId"}}}
	absent := refeval.Attribute{Values: []string{"absent"}}
	for _, c := range []struct {
		kind      catalog.Kind
		attribute refeval.Attribute
		operator  ast.Operator
		operands  []bind.Operand
		want      refeval.Truth
	}{
		{catalog.Text, one("a"), ast.Equal, []bind.Operand{text("a")}, refeval.True},
		{catalog.Text, one("a"), ast.Equal, []bind.Operand{text("A")}, refeval.False},
		{catalog.Text, absent, ast.NotEqual, []bind.Operand{text("a")}, refeval.Unknown},
		{catalog.Text, list("a"), ast.Equal, []bind.Operand{text("a")}, refeval.Unknown},
		{catalog.Text, one("a\xff"), ast.NotEqual, []bind.Operand{text("a")}, refeval.Unknown},
		{catalog.Text, one("a"), ast.In, []bind.Operand{user, text("a")}, refeval.True},
		{catalog.Text, one("b"), ast.In, []bind.Operand{user, text("a")}, refeval.Unknown},
		{catalog.Text, one("b"), ast.NotIn, []bind.Operand{user, text("a")}, refeval.Unknown},
		{catalog.Text, one("a"), ast.NotIn, []bind.Operand{user, text("a")}, refeval.False},
		{catalog.Text, one("ab"), ast.StartsWith, []bind.Operand{text("a")}, refeval.True},
		{catalog.Text, one("ab"), ast.NotStartsWith, []bind.Operand{text("a")}, refeval.False},
		{catalog.Text, one("aba"), ast.Match, []bind.Operand{text("ab*ba")}, refeval.False},
		{catalog.Text, one("a\nb*c"), ast.Match, []bind.Operand{text("*b*")}, refeval.True},
		{catalog.Text, one("abcabd"), ast.Match, []bind.Operand{text("a*ab*d")}, refeval.True},
		{catalog.Set, list("a", "b"), ast.Equal, []bind.Operand{text("b")}, refeval.True},
		{catalog.Set, list("a", "b"), ast.NotEqual, []bind.Operand{text("b")}, refeval.False},
		{catalog.Set, list(), ast.NotEqual, []bind.Operand{text("b")}, refeval.True},
		{catalog.Set, absent, ast.NotEqual, []bind.Operand{text("b")}, refeval.Unknown},
		{catalog.Record, list("a"), ast.Equal, []bind.Operand{text("a")}, refeval.False},
		{catalog.Record, list("a"), ast.NotEqual, []bind.Operand{text("a")}, refeval.False},
		{catalog.Record, list("a"), ast.Match, []bind.Operand{text("*")}, refeval.True},
		{catalog.Record, list("ab"), ast.StartsWith, []bind.Operand{text("a")}, refeval.False},
		{catalog.Unsupported, one("a"), ast.Equal, []bind.Operand{text("a")}, refeval.Unknown},
	} {
		condition := &bind.Condition{Name: "x:y", Kind: c.kind, Operator: c.operator, Operands: c.operands}
		facts := refeval.Facts{Attributes: map[string]refeval.Attribute{"x:y": c.attribute}}
		if len(c.attribute.Values) == 1 && c.attribute.Values[0] == "absent" {
			facts.Attributes = nil
		}
		if got := refeval.Condition(condition, facts); got != c.want {
			t.Errorf("%s %q %s %v: got %s, want %s", c.kind, c.attribute.Values, c.operator, c.operands, got, c.want)
		}
	}
}
