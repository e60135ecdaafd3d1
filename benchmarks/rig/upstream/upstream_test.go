package upstream_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/benchmarks/rig/upstream"
)

func serve(t *testing.T, answer []byte) net.Conn {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- upstream.Serve(ctx, listener, answer) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("ended with %v", err)
		}
	})
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// Each request of a connection has one answer, whatever its body: a body that was taken for the next request, or a request
// taken for a body, would shift all answers that follow.
func TestServe(t *testing.T) {
	chunks := "5\r\nhello\r\n6;ext=1\r\n\r\n\r\n\r\n\r\n0\r\nTrailer: x\r\n\r\n"
	requests := []string{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\ncontent-length:0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: Trailer\r\n\r\n" + chunks,
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("\n", 1_000_000),
		"GET /" + strings.Repeat("x", 50_000) + " HTTP/1.1\r\nHost: a\r\nCookie: c\r\nTe: trailers\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	}
	conn := serve(t, upstream.Answer(http.StatusOK, `{"a":1}`))
	go func() { _, _ = io.WriteString(conn, strings.Join(requests, "")) }() // in one go: what one leaves unread the next would meet
	answers := bufio.NewReader(conn)
	for i := range requests {
		response, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK || string(body) != `{"a":1}` {
			t.Fatalf("answer %d: %d %q %v", i, response.StatusCode, body, err)
		}
	}
	if answers.Buffered() > 0 {
		t.Errorf("%d bytes too many", answers.Buffered())
	}
}

// What is no request closes the connection.
func TestServeBroken(t *testing.T) {
	for name, request := range map[string]string{
		"negative length": "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
		"no length":       "POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
		"no chunk":        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		"endless head":    "GET / HTTP/1.1\r\n" + strings.Repeat("X: y\r\n", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			conn := serve(t, upstream.Answer(http.StatusOK, ""))
			go func() { _, _ = io.WriteString(conn, request) }()
			// That it closes at once may reset the connection; that it does not close shows in the deadline.
			if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if answer, err := io.ReadAll(conn); len(answer) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("answered %q, %v", answer, err)
			}
		})
	}
}

func TestAnswer(t *testing.T) {
	for _, body := range []string{"", `{"a":1}`} {
		response, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(upstream.Answer(http.StatusOK, body)))), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(response.Body); err != nil || string(got) != body || response.ContentLength != int64(len(body)) {
			t.Errorf("body %q of %d bytes, %v; want %q", got, response.ContentLength, err, body)
		}
	}
}
