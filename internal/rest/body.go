package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"unicode/utf8"
)

// MaxBody is the largest body of a call, in bytes.
const MaxBody = 1 << 20

// Read decodes the JSON body of a call into a value. An absent member and null leave a part of the value as it is, unknown
// members are passed over. The error is an *Error: 413 for a body over MaxBody, 415 for one that is not JSON by its own
// word, 400 for one that is null or malformed, says something twice, or has the wrong type somewhere, which is then named.
func (c *Call) Read(into any) error {
	text, err := c.ReadBody("application/json")
	if err != nil {
		return err
	}
	return decode(text, into)
}

// ReadAny is Read for an operation with a smaller bound, in bytes, that takes JSON by whatever name it is sent: some clients
// say that their body is */*.
func (c *Call) ReadAny(into any, limit int64) error {
	text, err := c.readText(limit)
	if err != nil {
		return err
	}
	return decode(text, into)
}

func decode(text []byte, into any) error {
	if err := checkMembers(text); err != nil {
		return err
	}
	if string(bytes.TrimSpace(text)) == "null" {
		return Errorf(http.StatusBadRequest, "The body is null.")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(into); err != nil {
		return malformed(err)
	}
	return nil
}

// ReadBody gives the whole body, which is UTF-8. A request that does not say what its body is, or says one of these types, is taken.
func (c *Call) ReadBody(types ...string) ([]byte, error) {
	if err := c.checkType(types); err != nil {
		return nil, err
	}
	return c.readText(MaxBody)
}

func (c *Call) readText(limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(c.Body, limit+1))
	tooLarge, _ := errors.AsType[*http.MaxBytesError](err)
	switch {
	case int64(len(text)) > limit || tooLarge != nil:
		return nil, Errorf(http.StatusRequestEntityTooLarge, "The body is larger than %d bytes.", limit)
	case err != nil:
		return nil, Errorf(http.StatusBadRequest, "The body could not be read.")
	case !utf8.Valid(text):
		return nil, Errorf(http.StatusBadRequest, "The body is not valid UTF-8.")
	}
	return text, nil
}

func (c *Call) checkType(types []string) error {
	header := c.Header.Get("Content-Type")
	if header == "" {
		return nil
	}
	got, _, err := mime.ParseMediaType(header)
	if err == nil && slices.Contains(types, got) {
		return nil
	}
	return Errorf(http.StatusUnsupportedMediaType, "The body must be %s.", types[0])
}

// malformed says where a body is wrong, never what it holds: it may hold a secret.
func malformed(err error) *Error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return Invalid(wrong.Field, "Expected %s.", kindName(wrong))
	}
	return Errorf(http.StatusBadRequest, "The body is not the JSON object that is expected here.")
}

func kindName(e *json.UnmarshalTypeError) string {
	switch e.Type.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return "a number"
}
