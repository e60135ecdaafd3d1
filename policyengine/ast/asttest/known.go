package asttest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/catalog"
)

// Vocabulary draws trees that a catalogue accepts. Texts come from a short list, so that the values of policies and of
// requests meet often enough for tests to see both outcomes.
type Vocabulary struct {
	Catalog     *catalog.Catalog
	Permissions []string // to draw from; all of the catalogue when empty
	Texts       []string // values of conditions; hostile ones when empty
	Parameters  []string // names of parameters to use; none when empty
}

// Policy draws a policy of up to five statements.
func (v Vocabulary) Policy() *rapid.Generator[*ast.Policy] {
	return rapid.Custom(func(t *rapid.T) *ast.Policy {
		return &ast.Policy{Statements: rapid.SliceOfN(v.Statement(), 1, 5).Draw(t, "statements")}
	})
}

// Statement draws a statement. Each condition is supported by its first permission; the others may not support it.
func (v Vocabulary) Statement() *rapid.Generator[*ast.Statement] {
	return rapid.Custom(func(t *rapid.T) *ast.Statement {
		names := rapid.SliceOfNDistinct(rapid.SampledFrom(v.permissions()), 1, min(3, len(v.permissions())), rapid.ID).Draw(t, "permissions")
		s := &ast.Statement{Effect: Effect().Draw(t, "effect")}
		for _, name := range names {
			s.Permissions = append(s.Permissions, &ast.Permission{Name: name})
		}
		s.Conditions = rapid.SliceOfN(v.Condition(names[0]), 0, 3).Draw(t, "conditions")
		return s
	})
}

// Boundary draws a boundary of up to four restrictions.
func (v Vocabulary) Boundary() *rapid.Generator[*ast.Boundary] {
	return rapid.Custom(func(t *rapid.T) *ast.Boundary {
		b := &ast.Boundary{}
		for range rapid.IntRange(1, 4).Draw(t, "restrictions") {
			permission := rapid.SampledFrom(v.permissions()).Draw(t, "permission")
			b.Restrictions = append(b.Restrictions, &ast.Restriction{Condition: v.Condition(permission).Draw(t, "condition")})
		}
		return b
	})
}

// Condition draws a condition that a permission supports, with an operator that is listed for it.
func (v Vocabulary) Condition(permission string) *rapid.Generator[*ast.Condition] {
	known := slices.Collect(v.Catalog.Globals())
	if p, ok := v.Catalog.Permission(permission); ok {
		for _, c := range p.Conditions {
			known = append(known, c)
		}
	}
	slices.SortFunc(known, func(a, b catalog.Condition) int { return strings.Compare(a.Name, b.Name) })
	return rapid.Custom(func(t *rapid.T) *ast.Condition {
		c := rapid.SampledFrom(known).Draw(t, "known")
		op := rapid.SampledFrom(slices.Collect(c.Operators.All())).Draw(t, "operator")
		values := rapid.SliceOfN(v.value(c.Kind), 1, mostValues(op)).Draw(t, "values")
		return &ast.Condition{Name: c.Name, Operator: op, Values: values}
	})
}

func (v Vocabulary) permissions() []string {
	if len(v.Permissions) > 0 {
		return v.Permissions
	}
	var names []string
	for p := range v.Catalog.Permissions() {
		names = append(names, p.Name)
	}
	return names
}

func (v Vocabulary) value(kind catalog.Kind) *rapid.Generator[*ast.Value] {
	return rapid.Custom(func(t *rapid.T) *ast.Value {
		if kind.Timed() {
			return &ast.Value{Parts: []ast.Part{ast.Text{Text: Time(kind).Draw(t, "time")}}}
		}
		switch n := rapid.IntRange(0, 9).Draw(t, "form"); {
		case n == 0:
			return &ast.Value{Parts: []ast.Part{ast.Global{Name: rapid.SampledFrom(v.Catalog.Attributes()).Draw(t, "attribute")}}}
		case n < 3 && len(v.Parameters) > 0:
			return &ast.Value{Parts: []ast.Part{ast.BindParam{Name: rapid.SampledFrom(v.Parameters).Draw(t, "parameter")}}}
		}
		return &ast.Value{Parts: appendText(nil, v.text().Draw(t, "text"))}
	})
}

func (v Vocabulary) text() *rapid.Generator[string] {
	if len(v.Texts) > 0 {
		return rapid.SampledFrom(v.Texts)
	}
	return Text()
}

// Time draws the text of a timed value, near the first days of 2026 so that comparisons go both ways.
func Time(kind catalog.Kind) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		zone := rapid.SampledFrom([]string{"Z", "+00:00", "+01:00", "-08:00", "+05:45", "+14:00"}).Draw(t, "zone")
		at := time.Date(2026, 1, 1, 0, rapid.IntRange(0, 7*24*60).Draw(t, "minutes"), 0, 0, time.UTC)
		switch kind {
		case catalog.Date:
			return at.Format(time.DateOnly) + zone
		case catalog.DateTime:
			return at.Format("2006-01-02T15:04:05") + zone
		case catalog.TimeOfDay:
			return at.Format("15:04") + zone
		case catalog.WeekDay:
			return at.Weekday().String()
		default:
			panic(fmt.Sprintf("asttest: a %s is no time", kind))
		}
	})
}
