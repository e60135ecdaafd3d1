package audit_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/audit"
)

// token is a thing as callers of Patch show it.
type token struct {
	Name    string   `json:"name"`
	Scopes  []string `json:"scopes"`
	Expires string   `json:"expires,omitempty"`
	Enabled bool     `json:"enabled"`
}

func TestPatch(t *testing.T) {
	before := token{Name: "ci", Scopes: []string{"a"}, Enabled: true}
	for name, test := range map[string]struct {
		before, after any
		want          string
	}{
		"nothing":         {before, before, ""},
		"not there":       {nil, nil, ""},
		"one member":      {before, token{Name: "ci", Scopes: []string{"a"}}, `[{"op":"replace","path":"/enabled","oldValue":true,"value":false}]`},
		"by name":         {before, token{Name: "cd", Enabled: true}, `[{"op":"replace","path":"/name","oldValue":"ci","value":"cd"},{"op":"replace","path":"/scopes","oldValue":["a"],"value":null}]`},
		"added":           {before, token{Name: "ci", Scopes: []string{"a"}, Enabled: true, Expires: "x"}, `[{"op":"add","path":"/expires","value":"x"}]`},
		"removed":         {token{Expires: "x"}, token{}, `[{"op":"remove","path":"/expires","oldValue":"x"}]`},
		"creation":        {nil, map[string]any{"on": true}, `[{"op":"add","path":"/on","value":true}]`},
		"deletion":        {map[string]any{"on": true}, nil, `[{"op":"remove","path":"/on","oldValue":true}]`},
		"pointer":         {nil, map[string]any{"a/b~c~1": 1}, `[{"op":"add","path":"/a~1b~0c~01","value":1}]`},
		"null is a value": {map[string]any{"a": nil}, map[string]any{}, `[{"op":"remove","path":"/a","oldValue":null}]`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := audit.Patch(test.before, test.after)
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestPatchOfNoObject(t *testing.T) {
	for _, thing := range []any{[]int{1}, "text", 7, func() {}} {
		if got, err := audit.Patch(nil, thing); err == nil {
			t.Errorf("%T: %s", thing, got)
		}
		if got, err := audit.Patch(thing, nil); err == nil {
			t.Errorf("%T: %s", thing, got)
		}
	}
}

// TestPatchMakesAfterOfBefore: the operations, applied one after the other, turn one into the other, and each says
// truthfully what was there before it.
func TestPatchMakesAfterOfBefore(t *testing.T) {
	value := rapid.OneOf(
		rapid.Just[any](nil), rapid.Just[any](true), rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.SliceOfN(rapid.Float64(), 0, 2), func(s []float64) any { return s }),
		rapid.Map(rapid.MapOfN(rapid.String(), rapid.Bool(), 0, 2), func(m map[string]bool) any { return m }),
	)
	name := rapid.OneOf(rapid.SampledFrom([]string{"a", "b", "", "~", "/", "~1", "a/b"}), rapid.String())
	thing := rapid.MapOfN(name, value, 0, 6)
	rapid.Check(t, func(t *rapid.T) {
		before, after := thing.Draw(t, "before"), thing.Draw(t, "after")
		patch, err := audit.Patch(before, after)
		if err != nil {
			t.Fatal(err)
		}
		got := apply(t, plain(t, before), patch)
		if diff := cmp.Diff(plain(t, after), got); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", patch, diff)
		}
		if (patch == "") != cmp.Equal(plain(t, before), plain(t, after)) {
			t.Fatalf("patch %q", patch)
		}
	})
}

// plain is a thing as it comes back from JSON, and never nil.
func plain(t *rapid.T, thing map[string]any) map[string]any {
	text, err := json.Marshal(thing)
	back := map[string]any{}
	if err == nil {
		err = json.Unmarshal(text, &back)
	}
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// apply is RFC 6902 for the top-level members of an object, in the order of the operations.
func apply(t *rapid.T, to map[string]any, patch string) map[string]any {
	if patch == "" {
		return to
	}
	var operations []map[string]any
	if err := json.Unmarshal([]byte(patch), &operations); err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, o := range operations {
		path, _ := o["path"].(string)
		name := strings.NewReplacer("~0", "~", "~1", "/").Replace(strings.TrimPrefix(path, "/"))
		order = append(order, name)
		old, had := to[name]
		oldValue, says := o["oldValue"]
		if had != says || !cmp.Equal(old, oldValue) || had != (o["op"] != "add") {
			t.Fatalf("%v on %v", o, to)
		}
		if o["op"] == "remove" {
			delete(to, name)
		} else {
			to[name] = o["value"]
		}
	}
	if !slices.IsSorted(order) {
		t.Fatalf("not in order: %s", patch)
	}
	return to
}
