// Package upstream is the server behind every program under test: it gives each request the same answer, and costs as little
// as can be, because it shares its CPU with the generator of the load. The same server, with an empty answer, is the one that
// always says yes to forward_auth and auth_request.
//
// It reads of a request no more than where it ends. It is no server for anything but measurements on loopback.
package upstream

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
)

const (
	bufferBytes = 8 << 10
	// headBytes bounds the lines before a body; a proxy adds a few hundred bytes to those of its client.
	headBytes = 256 << 10
)

// Answer is a whole HTTP/1.1 answer with this body and a Content-Type of JSON, or none where the body is empty.
func Answer(status int, body string) []byte {
	var kind string
	if body != "" {
		kind = "Content-Type: application/json\r\n"
	}
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\n%sContent-Length: %d\r\n\r\n%s", status, http.StatusText(status), kind, len(body), body)
}

// Serve answers every request on the listener with the same bytes, on connections that are kept open, until ctx ends. Bodies of
// requests are read to their end first. It returns nil when ctx ended, with all connections closed.
func Serve(ctx context.Context, listener net.Listener, answer []byte) error {
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
	for {
		conn, err := listener.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil //nolint:nilerr // closed because it was asked to end
			}
			return err
		}
		go serve(ctx, conn, answer)
	}
}

// serve ends with the connection: when the other side closes it, when it is no HTTP, and when ctx ends.
func serve(ctx context.Context, conn net.Conn, answer []byte) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	for requests := bufio.NewReaderSize(conn, bufferBytes); skip(requests) == nil; {
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

var errHead = errors.New("the head of a request is too long or broken")

// skip reads one request to its end.
func skip(requests *bufio.Reader) error {
	length, chunked, err := skipHead(requests)
	switch {
	case err != nil:
		return err
	case chunked:
		if _, err := io.Copy(io.Discard, httputil.NewChunkedReader(requests)); err != nil {
			return err
		}
		_, _, err := skipHead(requests) // trailers, which end as a head does
		return err
	case length > 0:
		_, err := io.CopyN(io.Discard, requests, length)
		return err
	}
	return nil
}

// skipHead reads up to the empty line. Of a line longer than the buffer the parts count as lines, and none of what it looks for
// is that long.
func skipHead(requests *bufio.Reader) (length int64, chunked bool, err error) {
	for read := 0; read < headBytes; {
		line, err := requests.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return 0, false, err
		}
		read += len(line)
		if len(line) <= 2 {
			return length, chunked, nil
		}
		// The first letter rules out most lines at the price of a comparison.
		switch line[0] | 0x20 {
		case 'c':
			if value, ok := header(line, "content-length"); ok {
				if length, err = strconv.ParseInt(string(value), 10, 64); err != nil || length < 0 {
					return 0, false, errHead
				}
			}
		case 't':
			if _, ok := header(line, "transfer-encoding"); ok {
				chunked = true
			}
		}
	}
	return 0, false, errHead
}

// header is the value of a line, where the line is about that name.
func header(line []byte, name string) ([]byte, bool) {
	if len(line) <= len(name) || line[len(name)] != ':' || !bytes.EqualFold(line[:len(name)], []byte(name)) {
		return nil, false
	}
	return bytes.TrimSpace(line[len(name)+1:]), true
}
