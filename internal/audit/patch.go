package audit

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// operation is one of RFC 6902, with the value before, which the RFC has no member for.
type operation struct {
	Op       string          `json:"op"`
	Path     string          `json:"path"`
	OldValue json.RawMessage `json:"oldValue,omitempty"`
	Value    json.RawMessage `json:"value,omitempty"`
}

// pointer escapes a member's name for a JSON pointer (RFC 6901 section 3).
var pointer = strings.NewReplacer("~", "~0", "/", "~1")

// Patch says what makes after of before, as RFC 6902 operations on their top-level members, in the order of their names;
// each operation carries the "oldValue" as well. Both are structs or maps that JSON can write; nil is a thing that is not
// there. The result is "" where nothing differs.
func Patch(before, after any) (string, error) {
	was, err := members(before)
	if err != nil {
		return "", err
	}
	is, err := members(after)
	if err != nil {
		return "", err
	}
	var operations []operation
	for _, name := range slices.Sorted(maps.Keys(joined(was, is))) {
		old, had := was[name]
		value, has := is[name]
		o := operation{Op: "replace", Path: "/" + pointer.Replace(name), OldValue: old, Value: value}
		switch {
		case had && has && bytes.Equal(old, value):
			continue
		case !had:
			o.Op = "add"
		case !has:
			o.Op = "remove"
		}
		operations = append(operations, o)
	}
	if len(operations) == 0 {
		return "", nil
	}
	text, err := json.Marshal(operations)
	return string(text), err
}

func members(of any) (map[string]json.RawMessage, error) {
	text, err := json.Marshal(of)
	if err != nil {
		return nil, err
	}
	var m map[string]json.RawMessage
	err = json.Unmarshal(text, &m)
	return m, err
}

func joined(a, b map[string]json.RawMessage) map[string]json.RawMessage {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]json.RawMessage{}
	}
	maps.Copy(all, b)
	return all
}
