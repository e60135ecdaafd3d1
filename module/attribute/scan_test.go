package attribute

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// pointers is a tree for the given pointers, in their order.
func pointers(t testing.TB, all ...string) *node {
	t.Helper()
	root := newNode()
	for i, pointer := range all {
		pointer, list := strings.CutPrefix(pointer, "list ")
		steps, err := parsePointer(pointer, list)
		if err != nil {
			t.Fatal(err)
		}
		root.add(steps, i, list)
	}
	return root
}

// TestScanValues reads one value at /v.
func TestScanValues(t *testing.T) {
	doubt := value{state: unreadable}
	tests := []struct {
		json string
		want value
	}{
		{`"a"`, value{state: known, text: "a"}},
		{`"\"\\\/\u00e9\ud83d\ude00"`, value{state: known, text: `"\/é😀`}},
		{`"a\nb"`, doubt},
		{`"\u0000"`, doubt},
		{`""`, doubt},
		{`"a "`, doubt},
		{`"\u00a0a"`, doubt}, // a blank that only some trim
		{`"` + strings.Repeat("a", maxText) + `"`, value{state: known, text: strings.Repeat("a", maxText)}},
		{`"` + strings.Repeat("a", maxText+1) + `"`, doubt},
		{`true`, value{state: known, text: "true"}},
		{`false`, value{state: known, text: "false"}},
		{`null`, value{}},
		{`0`, value{state: known, text: "0"}},
		{`-12`, value{state: known, text: "-12"}},
		{`-0`, doubt},
		{`1.0`, doubt},
		{`1e2`, doubt},
		{`9007199254740993`, doubt}, // a float64 rounds it
		{`{"a":1}`, doubt},
		{`["a"]`, doubt},
	}
	for _, test := range tests {
		f, err := scan([]byte(`{"v":`+test.json+`}`), pointers(t, "/v"))
		if err != nil {
			t.Errorf("%.40s: %v", test.json, err)
			continue
		}
		if diff := cmp.Diff(test.want, f.members[0].value, cmp.AllowUnexported(value{})); diff != "" {
			t.Errorf("%.40s (-want +got):\n%s", test.json, diff)
		}
	}
}

// TestScanTruncated cuts a text at every byte. No beginning may pass for the whole, or a body that broke off would be
// decided by what arrived.
func TestScanTruncated(t *testing.T) {
	whole := `[{"a\u00e9\ud83d\ude00":"b","c":[true,false,null,-1.5e+3,{}]},"\n"]`
	root := pointers(t, "/*/c/*")
	if _, err := scan([]byte(whole), root); err != nil {
		t.Fatal(err)
	}
	for i := range len(whole) {
		_, err := scan([]byte(whole[:i]), root)
		refused, ok := errors.AsType[*Error](err)
		if !ok || refused.Kind != Truncated {
			t.Errorf("%q: got %v, want that it is truncated", whole[:i], err)
		}
	}
}

// TestScanUTF8: bytes that are no text are refused wherever they stand. Parsers replace them, each in its own way, so
// that two keys may become one for the upstream and stay two for us.
func TestScanUTF8(t *testing.T) {
	for _, text := range []string{"{\"a\":\"\xff\"}", "{\"\xc0\xaf\":1}", "[\"\xed\xa0\x80\"]", "\"\x80"} {
		_, err := scan([]byte(text), nil)
		if refused, ok := errors.AsType[*Error](err); !ok || refused.Kind != Malformed {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

// TestScanManyKeys passes the step from few keys to a set of them.
func TestScanManyKeys(t *testing.T) {
	for n := 1; n < 30; n++ {
		var keys []string
		for i := range n {
			keys = append(keys, fmt.Sprintf(`"k%d":%d`, i, i))
		}
		if _, err := scan([]byte("{"+strings.Join(keys, ",")+"}"), nil); err != nil {
			t.Errorf("%d different keys: %v", n, err)
		}
		for i := range n {
			if _, err := scan([]byte("{"+strings.Join(append(keys, keys[i]), ",")+"}"), nil); err == nil {
				t.Errorf("%d keys, and key %d once more: accepted", n, i)
			}
		}
	}
}

// TestScanIsBounded: the number of places that are remembered does not grow with the body.
func TestScanIsBounded(t *testing.T) {
	many := "[" + strings.Repeat("0,", maxFound) + "0]"
	if _, err := scan([]byte(many), pointers(t, "list /*")); !errors.Is(err, errTooMany) {
		t.Errorf("got %v, want %v", err, errTooMany)
	}
	if _, err := scan([]byte(many), pointers(t, "/other")); err != nil {
		t.Errorf("where no pointer goes: %v", err)
	}
}

// FuzzScan: no text makes the scanner panic; what it accepts, encoding/json accepts too, and it finds the same there. An
// attacker looks for the one text that we and the upstream understand differently.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		`[{"schemaId":"a","scope":"b","tags":["x","y"]}]`, `{"schemaId":"a"}`, `[[{"schemaId":1}]]`, `"\ud83d\ude00"`,
		`[{"schemaId":null,"tags":[]},{"schemaId":"\u0061","tags":"x"}]`, `1e999`, `[1,]`, `{"a":1,"a":2}`, ` `, `-`, `truer`,
		`[{"tags":[true,-0,12]}]`, "\ufeff[]", "\x00", `{"scope":"` + "\xff" + `"}`, `{"SCHEMAID":1}`,
	} {
		f.Add([]byte(seed))
	}
	all := []string{"/*/schemaId", "/schemaId", "/*/scope/x", "list /*/tags/*"}
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := scan(data, pointers(t, all...))
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		decoder := json.NewDecoder(strings.NewReader(string(data)))
		decoder.UseNumber()
		var document any
		if err := decoder.Decode(&document); err != nil || !json.Valid(data) {
			t.Fatalf("accepted %q, which encoding/json refuses: %v", data, err)
		}
		rows, err := join(pointers(t, all...), found, len(all))
		if err != nil {
			return
		}
		if want := plainRows(document); !slices.EqualFunc(rows, want, func(a, b row) bool { return slices.EqualFunc(a, b, sameReading) }) {
			t.Errorf("%q: rows\n%v, want\n%v", data, rows, want)
		}
	})
}

func sameReading(a, b value) bool { return a.state == b.state && a.same(b) }

// plainRows finds the values of FuzzScan's pointers in the plainest way, in what encoding/json made of the text.
func plainRows(document any) []row {
	at := func(v any, key string) value {
		object, _ := v.(map[string]any)
		return plainValue(object[key])
	}
	blank := make(row, 4)
	blank[1] = at(document, "schemaId")
	items, _ := document.([]any)
	if len(items) == 0 {
		return []row{blank}
	}
	var rows []row
	for _, item := range items {
		r := slices.Clone(blank)
		r[0] = at(item, "schemaId")
		object, _ := item.(map[string]any)
		r[2] = at(object["scope"], "x")
		r[3] = plainList(object["tags"])
		rows = append(rows, r)
	}
	return rows
}

func plainValue(v any) value {
	switch v := v.(type) {
	case nil:
		return value{}
	case string:
		return textValue(v)
	case bool:
		return value{state: known, text: fmt.Sprint(v)}
	case json.Number:
		if n, err := v.Int64(); err == nil && v != "-0" && math.Abs(float64(n)) < 1e15 && len(v) <= 15 {
			return value{state: known, text: fmt.Sprint(n)}
		}
	}
	return value{state: unreadable}
}

func plainList(v any) value {
	elements, isList := v.([]any)
	if v == nil {
		return value{}
	}
	list := value{state: known}
	for _, element := range elements {
		one := plainValue(element)
		if one.state != known {
			return value{state: unreadable}
		}
		list.list = append(list.list, one.text)
	}
	if !isList || len(elements) == 0 {
		return value{state: unreadable}
	}
	return list
}

// TestItemsStayWhole: a body of several objects asks for each object's own schema and scope. Attack: a user who may
// write schema a in scope x and schema b in scope y sends a in y. A crossing of the two lists would not tell the
// difference. Invariant: the pairs that are asked are exactly the pairs of the body.
func TestItemsStayWhole(t *testing.T) {
	type item struct {
		SchemaID string `json:"schemaId,omitempty"`
		Scope    string `json:"scope,omitempty"`
	}
	rule := &Rule{Permissions: []string{"settings:objects:write"}, Attributes: []Binding{
		{Name: "settings:schemaId", Source: Source{Kind: FromBody, Name: "/items/*/schemaId"}},
		{Name: "settings:scope", Source: Source{Kind: FromBody, Name: "/items/*/scope"}},
	}}
	plan, err := Compile(rule, nil)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"", "a", "b", "c"})
		items := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) item {
			return item{name.Draw(t, "schema"), name.Draw(t, "scope")}
		}), 1, 20).Draw(t, "items")
		body, err := json.Marshal(map[string]any{"items": items})
		if err != nil {
			t.Fatal(err)
		}
		questions, err := plan.Questions(fixed{body: body})
		if err != nil {
			t.Fatal(err)
		}
		got, want := map[item]bool{}, map[item]bool{}
		for _, q := range questions {
			got[item{strings.Join(q.Attributes[0].Values, "+"), strings.Join(q.Attributes[1].Values, "+")}] = true
		}
		for _, i := range items {
			want[i] = true
		}
		if diff := cmp.Diff(want, got); diff != "" || len(questions) != len(want) {
			t.Errorf("pairs of %s (-want +got):\n%s", body, diff)
		}
	})
}

// fixed is a request of fixed parts.
type fixed struct {
	query, param string
	body         []byte
	err          error
}

func (f fixed) Param(string) (string, bool) { return f.param, f.param != "" }
func (f fixed) RawQuery() string            { return f.query }
func (f fixed) Header(string) []string      { return nil }
func (f fixed) Claim(string) []string       { return nil }
func (f fixed) Body(int64) ([]byte, error)  { return f.body, f.err }
