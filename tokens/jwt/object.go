package jwt

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxDepth = 16
	// maxClaims bounds the values in a token, on every level: a list of 16 KiB would unfold to many times its size.
	maxClaims = 4096
)

// The errors have no part of the input, which may be a secret.
var (
	errNotJSON    = errors.New("not a JSON object")
	errDuplicate  = errors.New("a JSON object has two members of one name")
	errTooComplex = errors.New("a JSON object is too deep or has too many values")
)

// decodeObject reads one JSON object and nothing after it. Of two members with one name, different readers believe
// different ones, so there may be none, on any level. Numbers stay as they are written, as json.Number.
func decodeObject(data []byte, maxValues int) (map[string]any, error) {
	// The standard decoder would quietly replace what is not UTF-8, and so make two names one.
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil, errNotJSON
	}
	r := objectReader{Decoder: json.NewDecoder(bytes.NewReader(data)), left: maxValues}
	r.UseNumber()
	value, err := r.value(0)
	if err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, errNotJSON
	}
	return object, nil
}

// objectReader reads what is known to be valid JSON.
type objectReader struct {
	*json.Decoder
	left int // values that may still come
}

func (r *objectReader) value(depth int) (any, error) {
	if r.left--; r.left < 0 || depth > maxDepth {
		return nil, errTooComplex
	}
	token, err := r.Token()
	if err != nil {
		return nil, errNotJSON
	}
	switch token {
	case json.Delim('{'):
		return r.object(depth)
	case json.Delim('['):
		return r.array(depth)
	}
	return token, nil
}

func (r *objectReader) object(depth int) (any, error) {
	object := make(map[string]any)
	for r.More() {
		token, err := r.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, errNotJSON
		}
		if _, twice := object[name]; twice {
			return nil, errDuplicate
		}
		if object[name], err = r.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return object, r.end()
}

func (r *objectReader) array(depth int) (any, error) {
	array := []any{}
	for r.More() {
		value, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		array = append(array, value)
	}
	return array, r.end()
}

func (r *objectReader) end() error {
	if _, err := r.Token(); err != nil {
		return errNotJSON
	}
	return nil
}

var unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")

// find returns the member with this name, or what a JSON pointer (RFC 6901) leads to where the name begins with "/". A
// member that is null counts as missing: so it is written by those who have nothing to say.
func find(object map[string]any, name string) (any, bool) {
	if !strings.HasPrefix(name, "/") {
		value := object[name]
		return value, value != nil
	}
	var value any = object
	for step := range strings.SplitSeq(name[1:], "/") {
		switch parent := value.(type) {
		case map[string]any:
			value = parent[unescapePointer.Replace(step)]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n < 0 || n >= len(parent) {
				return nil, false
			}
			value = parent[n]
		default:
			return nil, false
		}
	}
	return value, value != nil
}
