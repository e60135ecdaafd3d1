package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// body reads to the end of the answer, in the order of RFC 9112 section 6.3.
func (a *answers) body(to answer, f framing, toHead bool) (answer, error) {
	switch {
	case toHead, to.status == 101, to.status == 204, to.status == 304:
		return to, nil
	case f.chunked && f.length >= 0:
		return to, fmt.Errorf("%w: it has both a length and chunks", errAnswer)
	case f.chunked:
		return to, a.chunks()
	case f.length >= 0:
		return to, a.discard(f.length)
	}
	to.last = true
	return to, a.untilEnd()
}

func (a *answers) discard(n int64) error {
	if n > maxBody {
		return fmt.Errorf("%w: its body is longer than %d bytes", errAnswer, maxBody)
	}
	_, err := a.r.Discard(int(n))
	return cutShort(err, true)
}

func (a *answers) untilEnd() error {
	n, err := io.CopyN(io.Discard, a.r, maxBody+1)
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return cutShort(err, true)
	}
	return fmt.Errorf("%w: %d bytes and no end", errAnswer, n)
}

func (a *answers) chunks() error {
	left := int64(maxBody)
	for {
		n, err := a.chunkSize()
		if err != nil {
			return err
		}
		if n == 0 {
			return a.trailers()
		}
		if left -= n; left < 0 {
			return fmt.Errorf("%w: its chunks are longer than %d bytes", errAnswer, maxBody)
		}
		if err := a.discard(n); err != nil {
			return err
		}
		end, whole, err := a.line()
		if err != nil {
			return cutShort(err, true)
		}
		if len(end) > 0 || !whole {
			return fmt.Errorf("%w: a chunk goes on after its end", errAnswer)
		}
		a.head = max(a.head, maxHead/2) // chunks may be many; a bounded body has boundedly many
	}
}

// chunkSize reads the line before a chunk. Extensions are passed over, as RFC 9112 section 7.1.1 asks.
func (a *answers) chunkSize() (int64, error) {
	line, whole, err := a.line()
	if err != nil {
		return 0, cutShort(err, true)
	}
	size, _, _ := bytes.Cut(line, []byte(";"))
	n, ok := number(bytes.TrimRight(size, " \t"), 16)
	if !ok || !whole {
		return 0, fmt.Errorf("%w: the size of a chunk", errAnswer)
	}
	return n, nil
}

// trailers are read as fields are, and mean nothing here.
func (a *answers) trailers() error {
	for {
		line, whole, err := a.line()
		if err != nil {
			return cutShort(err, true)
		}
		if len(line) == 0 && whole {
			return nil
		}
		if !whole {
			if err := a.skipLine(); err != nil {
				return err
			}
		}
	}
}
