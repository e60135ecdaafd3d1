package attribute

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// text reads a string. What it returns is a part of the data where nothing had to be unescaped.
func (s *scanner) text() ([]byte, error) {
	s.at++ // the opening quote
	start := s.at
	for s.at < len(s.data) {
		switch c := s.data[s.at]; {
		case c == '"':
			s.at++
			return s.data[start : s.at-1], nil
		case c == '\\':
			return s.escaped(append([]byte(nil), s.data[start:s.at]...))
		case c < 0x20:
			return nil, s.fail("a control character in a text")
		}
		s.at++
	}
	return nil, s.fail("")
}

// escaped goes on where the first backslash stands.
func (s *scanner) escaped(text []byte) ([]byte, error) {
	for s.at < len(s.data) {
		c := s.data[s.at]
		if c < 0x20 {
			return nil, s.fail("a control character in a text")
		}
		s.at++
		if c == '"' {
			return text, nil
		}
		if c != '\\' {
			text = append(text, c)
			continue
		}
		var err error
		if text, err = s.escape(text); err != nil {
			return nil, err
		}
	}
	return nil, s.fail("")
}

// escape reads what follows a backslash.
func (s *scanner) escape(text []byte) ([]byte, error) {
	const letters, meanings = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if s.at >= len(s.data) {
		return nil, s.fail("")
	}
	c := s.data[s.at]
	if i := strings.IndexByte(letters, c); i >= 0 {
		s.at++
		return append(text, meanings[i]), nil
	}
	if c != 'u' {
		return nil, s.fail("malformed escape")
	}
	s.at++
	r, ok := s.unit()
	if !ok {
		return nil, s.fail("malformed escape")
	}
	if utf16.IsSurrogate(r) {
		if r, ok = s.otherHalf(r); !ok {
			return nil, s.fail("half of a surrogate pair")
		}
	}
	return utf8.AppendRune(text, r), nil
}

// otherHalf reads the second half of a surrogate pair. One half has no meaning; parsers replace, drop or keep it.
func (s *scanner) otherHalf(high rune) (rune, bool) {
	for _, c := range []byte(`\u`) {
		if s.at >= len(s.data) || s.data[s.at] != c {
			return 0, false
		}
		s.at++
	}
	low, ok := s.unit()
	r := utf16.DecodeRune(high, low)
	return r, ok && r != utf8.RuneError
}

// unit reads four hexadecimal digits.
func (s *scanner) unit() (rune, bool) {
	if s.at+4 > len(s.data) {
		s.at = len(s.data)
		return 0, false
	}
	n, err := strconv.ParseUint(string(s.data[s.at:s.at+4]), 16, 16)
	if err != nil {
		return 0, false
	}
	s.at += 4
	return rune(n), true
}
