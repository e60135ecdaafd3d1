package decisionlog

import (
	"bytes"
	"errors"
	"io"
)

const readChunk = 64 << 10

// backwards reads the lines of a file from its end. It holds a chunk and the part of a line at most, whatever the file
// is like. What follows the last line feed is a line that is being written, or was when its process died, and is left out.
type backwards struct {
	file io.ReaderAt
	at   int64  // where chunk starts in the file
	text []byte // read, and not given out yet: ends where a line ends
	long bool   // text is what precedes the end of a line that is too long to be a record
	done bool
}

func newBackwards(file io.ReaderAt, size int64) (*backwards, error) {
	b := &backwards{file: file, at: size}
	if _, err := b.next(); err != nil && !errors.Is(err, io.EOF) { // the torn line, empty where there is none
		return nil, err
	}
	return b, nil
}

// next is the line before, without its line feed, or io.EOF. The bytes are valid until the next call. A line longer
// than maxLine is given as an empty one.
func (b *backwards) next() ([]byte, error) {
	for !b.done {
		if feed := bytes.LastIndexByte(b.text, '\n'); feed >= 0 {
			line := b.text[feed+1:]
			b.text = b.text[:feed]
			return b.whole(line), nil
		}
		if b.at == 0 {
			b.done = true
			return b.whole(b.text), nil
		}
		if len(b.text) > maxLine {
			b.text, b.long = nil, true
		}
		if err := b.read(); err != nil {
			return nil, err
		}
	}
	return nil, io.EOF
}

func (b *backwards) whole(line []byte) []byte {
	if b.long || len(line) > maxLine {
		line = nil
	}
	b.long = false
	return line
}

// read puts the chunk before in front of the text.
func (b *backwards) read() error {
	n := int(min(readChunk, b.at))
	text := make([]byte, n, n+len(b.text))
	read, err := b.file.ReadAt(text, b.at-int64(n))
	if read < n {
		if err == io.EOF {
			b.done = true // its writer has just taken back half a line; the rest is not worth the trouble
		}
		return err
	}
	b.at -= int64(n)
	b.text = append(text, b.text...)
	return nil
}
