// Package regogentest draws statements and requests for tests that compare ways of deciding.
//
// Texts come from a short list drawn with the statements, so that requests meet the values of policies often enough for
// every outcome to be seen, and they are hostile: quotes, semicolons, patterns, several scripts.
package regogentest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/ast/asttest"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/refeval"
)

// Permissions are those that statements are about.
var Permissions = []string{"shop:orders:read", "shop:orders:write"}

// attribute is a name that conditions are drawn for.
type attribute struct {
	name string
	kind catalog.Kind
}

var attributes = []attribute{
	{"shop:region", catalog.Text}, {"shop:schema", catalog.Text}, {"shop:zone", catalog.Set}, {"shop:label", catalog.Set},
	{"shop:table", catalog.Record}, {"shop:context", catalog.Record}, {"shop:gone", catalog.Unsupported},
	{"global:userId", catalog.Text}, {"global:usernameDomain", catalog.Text}, {"global:environmentId", catalog.Text},
	{"global:userGroup", catalog.Set}, {"global:date", catalog.Date}, {"global:date-time", catalog.DateTime},
	{"global:time-of-day", catalog.TimeOfDay}, {"global:week-day", catalog.WeekDay},
}

// callers are the attributes that values may name.
var callers = []string{"userId", "userGroup", "levelId", "usernameDomain"}

// World is what one test case is about: statements and the texts they and their requests are made of.
type World struct {
	Statements []*bind.Statement
	texts      []string
}

// Draw draws up to eight statements.
func Draw(t *rapid.T) *World {
	w := &World{texts: rapid.SliceOfN(asttest.Text(), 3, 6).Draw(t, "texts")}
	for i := range rapid.IntRange(1, 8).Draw(t, "statements") {
		s := &bind.Statement{
			Effect:     asttest.Effect().Draw(t, "effect"),
			Permission: rapid.SampledFrom(Permissions).Draw(t, "permission"),
			Origin:     bind.Origin{PolicyID: "p", PolicyName: "policy", Index: i, Level: bind.Account, LevelID: "a"},
		}
		for range rapid.IntRange(0, 4).Draw(t, "conditions") {
			s.Conditions = append(s.Conditions, w.condition(t))
		}
		w.Statements = append(w.Statements, s)
	}
	return w
}

func (w *World) condition(t *rapid.T) bind.Condition {
	a := rapid.SampledFrom(attributes).Draw(t, "attribute")
	c := bind.Condition{Name: a.name, Kind: a.kind, Operator: rapid.SampledFrom(operators(a.kind)).Draw(t, "operator")}
	most := 1
	if c.Operator.List() {
		most = 6
	}
	for range rapid.IntRange(1, most).Draw(t, "values") {
		c.Operands = append(c.Operands, w.operand(t, a.kind))
	}
	return c
}

func operators(kind catalog.Kind) []ast.Operator {
	switch kind {
	case catalog.Date:
		return []ast.Operator{ast.Equal, ast.Less, ast.Greater}
	case catalog.DateTime, catalog.TimeOfDay:
		return []ast.Operator{ast.Less, ast.Greater}
	case catalog.WeekDay:
		return []ast.Operator{ast.Equal, ast.NotEqual, ast.In}
	}
	return []ast.Operator{ast.Equal, ast.NotEqual, ast.In, ast.NotIn, ast.StartsWith, ast.NotStartsWith, ast.Match}
}

func (w *World) operand(t *rapid.T, kind catalog.Kind) bind.Operand {
	if kind.Timed() {
		text := asttest.Time(kind).Draw(t, "time")
		moment, err := catalog.ParseMoment(kind, text)
		if err != nil {
			t.Fatal(err)
		}
		return bind.Operand{Parts: []ast.Part{ast.Text{Text: text}}, Moment: moment}
	}
	var o bind.Operand
	for range rapid.SampledFrom([]int{0, 1, 1, 1, 1, 1, 2, 3}).Draw(t, "parts") {
		if rapid.IntRange(0, 4).Draw(t, "part") == 0 {
			o.Parts = append(o.Parts, ast.Global{Name: rapid.SampledFrom(callers).Draw(t, "caller")})
			continue
		}
		text := rapid.SampledFrom(w.texts).Draw(t, "text")
		if rapid.Bool().Draw(t, "starred") {
			at := rapid.IntRange(0, len(text)).Draw(t, "at")
			text = strings.ToValidUTF8(text[:at], "") + "*" + strings.ToValidUTF8(text[at:], "")
		}
		if text != "" {
			o.Parts = append(o.Parts, ast.Text{Text: text})
		}
	}
	return o
}

// Facts draws a request: attributes that are unknown, empty, single or lists, and a time at or near a limit.
func (w *World) Facts(t *rapid.T) refeval.Facts {
	facts := refeval.Facts{Attributes: map[string]refeval.Attribute{}, Now: w.now(t)}
	for _, a := range attributes {
		if !a.kind.Timed() {
			w.fact(t, a.name, facts)
		}
	}
	w.fact(t, "global:levelId", facts)
	return facts
}

func (w *World) fact(t *rapid.T, name string, facts refeval.Facts) {
	var a refeval.Attribute
	switch shape := rapid.IntRange(0, 9).Draw(t, "shape of "+name); {
	case shape < 2:
		return
	case shape < 7:
		a.Values = []string{w.value(t)}
	default:
		a.List = shape > 7
		for range rapid.IntRange(0, 3).Draw(t, "members") {
			a.Values = append(a.Values, w.value(t))
		}
	}
	facts.Attributes[name] = a
}

// value is a text of the policy, a piece of one, two of them together, or anything.
func (w *World) value(t *rapid.T) string {
	text := rapid.SampledFrom(w.texts).Draw(t, "text")
	switch rapid.IntRange(0, 7).Draw(t, "form") {
	case 0:
		return text[:rapid.IntRange(0, len(text)).Draw(t, "until")]
	case 1:
		return text[rapid.IntRange(0, len(text)).Draw(t, "from"):]
	case 2:
		return text + rapid.SampledFrom(w.texts).Draw(t, "more")
	case 3:
		at := rapid.IntRange(0, len(text)).Draw(t, "at")
		return text[:at] + rapid.SampledFrom([]string{"x", "\n", "\x00", "\xff", "*", "é"}).Draw(t, "between") + text[at:]
	case 4:
		return rapid.String().Draw(t, "any")
	}
	return text
}

// now is a second at, before or after a limit of some condition, or any time of those days.
func (w *World) now(t *rapid.T) time.Time {
	at := time.Date(2026, 1, 1, 0, 0, rapid.IntRange(-24*3600, 8*24*3600).Draw(t, "seconds"), 0, time.UTC)
	var limits []time.Time
	for _, s := range w.Statements {
		for _, c := range s.Conditions {
			for _, o := range c.Operands {
				switch c.Kind {
				case catalog.Date:
					limits = append(limits, o.Moment.Time, o.Moment.Time.Add(24*time.Hour))
				case catalog.DateTime:
					limits = append(limits, o.Moment.Time)
				case catalog.TimeOfDay:
					limits = append(limits, at.Truncate(24*time.Hour).Add(o.Moment.Clock-o.Moment.Offset))
				}
			}
		}
	}
	if len(limits) > 0 && rapid.Bool().Draw(t, "near a limit") {
		at = rapid.SampledFrom(limits).Draw(t, "limit").Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "off")) * time.Second)
	}
	return at.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 1, 999_999_999}).Draw(t, "nanoseconds")))
}

// Describe prints statements and a request for a failing test.
func Describe(statements []*bind.Statement, permission string, facts refeval.Facts) string {
	var b strings.Builder
	for i, s := range statements {
		fmt.Fprintf(&b, "%d: %s\n", i, s)
	}
	fmt.Fprintf(&b, "asked: %s at %s\n", permission, facts.Now.Format(time.RFC3339Nano))
	var names []string
	for name := range facts.Attributes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		a := facts.Attributes[name]
		fmt.Fprintf(&b, "%s: %+q list=%t\n", name, a.Values, a.List)
	}
	return b.String()
}
