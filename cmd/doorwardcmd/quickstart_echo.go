package doorwardcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// echoServer is the API behind the trial gateway: it answers every request with what it got.
type echoServer struct {
	address string
	server  *http.Server
}

func startEcho(ctx context.Context) (*echoServer, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the demo API cannot listen: %w", err)
	}
	server := &http.Server{Handler: http.HandlerFunc(echo), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute}
	go server.Serve(listener) //nolint:errcheck // always the news that it was closed
	return &echoServer{listener.Addr().String(), server}, nil
}

// stop cuts what is still open: the gateway has been stopped, and waited, before.
func (s *echoServer) stop() { _ = s.server.Close() }

// maxEcho is how much of a body is repeated, in bytes.
const maxEcho = 64 << 10

// echoed is what reached the API. Path is escaped as it came.
type echoed struct {
	Method    string      `json:"method"`
	Host      string      `json:"host"`
	Path      string      `json:"path"`
	Query     string      `json:"query"`
	Headers   http.Header `json:"headers"`
	Body      string      `json:"body"`
	Truncated bool        `json:"truncated,omitempty"`
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEcho))
	_, tooLong := errors.AsType[*http.MaxBytesError](err)
	if err != nil && !tooLong {
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = writeJSON(w, echoed{ // a client that has gone cannot be told so
		Method: r.Method, Host: r.Host, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery,
		Headers: r.Header, Body: string(body), Truncated: tooLong,
	})
}
