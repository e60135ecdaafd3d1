package attribute

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// decoder takes apart a text that names several things at once.
type decoder struct {
	fields []string
	// decode gives the field with this index, or false for a text that is not exactly of the form.
	decode func(text string, field int) (string, bool)
}

var decoders = map[string]decoder{
	"settings-object-id": {fields: []string{"schemaId", "scope"}, decode: settingsField},
}

// decoding is a decoder with the field that is wanted; the zero value leaves texts as they are.
type decoding struct {
	decode func(text string, field int) (string, bool)
	field  int
}

func decoderFor(name, field string) (decoding, error) {
	if name == "" {
		if field != "" {
			return decoding{}, errors.New("field belongs to decode, which is missing")
		}
		return decoding{}, nil
	}
	d, ok := decoders[name]
	if !ok {
		return decoding{}, fmt.Errorf("there is no decoder %.80q (there is: %s)", name,
			strings.Join(slices.Sorted(maps.Keys(decoders)), ", "))
	}
	i := slices.Index(d.fields, field)
	if i < 0 {
		return decoding{}, fmt.Errorf("decode: %s has no field %.80q (fields: %s)", name, field, strings.Join(d.fields, ", "))
	}
	return decoding{d.decode, i}, nil
}

// apply decodes what is known. What cannot be decoded is there all the same: it is unreadable and not absent, so that a
// mangled identifier does not make room for a weaker source.
func (d decoding) apply(v value) value {
	if d.decode == nil || v.state != known {
		return v
	}
	if v.list == nil {
		return d.one(v.text)
	}
	decoded := make([]value, len(v.list))
	for i, text := range v.list {
		decoded[i] = d.one(text)
	}
	return collect(decoded)
}

func (d decoding) one(text string) value {
	field, ok := d.decode(text, d.field)
	if !ok {
		return value{state: unreadable}
	}
	return textValue(field)
}
