package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"unicode"
)

// maxDepth bounds how deep a body may be nested.
const maxDepth = 64

var (
	errTwice = errors.New("a member is there twice")
	errDepth = errors.New("nested too deep")
)

// checkMembers refuses a member that an object has twice, because two readers may each believe another one of them, and
// text after the JSON value.
func checkMembers(text []byte) error {
	w := memberWalk{decoder: json.NewDecoder(bytes.NewReader(text))}
	w.decoder.UseNumber()
	err := w.value(0)
	switch {
	case errors.Is(err, errTwice) && isPlainName(w.twice):
		return Invalid(w.twice, "The member is there twice.")
	case errors.Is(err, errTwice):
		return Errorf(http.StatusBadRequest, "A member of the body is there twice.")
	case errors.Is(err, errDepth):
		return Errorf(http.StatusBadRequest, "The body is nested more than %d levels deep.", maxDepth)
	case err != nil:
		return Errorf(http.StatusBadRequest, "The body is not valid JSON.")
	}
	if _, err := w.decoder.Token(); !errors.Is(err, io.EOF) {
		return Errorf(http.StatusBadRequest, "The body has more than one JSON value.")
	}
	return nil
}

type memberWalk struct {
	decoder *json.Decoder
	twice   string // name of the member that ended the walk
}

// value walks over one value. The error is errTwice, errDepth or one of the decoder.
func (w *memberWalk) value(depth int) error {
	token, err := w.decoder.Token()
	if err != nil {
		return err
	}
	delimiter, nested := token.(json.Delim)
	if !nested {
		return nil
	}
	if depth == maxDepth {
		return errDepth
	}
	seen := map[string]bool{}
	for w.decoder.More() {
		if delimiter == '{' {
			if err := w.name(seen); err != nil {
				return err
			}
		}
		if err := w.value(depth + 1); err != nil {
			return err
		}
	}
	_, err = w.decoder.Token() // the closing one
	return err
}

func (w *memberWalk) name(seen map[string]bool) error {
	token, err := w.decoder.Token()
	if err != nil {
		return err
	}
	name, _ := token.(string)
	folded := fold(name)
	if seen[folded] {
		w.twice = name
		return errTwice
	}
	seen[folded] = true
	return nil
}

// fold makes one of the names that encoding/json takes for the same member, which differ by case.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		for {
			next := unicode.SimpleFold(r)
			if next <= r { // around the orbit of the rune, which begins with its least
				return next
			}
			r = next
		}
	}, name)
}

// isPlainName reports whether a name may be repeated to the client: none that could be a pasted secret or fill a page.
func isPlainName(name string) bool {
	return name != "" && len(name) <= 64 && strings.IndexFunc(name, func(r rune) bool { return !isNameCharacter(r) || r == '.' }) < 0
}
