package attribute

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxFound bounds the places of one body that are remembered. It leaves room for ten of them in each of MaxQuestions.
const maxFound = 10 * MaxQuestions

// found is what a document has at a node of the tree of pointers.
type found struct {
	value   value    // where the place is a scalar; unreadable for an object or array, absent for null
	members []*found // by the index of node.members; nil where there is no such member
	items   []*found // of an array
}

// scanner reads one JSON text (RFC 8259) and accepts it only if every parser would understand the same by it.
// encoding/json is too kind for that: it takes repeated keys, names in another case, and lone surrogates. What no
// pointer goes to is checked like the rest, and not kept.
type scanner struct {
	data []byte
	at   int
	room int // places that may still be remembered
}

// scan reads the whole body. A byte order mark, a second value or anything else around the one value is refused.
func scan(data []byte, root *node) (*found, error) {
	s := &scanner{data: data, room: maxFound}
	if !utf8.Valid(data) {
		return nil, &Error{Kind: Malformed, Public: "The body is not valid UTF-8"}
	}
	f, err := s.value(root, 0)
	if err != nil {
		return nil, err
	}
	if s.space(); s.at < len(data) {
		return nil, s.fail("something follows the JSON value")
	}
	return f, nil
}

// fail names the place and never what stands there: bodies hold secrets, and refusals are logged.
func (s *scanner) fail(what string) error {
	if s.at >= len(s.data) {
		return &Error{Kind: Truncated, Public: "The body ends within its JSON value"}
	}
	return &Error{Kind: Malformed, Public: fmt.Sprintf("The body, byte %d: %s", s.at, what)}
}

func (s *scanner) space() {
	for s.at < len(s.data) && strings.IndexByte(" \t\r\n", s.data[s.at]) >= 0 {
		s.at++
	}
}

// next is the next byte that is not blank, 0 at the end. It stays where it is.
func (s *scanner) next() byte {
	if s.space(); s.at < len(s.data) {
		return s.data[s.at]
	}
	return 0
}

// take goes over one expected byte.
func (s *scanner) take(c byte) bool {
	if s.next() != c || s.at >= len(s.data) {
		return false
	}
	s.at++
	return true
}

// value reads one value. It returns nil where n is nil, which means that no pointer goes there.
func (s *scanner) value(n *node, depth int) (*found, error) {
	var f *found
	if n != nil {
		if s.room--; s.room < 0 {
			return nil, errTooMany
		}
		f = &found{}
	}
	switch c := s.next(); {
	case (c == '{' || c == '[') && depth >= maxDepth:
		return nil, s.fail("nested too deep")
	case c == '{':
		return f, s.object(n, f, depth)
	case c == '[':
		return f, s.array(n, f, depth)
	case c == '"':
		text, err := s.text()
		if err == nil && n != nil {
			f.value = textValue(string(text))
		}
		return f, err
	case c == '-' || c >= '0' && c <= '9':
		return f, s.number(f)
	}
	return f, s.word(f)
}

func (s *scanner) object(n *node, f *found, depth int) error {
	if f != nil {
		f.value.state, f.members = unreadable, make([]*found, len(n.members))
	}
	var seen names
	s.at++
	for more := !s.take('}'); more; {
		if s.next() != '"' {
			return s.fail("expected a key")
		}
		key, err := s.text()
		if err != nil {
			return err
		}
		if !seen.add(key) {
			return s.fail("a key occurs twice")
		}
		if !s.take(':') {
			return s.fail("expected a colon")
		}
		i, err := s.edge(n, key)
		if err != nil {
			return err
		}
		if i < 0 {
			_, err = s.value(nil, depth+1)
		} else {
			f.members[i], err = s.value(n.members[i].node, depth+1)
		}
		if err != nil {
			return err
		}
		if more = s.take(','); !more && !s.take('}') {
			return s.fail("expected a comma or the end of the object")
		}
	}
	return nil
}

// edge finds the pointer that goes on under a key. A key that differs from its name in case only is refused, because
// parsers that ignore case would take one for the other, and not all of them the same one.
func (s *scanner) edge(n *node, key []byte) (int, error) {
	if n == nil {
		return -1, nil
	}
	for i, m := range n.members {
		if string(key) == m.name {
			return i, nil
		}
	}
	for _, m := range n.members {
		if strings.EqualFold(string(key), m.name) {
			return 0, s.fail("a key differs in case from one that is decided on")
		}
	}
	return -1, nil
}

func (s *scanner) array(n *node, f *found, depth int) error {
	var items *node
	if n != nil {
		f.value.state, items = unreadable, n.items
	}
	s.at++
	for more := !s.take(']'); more; {
		item, err := s.value(items, depth+1)
		if err != nil {
			return err
		}
		if item != nil {
			f.items = append(f.items, item)
		}
		if more = s.take(','); !more && !s.take(']') {
			return s.fail("expected a comma or the end of the array")
		}
	}
	return nil
}

// word reads true, false and null. A null is what most parsers make of a member that is not there.
func (s *scanner) word(f *found) error {
	for _, word := range []string{"true", "false", "null"} {
		if !bytes.HasPrefix(s.data[s.at:], []byte(word)) {
			continue
		}
		s.at += len(word)
		if f != nil && word != "null" {
			f.value = value{state: known, text: word}
		}
		return nil
	}
	if rest := string(s.data[s.at:]); strings.HasPrefix("true", rest) || strings.HasPrefix("false", rest) || strings.HasPrefix("null", rest) {
		s.at = len(s.data)
	}
	return s.fail("expected a value")
}

// number reads a number. One that no float64 holds is refused: 1e999 is infinite to some parsers, an error to others,
// and the largest number to a third.
func (s *scanner) number(f *found) error {
	start := s.at
	if s.data[s.at] == '-' {
		s.at++
	}
	whole := s.digits()
	if whole == 0 || whole > 1 && s.data[s.at-whole] == '0' {
		return s.fail("malformed number")
	}
	if s.at < len(s.data) && s.data[s.at] == '.' {
		if s.at++; s.digits() == 0 {
			return s.fail("malformed number")
		}
	}
	if s.at < len(s.data) && s.data[s.at]|0x20 == 'e' {
		if s.at++; s.at < len(s.data) && (s.data[s.at] == '+' || s.data[s.at] == '-') {
			s.at++
		}
		if s.digits() == 0 {
			return s.fail("malformed number")
		}
	}
	text := s.data[start:s.at]
	if len(text) > alwaysFinite || bytes.ContainsAny(text, "eE") {
		if _, err := strconv.ParseFloat(string(text), 64); err != nil {
			return &Error{Kind: Malformed, Public: fmt.Sprintf("The body, byte %d: a number is too large", start)}
		}
	}
	if f != nil {
		f.value = numberValue(string(text))
	}
	return nil
}

// alwaysFinite digits without an exponent stand for a number that a float64 can hold.
const alwaysFinite = 300

func (s *scanner) digits() int {
	start := s.at
	for s.at < len(s.data) && s.data[s.at] >= '0' && s.data[s.at] <= '9' {
		s.at++
	}
	return s.at - start
}

// numberValue knows only integers that every parser prints alike, those that a float64 holds exactly.
func numberValue(text string) value {
	const exactDigits = 15
	if len(text) > exactDigits || text == "-0" || strings.ContainsAny(text, ".eE") {
		return value{state: unreadable}
	}
	return value{state: known, text: text}
}

// names are the keys of one object so far. Few are compared one by one; more go into a set.
type names struct {
	few  [8][]byte
	n    int
	many map[string]struct{}
}

// add reports false for a key that is there already.
func (k *names) add(key []byte) bool {
	if k.many != nil {
		before := len(k.many)
		k.many[string(key)] = struct{}{}
		return len(k.many) > before
	}
	if slices.ContainsFunc(k.few[:k.n], func(other []byte) bool { return bytes.Equal(other, key) }) {
		return false
	}
	if k.n < len(k.few) {
		k.few[k.n] = key
		k.n++
		return true
	}
	k.many = map[string]struct{}{string(key): {}}
	for _, other := range k.few {
		k.many[string(other)] = struct{}{}
	}
	return true
}
