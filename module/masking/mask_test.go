package masking_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/module/masking"
)

func TestJSON_golden(t *testing.T) {
	files, err := filepath.Glob("testdata/mask/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			part := map[string]string{}
			for _, f := range archive.Files {
				part[f.Name] = string(f.Data)
			}
			var got bytes.Buffer
			if err := compile(t, strings.Fields(part["shown"])...).JSON(&got, []byte(part["in.json"])); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimSuffix(part["want.json"], "\n"), got.String()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestJSON_scalarsAndBounds(t *testing.T) {
	plan := compile(t, "/**")
	nothing := compile(t)
	object := func(names int) string { // each with more names than are compared one by one
		var members []string
		for i := range names {
			members = append(members, fmt.Sprintf(`"%d":%d`, i, i))
		}
		return "{" + strings.Join(members, ",") + "}"
	}
	alike := "[" + strings.Join([]string{object(10), object(200), object(3), object(10), object(9)}, ",") + "]"
	arrays := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, c := range []struct {
		plan     *masking.Plan
		in, want string
	}{
		{nothing, `"a"`, `"*****"`},
		{nothing, `-0.5E+10`, `"*****"`},
		{nothing, ` true `, `"*****"`},
		{nothing, `null`, `null`},
		{nothing, `{ }`, `{}`},
		{nothing, "[\t\r\n]", `[]`},
		{plan, `"a"`, `"*****"`}, // the root is not below the root
		{plan, `{"a":"\ud83d\ude00\/\\\""}`, `{"a":"\ud83d\ude00\/\\\""}`},
		{plan, arrays(64), arrays(64)},
		{plan, alike, alike},
	} {
		var got bytes.Buffer
		if err := c.plan.JSON(&got, []byte(c.in)); err != nil || got.String() != c.want {
			t.Errorf("%s: got %s, %v; want %s", c.in, &got, err, c.want)
		}
	}
}

// Attack: an upstream, or whoever writes what it stores, sends a document that two parsers read in two ways, so that one
// reading is masked and the other one seen; or one that ends before its reader has. Fix: whatever is not beyond doubt is
// refused, also where it would not be shown. Invariant: then nothing at all is written, and the error says nothing of what
// the document holds.
func TestJSON_refusesWhatIsInDoubt(t *testing.T) {
	for name, body := range map[string]string{
		"empty":                      ``,
		"blank":                      `  `,
		"not JSON":                   `<secret/>`,
		"two documents":              `{"a":1}{"a":"secret"}`,
		"trailing comma":             `{"a":"secret",}`,
		"leading comma":              `[,"secret"]`,
		"missing comma":              `["secret" 1]`,
		"missing colon":              `{"a" "secret"}`,
		"bare name":                  `{a:"secret"}`,
		"single quotes":              `{'a':"secret"}`,
		"comment":                    `{"a":"secret"/**/}`,
		"byte order mark":            "\ufeff" + `{"a":"secret"}`,
		"invalid UTF-8":              `{"a":"secret` + "\xff" + `"}`,
		"overlong UTF-8":             `{"a":"secret` + "\xc0\xaf" + `"}`,
		"NUL":                        `{"a":"secret"}` + "\x00",
		"repeated name":              `{"a":1,"a":"secret"}`,
		"repeated name in the mask":  `{"hidden":{"b":"secret","b":1}}`,
		"repeated name, escaped":     `{"a":1,"\u0061":"secret"}`,
		"repeated name among many":   `{"0":0,"1":0,"2":0,"3":0,"4":0,"5":0,"6":0,"7":0,"8":0,"9":0,"3":"secret"}`,
		"repeated name, last ones":   `{"0":0,"1":0,"2":0,"3":0,"4":0,"5":0,"6":0,"7":0,"8":0,"9":0,"9":"secret"}`,
		"half a surrogate":           `{"a":"secret\ud800"}`,
		"two first halves":           `{"a":"secret\ud800\ud800"}`,
		"half a surrogate as a name": `{"\udc00":"secret"}`,
		"unknown escape":             `{"a":"secret\x41"}`,
		"short escape":               `{"a":"secret\u00"}`,
		"signed escape":              `{"a":"secret\u+041"}`,
		"control character":          "{\"a\":\"secret\n\"}",
		"cut off in a string":        `{"a":"secret`,
		"cut off in an escape":       `{"a":"secret\`,
		"cut off in an object":       `{"a":"secret"`,
		"cut off in an array":        `["secret",`,
		"cut off in a word":          `{"a":"secret","b":tru`,
		"closed by the other":        `["secret"}`,
		"leading zero":               `{"secret":01}`,
		"plus sign":                  `{"secret":+1}`,
		"bare point":                 `{"secret":1.}`,
		"bare exponent":              `{"secret":1e}`,
		"hexadecimal":                `{"secret":0x10}`,
		"NaN":                        `{"secret":NaN}`,
		"word in capitals":           `{"secret":TRUE}`,
		"too deep":                   strings.Repeat("[", 65) + strings.Repeat("]", 65),
		"too deep in the mask":       `{"hidden":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`,
		"very deep":                  strings.Repeat(`{"a":`, 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			for _, plan := range []*masking.Plan{compile(t, "/**"), compile(t, "/a"), compile(t)} {
				var got bytes.Buffer
				err := plan.JSON(&got, []byte(body))
				if !errors.Is(err, masking.ErrUnmaskable) || strings.Contains(err.Error(), "secret") || got.Len() > 0 {
					t.Errorf("got %q, %v", &got, err)
				}
			}
		})
	}
}

func TestJSON_returnsTheErrorOfItsWriter(t *testing.T) {
	broken := errors.New("broken")
	err := compile(t).JSON(writerFunc(func([]byte) (int, error) { return 0, broken }), []byte(`1`))
	if !errors.Is(err, broken) || errors.Is(err, masking.ErrUnmaskable) {
		t.Errorf("got %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// mustMask compares one document with the oracle. It reports whether the document could be masked.
func mustMask(t rapid.TB, shown []string, body []byte) (output string, ok bool) {
	t.Helper()
	plan, err := masking.Compile(shown)
	if err != nil {
		return "", false
	}
	var got bytes.Buffer
	if err := plan.JSON(&got, body); err != nil {
		if !errors.Is(err, masking.ErrUnmaskable) || got.Len() > 0 {
			t.Fatalf("got %q, %v", &got, err)
		}
		return "", false
	}
	in, err := readTree(body)
	if err != nil {
		t.Fatalf("%q was masked, and is not JSON: %v", body, err)
	}
	out, err := readTree(got.Bytes())
	if err != nil {
		t.Fatalf("%q became %q, which is not JSON: %v", body, &got, err)
	}
	want := newOracle(shown).mask(in, nil)
	if diff := cmp.Diff(want, out, cmp.AllowUnexported(tree{})); diff != "" {
		t.Fatalf("%q shown %q became %q (-want +got)\n%s", body, shown, &got, diff)
	}
	var again bytes.Buffer
	if err := plan.JSON(&again, got.Bytes()); err != nil || again.String() != got.String() {
		t.Fatalf("masked twice, %q became %q, %v", &got, &again, err)
	}
	return got.String(), true
}

// Invariant: of any document, what no pointer shows is not in the output, and what a pointer shows is there unchanged; the
// output is JSON of the same shape as far as that is shown, and masking it again changes nothing.
func FuzzJSON(f *testing.F) {
	f.Add("/a\n/b/*/c\n/d/**", []byte(`{"a":1,"b":[{"c":"x","e":"y"}],"d":{"f":{"g":null}},"h":2}`))
	f.Add("/*/0\n/1/-", []byte(`[[1,2],{"0":3,"00":4}]`))
	f.Add("/**", []byte(`{"\u0061":"\ud83d\ude00","a":1}`))
	f.Add("/-/a\n/*/-/-", []byte(`{"-":{"a":1,"-":[1]}}`))
	f.Add("/a~1b/~01", []byte(`{"a/b":{"~1":true,"/":false}}`))
	f.Add("", []byte("[1,2]"))
	f.Fuzz(func(t *testing.T, shown string, body []byte) {
		var pointers []string
		if shown != "" {
			pointers = strings.Split(shown, "\n")
		}
		mustMask(t, pointers, body)
	})
}

// leaf is a text of a document that occurs nowhere else in it.
type leaf struct {
	text string
	path []string
	name bool // of a member; else a value
}

// document draws JSON in which every name and scalar can be told from every other.
func document(t *rapid.T, path []string, leaves *[]leaf) string {
	kind := rapid.SampledFrom([]string{"object", "array", "text", "number"}).Draw(t, "kind")
	if len(path) == 4 {
		kind = "text"
	}
	unique := fmt.Sprintf("9%d9", 1000+len(*leaves))
	switch kind {
	case "text":
		*leaves = append(*leaves, leaf{unique, path, false})
		return `"` + unique + `"`
	case "number":
		*leaves = append(*leaves, leaf{unique, path, false})
		return unique
	}
	var parts []string
	for i := range rapid.IntRange(0, 12).Draw(t, "size") {
		name, label := fmt.Sprint(i), ""
		if kind == "object" {
			// Some names are those that pointers give, and some nobody can foresee.
			if name = rapid.SampledFrom([]string{"a", "b", "c", "0", ""}).Draw(t, "name"); name == "" {
				name = fmt.Sprintf("8%d8", 1000+len(*leaves))
				*leaves = append(*leaves, leaf{name, append(path[:len(path):len(path)], name), true})
			} else if i > 0 {
				continue
			}
			label = `"` + name + `":`
		}
		parts = append(parts, label+document(t, append(path[:len(path):len(path)], name), leaves))
	}
	if kind == "object" {
		return "{" + strings.Join(parts, ",") + "}"
	}
	return "[" + strings.Join(parts, ",") + "]"
}

// Invariant: a text is in the output only if a pointer shows its very place, and every container around it is one that a
// pointer goes into. This looks at bytes alone and needs no parser.
func TestJSON_showsNothingElse(t *testing.T) {
	shownOnce := false
	rapid.Check(t, func(t *rapid.T) {
		step := rapid.SampledFrom([]string{"a", "b", "c", "*", "0", "1"})
		var shown []string
		for range rapid.IntRange(0, 4).Draw(t, "pointers") {
			pointer := "/" + strings.Join(rapid.SliceOfN(step, 1, 4).Draw(t, "steps"), "/")
			shown = append(shown, pointer+rapid.SampledFrom([]string{"", "", "/**", "/-"}).Draw(t, "end"))
		}
		var leaves []leaf
		body := document(t, nil, &leaves)
		output, ok := mustMask(t, shown, []byte(body))
		if !ok {
			t.Fatalf("%s was refused", body)
		}
		pointers := newOracle(shown)
		for _, l := range leaves {
			want := pointers.showsScalar(l.path)
			if l.name {
				want = pointers.showsName(l.path)
			}
			if got := strings.Contains(output, l.text); got != want {
				t.Errorf("%s shown %q became %s: %s is shown: %t, want %t", body, shown, output, l.text, got, want)
			}
			shownOnce = shownOnce || want
		}
	})
	if !shownOnce {
		t.Error("no document had anything to show")
	}
}
