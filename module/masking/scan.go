package masking

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner goes over the parts of one JSON text (RFC 8259). It takes only what every parser understands in the same way:
// what this package masks by one reading, a client must not be able to see by another.
type scanner struct {
	data []byte
	at   int
}

// fail names the place and never what stands there.
func (s *scanner) fail(what string) error {
	return fmt.Errorf("%w: byte %d of the body: %s", ErrUnmaskable, s.at, what)
}

// next goes to the next byte that is not blank, and returns it; 0 at the end.
func (s *scanner) next() byte {
	for s.at < len(s.data) {
		switch c := s.data[s.at]; c {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// take goes over one expected byte.
func (s *scanner) take(c byte) bool {
	if s.next() != c {
		return false
	}
	s.at++
	return true
}

// text goes over a string and returns it as it stands there, with its quotes.
func (s *scanner) text() (raw []byte, escaped bool, err error) {
	start := s.at
	s.at++ // the opening quote
	for s.at < len(s.data) {
		c := s.data[s.at]
		if c < 0x20 {
			return nil, false, s.fail("a control character in a string")
		}
		s.at++
		switch c {
		case '"':
			return s.data[start:s.at], escaped, nil
		case '\\':
			var char [utf8.UTFMax]byte
			if _, err := s.escape(char[:0]); err != nil {
				return nil, false, err
			}
			escaped = true
		}
	}
	return nil, false, s.fail("the string does not end")
}

// unescape is what a string says that text has gone over.
func unescape(raw []byte) []byte {
	s := scanner{data: raw[1 : len(raw)-1]}
	plain := make([]byte, 0, len(s.data))
	for s.at < len(s.data) {
		c := s.data[s.at]
		if s.at++; c != '\\' {
			plain = append(plain, c)
			continue
		}
		plain, _ = s.escape(plain) // text has found it in order
	}
	return plain
}

// escape reads what follows a backslash.
func (s *scanner) escape(plain []byte) ([]byte, error) {
	const letters, meanings = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if s.at >= len(s.data) {
		return nil, s.fail("the string does not end")
	}
	c := s.data[s.at]
	if i := strings.IndexByte(letters, c); i >= 0 {
		s.at++
		return append(plain, meanings[i]), nil
	}
	r, ok := s.unit()
	if ok && utf16.IsSurrogate(r) {
		// Half a pair has no meaning; parsers replace it, drop it or keep it, and so two names become one.
		low, isUnit := s.second()
		r = utf16.DecodeRune(r, low)
		ok = isUnit && r != utf8.RuneError
	}
	if !ok {
		return nil, s.fail("an escape without meaning")
	}
	return utf8.AppendRune(plain, r), nil
}

// second reads the second half of a surrogate pair.
func (s *scanner) second() (rune, bool) {
	if s.at >= len(s.data) || s.data[s.at] != '\\' {
		return 0, false
	}
	s.at++
	return s.unit()
}

// unit reads "u" and four hexadecimal digits.
func (s *scanner) unit() (rune, bool) {
	const size = len("uXXXX")
	if len(s.data)-s.at < size || s.data[s.at] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s.data[s.at+1:s.at+size]), 16, 16)
	s.at += size
	return rune(n), err == nil
}

// number goes over a number, however large, and returns it as it stands there.
func (s *scanner) number() ([]byte, error) {
	start := s.at
	if s.data[s.at] == '-' {
		s.at++
	}
	whole := s.digits()
	if whole == 0 || whole > 1 && s.data[s.at-whole] == '0' {
		return nil, s.fail("a malformed number")
	}
	if s.at < len(s.data) && s.data[s.at] == '.' {
		if s.at++; s.digits() == 0 {
			return nil, s.fail("a malformed number")
		}
	}
	if s.at < len(s.data) && s.data[s.at]|0x20 == 'e' {
		if s.at++; s.at < len(s.data) && (s.data[s.at] == '+' || s.data[s.at] == '-') {
			s.at++
		}
		if s.digits() == 0 {
			return nil, s.fail("a malformed number")
		}
	}
	return s.data[start:s.at], nil
}

func (s *scanner) digits() int {
	start := s.at
	for s.at < len(s.data) && s.data[s.at] >= '0' && s.data[s.at] <= '9' {
		s.at++
	}
	return s.at - start
}

// word goes over true, false or null.
func (s *scanner) word() (string, error) {
	for _, word := range []string{"true", "false", null} {
		if bytes.HasPrefix(s.data[s.at:], []byte(word)) {
			s.at += len(word)
			return word, nil
		}
	}
	return "", s.fail("expected a value")
}
