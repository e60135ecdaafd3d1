package attribute

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func mustCompile(t testing.TB, rule *Rule, params ...string) *Plan {
	t.Helper()
	plan, err := Compile(rule, params)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// listing is the rule of a listing by two lists.
func listing(permissions ...string) *Rule {
	return &Rule{Permissions: permissions, Attributes: []Binding{
		{Name: "a:x", Source: Source{Kind: FromQuery, Name: "x", Split: ","}},
		{Name: "a:y", Source: Source{Kind: FromQuery, Name: "y", Split: ","}},
	}}
}

func numbers(name string, n int) string {
	var b strings.Builder
	b.WriteString(name + "=0")
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, ",%d", i)
	}
	return b.String()
}

// TestQuestionsAreBounded: a short query stands for the product of its lists, so the product is what is bounded.
func TestQuestionsAreBounded(t *testing.T) {
	tests := []struct {
		query       string
		permissions int
		want        int // 0: refused
	}{
		{numbers("x", 1000), 1, 1000},
		{numbers("x", 1001), 1, 0},
		{numbers("x", 20) + "&" + numbers("y", 50), 1, 1000},
		{numbers("x", 20) + "&" + numbers("y", 51), 1, 0},
		{numbers("x", 500), 2, 1000},
		{numbers("x", 501), 2, 0},
		{strings.Repeat("x=1&", 1001), 1, 0},
		{"x=" + strings.Repeat(",", 100_000), 1, 0},
	}
	for _, test := range tests {
		plan := mustCompile(t, listing([]string{"a:b:c", "a:b:d"}[:test.permissions]...))
		questions, err := plan.Questions(fixed{query: test.query})
		if len(questions) != test.want || (test.want == 0) != errors.Is(err, errTooMany) {
			t.Errorf("%.30s…, %d permissions: %d questions and %v, want %d", test.query, test.permissions, len(questions), err, test.want)
		}
	}
}

// TestQuestionsCross compares with the plainest crossing of two lists, and with every value written in another way.
func TestQuestionsCross(t *testing.T) {
	plan := mustCompile(t, listing("a:b:c"))
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z&=%+;#é]{1,4}`), 0, 6, rapid.ID)
		xs, ys := list.Draw(t, "xs"), list.Draw(t, "ys")
		var pieces []string
		for _, x := range xs {
			pieces = append(pieces, "x="+escapeSome(t, x))
		}
		for _, y := range ys {
			pieces = append(pieces, "y="+escapeSome(t, y))
		}
		questions, err := plan.Questions(fixed{query: strings.Join(rapid.Permutation(pieces).Draw(t, "order"), "&")})
		if err != nil {
			t.Fatal(err)
		}
		var got, want []string
		for _, q := range questions {
			got = append(got, fmt.Sprint(q.Attributes[0].Values, q.Attributes[1].Values))
		}
		for _, x := range atLeastOne(xs) {
			for _, y := range atLeastOne(ys) {
				want = append(want, fmt.Sprint(x, y))
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", pieces, diff)
		}
	})
}

func atLeastOne(list []string) [][]string {
	if len(list) == 0 {
		return [][]string{nil}
	}
	var each [][]string
	for _, text := range list {
		each = append(each, []string{text})
	}
	return each
}

// escapeSome escapes what has to be, and of the rest what the draw says.
func escapeSome(t *rapid.T, text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if strings.IndexByte("&=%+;#", c) >= 0 || c >= 0x80 || rapid.Bool().Draw(t, "escape") {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// TestBodyFaults: what the gate reports about the body is passed on, and is never a reason to ask nothing.
func TestBodyFaults(t *testing.T) {
	plan := mustCompile(t, &Rule{Permissions: []string{"a:b:c"}, MaxBody: 3, Attributes: []Binding{
		{Name: "a:x", Source: Source{Kind: FromBody, Name: "/x"}}}})
	own := &Error{Kind: Unsupported, Public: "no"}
	for _, test := range []struct {
		in   fixed
		want ErrorKind
	}{
		{fixed{err: own}, Unsupported}, {fixed{err: io.ErrUnexpectedEOF}, Truncated}, {fixed{body: []byte("[  ]")}, TooLarge}, {fixed{}, Truncated},
	} {
		questions, err := plan.Questions(test.in)
		refused, ok := errors.AsType[*Error](err)
		if !ok || refused.Kind != test.want || questions != nil {
			t.Errorf("got %v and %v, want kind %d", questions, err, test.want)
		}
	}
}

// TestBodyIsLeftAlone: a plan without body sources never asks for it, so that what streams goes on streaming.
func TestBodyIsLeftAlone(t *testing.T) {
	plan := mustCompile(t, listing("a:b:c"))
	if questions, err := plan.Questions(fixed{query: "x=1", err: errors.New("read")}); err != nil || len(questions) != 1 {
		t.Errorf("got %v and %v", questions, err)
	}
}

// TestPathThatIsMangled: a parameter that cannot be unescaped is not known.
func TestPathThatIsMangled(t *testing.T) {
	rule := &Rule{Permissions: []string{"a:b:c"}, Attributes: []Binding{{Name: "a:x", Source: Source{Kind: FromFirst, Sources: []Source{
		{Kind: FromPath, Name: "id"}, {Kind: FromQuery, Name: "id"}}}}}}
	questions, err := mustCompile(t, rule, "id").Questions(fixed{query: "id=1"})
	want := []Question{{"a:b:c", []Attribute{{Name: "a:x"}}}}
	if diff := cmp.Diff(want, questions); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestAllocations holds the budget of the hot path: a request decided by its query costs the questions, their
// attributes and their texts, and nothing for reading.
func TestAllocations(t *testing.T) {
	plan := mustCompile(t, listing("a:b:c"))
	var in Input = fixed{query: "x=builtin:alerting.profile&pageSize=500"}
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := plan.Questions(in); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 3 {
		t.Errorf("%v allocations, want at most 3", allocs)
	}
}

func BenchmarkQuestions(b *testing.B) {
	objects := &Rule{Permissions: []string{"a:b:c"}, Attributes: []Binding{
		{Name: "a:x", Source: Source{Kind: FromBody, Name: "/*/schemaId"}}, {Name: "a:y", Source: Source{Kind: FromBody, Name: "/*/scope"}}}}
	byID := &Rule{Permissions: []string{"a:b:c"}, Attributes: []Binding{
		{Name: "a:x", Source: Source{Kind: FromPath, Name: "id", Decode: "settings-object-id", Field: "schemaId"}},
		{Name: "a:y", Source: Source{Kind: FromPath, Name: "id", Decode: "settings-object-id", Field: "scope"}}}}
	object := `{"schemaId":"builtin:alerting.profile","scope":"environment","value":{"name":"x","rules":[1,2,3],"enabled":true}}`
	for _, bench := range []struct {
		name string
		rule *Rule
		in   Input
	}{
		{"query", listing("a:b:c"), fixed{query: "x=builtin:alerting.profile&pageSize=500"}},
		{"object id", byID, fixed{param: ofEnvironment.text(settingsMagic)}},
		{"body of 100", objects, fixed{body: []byte("[" + strings.Repeat(object+",", 99) + object + "]")}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			plan := mustCompile(b, bench.rule, "id")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := plan.Questions(bench.in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestQueryPermissions: a permission that the rule asks for anyway is asked once.
func TestQueryPermissions(t *testing.T) {
	plan := mustCompile(t, &Rule{Permissions: []string{"a:b:read"}, QueryPermissions: []QueryPermission{
		{"admin", "a:b:admin"}, {"again", "a:b:read"}, {"super", "a:b:admin"}}})
	questions, err := plan.Questions(fixed{query: "again=1&super=true&admin"})
	want := []Question{{"a:b:read", []Attribute{}}, {"a:b:admin", []Attribute{}}}
	if diff := cmp.Diff(want, questions); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
