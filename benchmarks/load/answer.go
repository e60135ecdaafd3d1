package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Bounds of an answer. What is larger is broken.
const (
	maxHead    = 64 << 10 // status line, fields, chunk lines and trailers together, each answer
	maxBody    = 64 << 20
	maxInterim = 8 // 1xx answers before the one that counts
)

var errAnswer = errors.New("broken answer")

// answers reads HTTP/1.1 answers (RFC 9112) off a connection and keeps nothing of them but what the next one depends on.
type answers struct {
	r    *bufio.Reader
	head int // bytes of head that this answer may still have
}

// answer is what is known of one that was read to its end.
type answer struct {
	status int
	last   bool // nothing can be sent on this connection after it
}

// framing is what the fields of a head say about where the body ends.
type framing struct {
	length  int64 // -1: not said
	chunked bool
	close   bool
	keep    bool
}

// next reads one answer. To a HEAD request there is never a body.
func (a *answers) next(toHead bool) (answer, error) {
	a.head = maxHead
	for range maxInterim + 1 {
		status, old, err := a.statusLine()
		if err != nil {
			return answer{}, err
		}
		f, err := a.fields()
		if err != nil {
			return answer{}, err
		}
		if old && f.chunked { // which such a server does not know: RFC 9112 section 6.1
			return answer{}, fmt.Errorf("%w: chunks in HTTP/1.0", errAnswer)
		}
		if status >= 200 || status == 101 { // after 101 another protocol is spoken
			last := f.close || old && !f.keep || status == 101
			return a.body(answer{status, last}, f, toHead)
		}
	}
	return answer{}, fmt.Errorf("%w: more than %d interim ones", errAnswer, maxInterim)
}

// line is the next line without its end, and whether it is all of it: of a longer line than the buffer the rest is skipped. It is
// good until the next read.
func (a *answers) line() (line []byte, whole bool, err error) {
	line, err = a.r.ReadSlice('\n')
	a.head -= len(line)
	if a.head < 0 {
		return nil, false, fmt.Errorf("%w: its head is longer than %d bytes", errAnswer, maxHead)
	}
	if errors.Is(err, bufio.ErrBufferFull) {
		return line, false, nil
	}
	if err != nil {
		return nil, false, cutShort(err, len(line) > 0)
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), true, nil
}

// cutShort tells the end of a connection inside an answer from one before it, after which the request may be sent again.
func cutShort(err error, inside bool) error {
	if inside && closedByPeer(err) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (a *answers) statusLine() (status int, old bool, err error) {
	line, whole, err := a.line()
	if err != nil {
		return 0, false, err
	}
	version, rest, _ := bytes.Cut(line, []byte(" "))
	code, _, _ := bytes.Cut(rest, []byte(" "))
	old = string(version) == "HTTP/1.0"
	if !whole || !old && string(version) != "HTTP/1.1" || len(code) != 3 {
		return 0, false, fmt.Errorf("%w: its status line", errAnswer)
	}
	n, ok := number(code, 10)
	if !ok || n < 100 {
		return 0, false, fmt.Errorf("%w: its status", errAnswer)
	}
	return int(n), old, nil
}

// number reads digits and nothing else.
func number(text []byte, base int64) (int64, bool) {
	if len(text) == 0 || len(text) > 15 { // of any base up to 16, within an int64
		return 0, false
	}
	n := int64(0)
	for _, c := range text {
		var d int64
		switch {
		case '0' <= c && c <= '9':
			d = int64(c - '0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			d = int64(c|0x20-'a') + 10
		default:
			return 0, false
		}
		if d >= base {
			return 0, false
		}
		n = n*base + d
	}
	return n, true
}

func (a *answers) fields() (framing, error) {
	f := framing{length: -1}
	for {
		line, whole, err := a.line()
		if err != nil {
			return f, cutShort(err, true)
		}
		if len(line) == 0 && whole {
			return f, nil
		}
		if !whole { // none of those that matter is that long
			if err := a.skipLine(); err != nil {
				return f, err
			}
			continue
		}
		if err := f.field(line); err != nil {
			return f, err
		}
	}
}

func (a *answers) skipLine() error {
	for {
		_, whole, err := a.line()
		if err != nil {
			return cutShort(err, true)
		}
		if whole {
			return nil
		}
	}
}

func (f *framing) field(line []byte) error {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.Trim(value, " \t")
	switch {
	case is(name, "content-length"):
		n, ok := number(value, 10)
		if !ok || f.length >= 0 && f.length != n {
			return fmt.Errorf("%w: its Content-Length", errAnswer)
		}
		f.length = n
	case is(name, "transfer-encoding"):
		if f.chunked || !is(value, "chunked") {
			return fmt.Errorf("%w: its Transfer-Encoding", errAnswer)
		}
		f.chunked = true
	case is(name, "connection"):
		for option := range bytes.SplitSeq(value, []byte(",")) {
			option = bytes.Trim(option, " \t")
			f.close = f.close || is(option, "close")
			f.keep = f.keep || is(option, "keep-alive")
		}
	}
	return nil
}

// is compares a field name or a word with one in lower case.
func is(text []byte, word string) bool {
	if len(text) != len(word) {
		return false
	}
	for i := range len(word) {
		c := text[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}
