package remoteaccesstest_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/doorward/doorward/module/moduletest"
)

// policyViolation is RFC 6455's close status for "the endpoint ends this for a reason of policy".
const policyViolation = 1008

// under is something that is under way: ended returns once it has ended before its time, with what is wrong about how.
type under struct {
	ended func() error
	// status is what its record says in the end.
	status int
}

// kinds are what can be under way for long.
var kinds = map[string]func(s *site, token string) under{
	"WebSocket":     openSocket,
	"event stream":  func(s *site, token string) under { return openResponse(s, token, "text/event-stream") },
	"long download": func(s *site, token string) under { return openResponse(s, token, "application/octet-stream") },
	"upload":        openUpload,
}

func openSocket(s *site, token string) under {
	s.t.Helper()
	socket, response := s.DialWebsocket("/live", token)
	if response.StatusCode != http.StatusSwitchingProtocols {
		s.t.Fatalf("status %d, want 101", response.StatusCode)
	}
	s.must(socket.Send(moduletest.TextFrame, []byte("hello")))
	if frame, err := socket.Receive(); err != nil || string(frame.Payload) != "hello" {
		s.t.Fatalf("echo %q, %v", frame.Payload, err)
	}
	return under{status: http.StatusSwitchingProtocols, ended: func() error {
		frame, err := socket.Receive()
		if err != nil || frame.Status() != policyViolation {
			return fmt.Errorf("received opcode %#x with status %d, %w; want a close frame with 1008", frame.Opcode, frame.Status(), err)
		}
		_ = socket.Send(moduletest.CloseFrame, frame.Payload) // what it is closed with is said back, and nothing waits then
		if _, err := socket.Receive(); !errors.Is(err, io.EOF) {
			return fmt.Errorf("after the close frame came %w, want the end", err)
		}
		return nil
	}}
}

const firstEvent = "data: 1\n\n"

func openResponse(s *site, token, contentType string) under {
	s.t.Helper()
	conn := dial(s)
	_, err := fmt.Fprintf(conn, "GET /events HTTP/1.1\r\nHost: a.test\r\nAccept: %s\r\nAuthorization: Api-Token %s\r\n\r\n", contentType, token)
	s.must(err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	s.must(err)
	first := make([]byte, len(firstEvent))
	if _, err := io.ReadFull(response.Body, first); err != nil || string(first) != firstEvent {
		s.t.Fatalf("status %d, first event %q, %v", response.StatusCode, first, err)
	}
	return under{status: http.StatusOK, ended: func() error { return brokenOff(response.Body) }}
}

// brokenOff waits for the end of a body: as an error, so that nobody takes what came for all of it.
func brokenOff(body io.Reader) error {
	rest, err := io.ReadAll(body)
	switch {
	case err == nil:
		return fmt.Errorf("ended with %q as if it were whole, want it broken off", rest)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("went on: %w", err)
	}
	return nil
}

func dial(s *site) net.Conn {
	s.t.Helper()
	conn, err := new(net.Dialer).DialContext(s.t.Context(), "tcp", s.Addr)
	s.must(err)
	s.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

// uploads is an upstream that says when an upload has begun, and how it ended.
type uploads struct {
	*httptest.Server
	begun chan struct{}
	ended chan error
}

func newUploads(t *testing.T) *uploads {
	u := &uploads{begun: make(chan struct{}, 1), ended: make(chan error, 1)}
	u.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadFull(r.Body, make([]byte, 4))
		u.begun <- struct{}{}
		_, err := io.ReadAll(r.Body)
		u.ended <- err
	}))
	t.Cleanup(u.Close)
	return u
}

var uploading *uploads

func openUpload(s *site, token string) under {
	s.t.Helper()
	conn := dial(s)
	_, err := fmt.Fprintf(conn, "POST /upload HTTP/1.1\r\nHost: a.test\r\nAuthorization: Api-Token %s\r\nContent-Length: 1000000\r\n\r\npart", token)
	s.must(err)
	<-uploading.begun
	return under{ended: uploadEnded}
}

func uploadEnded() error {
	if err := <-uploading.ended; err == nil {
		return errors.New("the upstream took what it got for all of it")
	}
	return nil
}
