package attribute

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText bounds one value, in bytes; names of things are much shorter.
const maxText = 4096

// state says what became of one place of a request.
type state uint8

const (
	absent     state = iota // nothing is there
	unreadable              // something is there, and it is not clear what an upstream makes of it
	known
)

// value is what one source gave for one thing.
type value struct {
	state state
	text  string
	list  []string // instead of text, for a source that is read as a list
}

// readable reports whether a text means the same to everybody. A blank at its end or a control character does not: an
// upstream that trims " secret" would serve what a policy denies under "secret".
func readable(text string) bool {
	if text == "" || len(text) > maxText || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return false
	}
	first, _ := utf8.DecodeRuneInString(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	return !unicode.IsSpace(first) && !unicode.IsSpace(last)
}

// textValue is the value that a text of the request stands for.
func textValue(text string) value {
	if !readable(text) {
		return value{state: unreadable}
	}
	return value{state: known, text: text}
}

// same reports whether two known values are one.
func (v value) same(other value) bool {
	if v.text != other.text || len(v.list) != len(other.list) {
		return false
	}
	for i := range v.list {
		if v.list[i] != other.list[i] {
			return false
		}
	}
	return true
}

// collect makes one list of several values. It is known only if each of them is: a list that lacks an element would
// escape the condition that asks for it.
func collect(values []value) value {
	if len(values) == 0 {
		return value{}
	}
	list := make([]string, len(values))
	for i, v := range values {
		if v.state != known {
			return value{state: unreadable}
		}
		list[i] = v.text
	}
	return value{state: known, list: list}
}
