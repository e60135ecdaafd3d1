package endpoint

import "strings"

// unhex reads the %XX that s begins with.
func unhex(s string) (byte, bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	high, ok1 := hexDigit(s[1])
	low, ok2 := hexDigit(s[2])
	return high<<4 | low, ok1 && ok2
}

// hexDigit takes both cases: a canonical path has upper case, a template may be written either way.
func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}

// unescape writes segment, unescaped once, into buf and returns its whole length, which may be beyond buf: no literal
// is that long, so a caller need not see the rest. It reports false for a malformed escape. It does not allocate.
func unescape(buf *[maxLiteral]byte, segment string) (length int, ok bool) {
	for i := 0; i < len(segment); length++ {
		c, step := segment[i], 1
		if c == '%' {
			if c, ok = unhex(segment[i:]); !ok {
				return 0, false
			}
			step = 3
		}
		if length < len(buf) {
			buf[length] = c
		}
		i += step
	}
	return length, true
}

// fits reports whether a parameter can take the segment. The empty segment and the dot segments are refused although a
// canonical path holds none: an upstream that resolves them would serve another resource than the one decided on.
func fits(segment string, escaped bool) bool {
	if !escaped || strings.IndexByte(segment, '%') < 0 {
		return segment != "" && segment != "." && segment != ".."
	}
	var buf [maxLiteral]byte
	length, ok := unescape(&buf, segment)
	return ok && (length > 2 || string(buf[:length]) != "." && string(buf[:length]) != "..")
}

// fitsTail reports whether a tail parameter can take the rest of a path. A slash at its very end is allowed.
func fitsTail(rest string, escaped bool) bool {
	for first := true; ; first = false {
		segment, after, more := strings.Cut(rest, "/")
		if segment == "" && !more {
			return !first
		}
		if !fits(segment, escaped) {
			return false
		}
		if !more {
			return true
		}
		rest = after
	}
}

// splitVerb cuts a segment at its last colon, written plainly or as %3A: an upstream that unescapes sees no difference,
// so the escaped form must not slip past a row with a verb.
func splitVerb(segment string) (value, verb string, ok bool) {
	for i := len(segment) - 1; i > 0; i-- {
		if segment[i] == ':' {
			return segment[:i], segment[i+1:], true
		}
		if c, escape := unhex(segment[i:]); escape && c == ':' {
			return segment[:i], segment[i+3:], true
		}
	}
	return "", "", false
}
