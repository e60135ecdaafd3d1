package endpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"unicode/utf8"
)

// parseJSON reads one document. It goes by tokens because only they know their place in the file.
func parseJSON(data []byte) (*value, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not valid UTF-8")
	}
	r := jsonReader{decoder: json.NewDecoder(bytes.NewReader(data))}
	for i, c := range data {
		if c == '\n' {
			r.breaks = append(r.breaks, i)
		}
	}
	// The whole text is checked first: the walk over the tokens may then trust its grammar, and nothing can follow it.
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		syntax, ok := errors.AsType[*json.SyntaxError](err)
		if !ok {
			return nil, err
		}
		return nil, failAt(r.lineAt(syntax.Offset-1), "%s", syntax.Error())
	}
	r.decoder.UseNumber() // a number is an error everywhere in a catalogue, but 1e999 should be that one
	return r.value(0)
}

// jsonReader walks over the tokens of a text that is known to be well formed.
type jsonReader struct {
	decoder *json.Decoder
	breaks  []int // offsets of the line breaks
}

// lineAt is the line of a byte offset.
func (r *jsonReader) lineAt(offset int64) int {
	before, _ := slices.BinarySearch(r.breaks, int(offset))
	return before + 1
}

// next is the next token with its line. No token spans lines, so the line of its end is that of its beginning.
func (r *jsonReader) next() (json.Token, int, error) {
	token, err := r.decoder.Token()
	return token, r.lineAt(r.decoder.InputOffset() - 1), err
}

// value reads one value and what is in it. The depth is checked before anything is opened.
func (r *jsonReader) value(depth int) (*value, error) {
	token, line, err := r.next()
	if err != nil {
		return nil, err
	}
	if depth > maxNesting {
		return nil, failAt(line, "nested more than %d deep", maxNesting)
	}
	v := &value{line: line}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			v.kind = aMapping
			return v, r.fields(v, depth)
		}
		v.kind = aList
		return v, r.items(v, depth)
	case string:
		v.kind, v.text = aText, token
	case bool:
		v.kind, v.text = aTruth, "false"
		if token {
			v.text = "true"
		}
	case json.Number:
		v.kind, v.text = aNumber, token.String()
	default:
		v.kind = aNull
	}
	return v, nil
}

// items reads the elements of an array.
func (r *jsonReader) items(v *value, depth int) error {
	for r.decoder.More() {
		item, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		v.items = append(v.items, item)
	}
	_, _, err := r.next() // the closing bracket
	return err
}

// fields reads the members of an object, whose names encoding/json would accept twice.
func (r *jsonReader) fields(v *value, depth int) error {
	seen := keySet{}
	for r.decoder.More() {
		token, line, err := r.next()
		if err != nil {
			return err
		}
		name, _ := token.(string) // the grammar has only strings here
		if err := seen.add(name, line); err != nil {
			return err
		}
		child, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		v.fields = append(v.fields, field{name, line, child})
	}
	_, _, err := r.next() // the closing brace
	return err
}
