package module

import (
	"errors"
	"net/url"
	"strings"
	"unicode/utf8"
)

// maxPath bounds the path of a request in bytes. Longer ones get 400 before anything else looks at them.
const maxPath = 8 << 10

// oddities are properties of a path that upstreams are known to read in different ways. A path that has one is
// refused unless the endpoint it names opts in.
type oddities uint8

const (
	encodedSlash oddities = 1 << iota // %2F inside a segment
	semicolon                         // ';', a matrix parameter to some servers, plain data to others
	nonASCII                          // valid UTF-8 beyond ASCII
)

// canonicalPath is the one reading of a request's path. Matching, deciding and forwarding all use it.
type canonicalPath struct {
	escaped string // for matching and for the wire: only what must be escaped is, in upper-case hex
	decoded string
	odd     oddities
	plain   bool // it came as it is, and net/url writes it so
}

// errPath is why a path has no single reading. The text may be shown to the client: it quotes nothing.
type errPath string

func (e errPath) Error() string { return string(e) }

const (
	errPathForm        errPath = "the path must begin with a single slash"
	errPathLong        errPath = "the path is longer than 8192 bytes"
	errPathEmptyPart   errPath = "the path has an empty segment (//)"
	errPathDots        errPath = "the path has a dot segment"
	errPathEncodedDot  errPath = "the path has an encoded dot (%2e)"
	errPathBackslash   errPath = "the path has a backslash"
	errPathControl     errPath = "the path has a control character"
	errPathDelimiter   errPath = "the path has a raw '#' or '?'"
	errPathEscape      errPath = "the path has an incomplete percent-escape"
	errPathTwice       errPath = "the path is percent-encoded twice"
	errPathUTF8        errPath = "the path is not valid UTF-8"
	errPathOutOfStep   errPath = "the path and its escaped form disagree"
	errPathOpaque      errPath = "the request target is not a path"
	errPathNotAllowed  errPath = "the path has characters that this endpoint does not allow (an encoded slash, a semicolon or non-ASCII text)"
	errEnvironmentPath errPath = "the path has a malformed environment prefix"
)

// canonicalise gives the one reading of u's path, or says why there is none.
//
// It refuses instead of repairing: what a gate cleans and an upstream does not is where the two begin to disagree. The
// plain path, which is nearly every path, costs one pass and no allocation.
func canonicalise(u *url.URL) (canonicalPath, error) {
	if u.Opaque != "" {
		return canonicalPath{}, errPathOpaque
	}
	if u.Path == "" && u.RawPath == "" {
		return canonicalPath{escaped: "/", decoded: "/"}, nil
	}
	raw, plain, err := wireForm(u)
	if err != nil {
		return canonicalPath{}, err
	}
	if len(raw) > maxPath {
		return canonicalPath{}, errPathLong
	}
	if raw[0] != '/' {
		return canonicalPath{}, errPathForm
	}
	if plain {
		return canonicalPath{escaped: raw, decoded: raw, plain: true}, checkSegments(raw)
	}
	return rewritePath(raw)
}

// wireForm is the escaped path as it came, or as a handler before this one left it. net/url keeps the escaped form only
// where it differs from the default encoding; a handler that changed one of the two fields and forgot the other would
// have us decide on one path and forward another, so the two must agree. plain is a path that is the same in either form.
func wireForm(u *url.URL) (raw string, plain bool, err error) {
	if u.RawPath == "" {
		if isCommon(u.Path) {
			return u.Path, true, nil
		}
		return (&url.URL{Path: u.Path}).EscapedPath(), false, nil
	}
	decoded, err := url.PathUnescape(u.RawPath)
	if err != nil {
		return "", false, errPathEscape
	}
	if decoded != u.Path {
		return "", false, errPathOutOfStep
	}
	return u.RawPath, false, nil
}

// plainByte marks the bytes that mean the same escaped and unescaped to every server: RFC 3986 pchar without '%' and
// without ';', and the slash. commonByte marks those of them that net/url never escapes, so that a path made of these
// goes over the wire as it is without RawPath's help.
var (
	plainByte  = byteSet("-._~!$&'()*+,=:@/")
	commonByte = byteSet("-._~$&+,=:@/")
)

func byteSet(marks string) (set [256]bool) {
	for c := range 256 {
		b := byte(c)
		set[c] = b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte(marks, b) >= 0
	}
	return set
}

func isCommon(path string) bool {
	for i := range len(path) {
		if !commonByte[path[i]] {
			return false
		}
	}
	return true
}

// checkSegments refuses empty and dot segments. An empty last segment (a trailing slash) is a path of its own.
func checkSegments(path string) error {
	start := 1 // of the segment
	for i := 1; i < len(path); i++ {
		if path[i] != '/' {
			continue
		}
		if i == start {
			return errPathEmptyPart
		}
		if isDots(path[start:i]) {
			return errPathDots
		}
		start = i + 1
	}
	if isDots(path[start:]) {
		return errPathDots
	}
	return nil
}

// isDots reports whether a segment is made of dots and blanks alone: ".", "..", and what file systems take for them.
func isDots(segment string) bool {
	return segment != "" && (segment[0] == '.' || segment[0] == ' ') && strings.Trim(segment, ". ") == ""
}

// rewritePath decodes every segment exactly once and writes it again in canonical escapes.
func rewritePath(raw string) (canonicalPath, error) {
	var escaped, decoded strings.Builder
	escaped.Grow(len(raw))
	decoded.Grow(len(raw))
	var odd oddities
	rest := raw[1:]
	for {
		segment, after, more := strings.Cut(rest, "/")
		if more && segment == "" {
			return canonicalPath{}, errPathEmptyPart
		}
		escaped.WriteByte('/')
		decoded.WriteByte('/')
		found, err := rewriteSegment(segment, &escaped, &decoded)
		if err != nil {
			return canonicalPath{}, err
		}
		odd |= found
		if !more {
			return canonicalPath{escaped: escaped.String(), decoded: decoded.String(), odd: odd}, nil
		}
		rest = after
	}
}

func rewriteSegment(segment string, escaped, decoded *strings.Builder) (oddities, error) {
	var odd oddities
	start := decoded.Len()
	for i := 0; i < len(segment); i++ {
		c, wasEscaped, err := decodeByte(segment, &i)
		if err != nil {
			return 0, err
		}
		found, err := judgeByte(c, wasEscaped)
		if err != nil {
			return 0, err
		}
		odd |= found
		decoded.WriteByte(c)
		writeEscaped(escaped, c, wasEscaped)
	}
	return odd, judgeSegment(decoded.String()[start:])
}

// decodeByte reads the byte at *i, moving *i to the last character it used.
func decodeByte(s string, i *int) (c byte, wasEscaped bool, err error) {
	if s[*i] != '%' {
		return s[*i], false, nil
	}
	if *i+2 >= len(s) {
		return 0, false, errPathEscape
	}
	high, low := hexValue(s[*i+1]), hexValue(s[*i+2])
	if high < 0 || low < 0 {
		return 0, false, errPathEscape
	}
	*i += 2
	return byte(high<<4 | low), true, nil
}

func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func judgeByte(c byte, wasEscaped bool) (oddities, error) {
	switch {
	case c < 0x20 || c == 0x7f:
		return 0, errPathControl
	case c == '\\':
		return 0, errPathBackslash
	case c == '.' && wasEscaped:
		return 0, errPathEncodedDot // nobody has a reason to hide a dot
	case (c == '#' || c == '?') && !wasEscaped:
		return 0, errPathDelimiter
	case c == '/':
		return encodedSlash, nil
	case c == ';':
		return semicolon, nil
	case c >= utf8.RuneSelf:
		return nonASCII, nil
	}
	return 0, nil
}

// judgeSegment looks at a decoded segment as the upstreams would that split once more: on an encoded slash, or on the
// semicolon of a matrix parameter ("..;" is ".." to them).
func judgeSegment(segment string) error {
	if !utf8.ValidString(segment) {
		return errPathUTF8
	}
	if hasEscape(segment) {
		return errPathTwice
	}
	for part := range strings.SplitSeq(segment, "/") {
		name, _, _ := strings.Cut(part, ";")
		if isDots(name) || isDots(part) {
			return errPathDots
		}
	}
	return nil
}

// hasEscape reports whether text that was decoded once could be decoded again.
func hasEscape(s string) bool {
	for i := 0; i+2 < len(s); i++ {
		if s[i] == '%' && hexValue(s[i+1]) >= 0 && hexValue(s[i+2]) >= 0 {
			return true
		}
	}
	return false
}

func writeEscaped(b *strings.Builder, c byte, wasEscaped bool) {
	const hex = "0123456789ABCDEF"
	// An escaped semicolon is data and a raw one a delimiter to those who care: each stays what it was.
	if c != '/' && plainByte[c] || c == ';' && !wasEscaped {
		b.WriteByte(c)
		return
	}
	b.WriteByte('%')
	b.WriteByte(hex[c>>4])
	b.WriteByte(hex[c&15])
}

// apply makes u carry exactly the canonical path. net/url writes RawPath only where it is a valid encoding of Path and
// not the default one, so both fields are always set together.
func (p canonicalPath) apply(u *url.URL) {
	if p.plain && u.Path == p.decoded && u.RawPath == "" {
		return // the default encoding is the canonical one
	}
	u.Path, u.RawPath = p.decoded, p.escaped
}

// queryNames calls yield with every decoded parameter name of a raw query, bounded by the query itself. It reports a
// malformed name as an error: what we cannot read, an upstream may.
func queryNames(rawQuery string, yield func(name string) bool) error {
	for rest := rawQuery; rest != ""; {
		var pair queryPair
		pair, rest = cutPair(rest)
		if pair.length == 0 {
			continue
		}
		name := pair.name
		if pair.escaped {
			var err error
			if name, err = url.QueryUnescape(name); err != nil {
				return errQueryEscape
			}
		}
		if !yield(name) {
			return nil
		}
	}
	return nil
}

// queryPair is one name=value of a query.
type queryPair struct {
	name    string // as it came
	escaped bool   // the name has to be decoded
	length  int    // of the whole pair
}

// cutPair takes the first pair off a query, looking at each byte once.
func cutPair(query string) (pair queryPair, rest string) {
	named := -1 // where the name ends
	for i := range len(query) {
		switch query[i] {
		case '&', ';':
			if named < 0 {
				named = i
			}
			return queryPair{query[:named], pair.escaped, i}, query[i+1:]
		case '=':
			if named < 0 {
				named = i
			}
		case '%', '+':
			pair.escaped = pair.escaped || named < 0
		}
	}
	if named < 0 {
		named = len(query)
	}
	return queryPair{query[:named], pair.escaped, len(query)}, ""
}

var errQueryEscape = errors.New("the query has an incomplete percent-escape")
