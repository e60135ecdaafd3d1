package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Nothing is sent to another machine, and no plan goes on for a day.
func TestRefusedPlans(t *testing.T) {
	fine := Plan{Address: "127.0.0.1:1", Connections: 1, Duration: time.Second, Next: get}
	for name, change := range map[string]func(p *Plan){
		"an address that is not loopback": func(p *Plan) { p.Address = "192.0.2.1:80" },
		"any address":                     func(p *Plan) { p.Address = "0.0.0.0:80" },
		"a name":                          func(p *Plan) { p.Address = "localhost:80" },
		"a name, mapped":                  func(p *Plan) { p.Address = "[::ffff:192.0.2.1]:80" },
		"no port":                         func(p *Plan) { p.Address = "127.0.0.1" },
		"a source that is not loopback":   func(p *Plan) { p.LocalIP = netip.MustParseAddr("192.0.2.1") },
		"another network":                 func(p *Plan) { p.Network = "udp" },
		"no requests":                     func(p *Plan) { p.Next = nil },
		"no connections":                  func(p *Plan) { p.Connections = 0 },
		"too many connections":            func(p *Plan) { p.Connections = 20_001 },
		"a negative rate":                 func(p *Plan) { p.Rate = -1 },
		"a rate that is no number":        func(p *Plan) { p.Rate -= p.Rate / p.Rate },
		"too high a rate":                 func(p *Plan) { p.Rate = 1e7 },
		"no duration":                     func(p *Plan) { p.Duration = 0 },
		"too long a duration":             func(p *Plan) { p.Duration = time.Hour },
		"too long a warm-up":              func(p *Plan) { p.Warmup = time.Hour },
		"a negative timeout":              func(p *Plan) { p.Timeout = -1 },
		"a negative bound":                func(p *Plan) { p.MaxRequests = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			plan := fine
			change(&plan)
			if _, err := plan.completed(); err == nil {
				t.Error("taken")
			}
			if _, err := Run(t.Context(), plan); err == nil {
				t.Error("run")
			}
		})
	}
	for _, address := range []string{"127.0.0.1:1", "127.8.8.8:80", "[::1]:443", "[::ffff:127.0.0.1]:80"} {
		if err := Loopback(address); err != nil {
			t.Error(err)
		}
	}
}

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := Run(t.Context(), Plan{Address: l.Addr().String(), Connections: 100, Duration: time.Minute, Next: get}); err == nil {
		t.Error("no error")
	}
}

// A server that goes away is waited for as long as for an answer, and then the run is over rather than a flood of attempts.
func TestServerGoesAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		conn, err := l.Accept()
		l.Close()
		if err == nil {
			conn.Close()
		}
	}()
	for name, rate := range map[string]float64{"open": 1000, "closed": 0} {
		t.Run(name, func(t *testing.T) {
			result, err := Run(t.Context(), Plan{
				Address: l.Addr().String(), Rate: rate, Connections: 1, Duration: time.Minute, Timeout: 100 * time.Millisecond, Next: get,
			})
			if err == nil || result.Requests > 0 || result.Errors > 10 {
				t.Errorf("%d requests, %d errors, %v", result.Requests, result.Errors, err)
			}
		})
	}
}

func TestContextEndsTheRun(t *testing.T) {
	for name, rate := range map[string]float64{"open": 1000, "closed": 0, "before the next is due": 0.01} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			ended := errors.New("ended")
			release := make(chan struct{})
			address := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				cancel(ended)
				<-release
			}))
			t.Cleanup(func() { close(release) })
			result, err := Run(ctx, Plan{Address: address, Rate: rate, Connections: 2, Duration: 5 * time.Minute, Timeout: 5 * time.Minute, Next: get})
			if !errors.Is(err, ended) || result.Requests != 0 || result.Errors != 0 || result.Unsent != 0 {
				t.Errorf("%+v, %v", result, err)
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	address := speak(t, func(_ net.Conn, in *bufio.Reader) { io.Copy(io.Discard, in) })
	result := mustRun(t, Plan{Address: address, Connections: 1, Duration: time.Minute, Timeout: 50 * time.Millisecond, MaxRequests: 2, Next: get})
	if result.Errors != 2 || result.Requests != 0 || result.Reopened != 1 {
		t.Errorf("%+v", result)
	}
}

// A server may close a connection that nobody uses. That costs a new connection and no request.
func TestClosedWhileIdle(t *testing.T) {
	address := speak(t, func(conn net.Conn, _ *bufio.Reader) {
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	})
	result := mustRun(t, Plan{Address: address, Connections: 1, Duration: time.Minute, MaxRequests: 20, Next: get})
	if result.Requests != 20 || result.Errors != 0 || result.Reopened != 19 {
		t.Errorf("%d requests, %d errors, reopened %d times; want 20, 0, 19", result.Requests, result.Errors, result.Reopened)
	}
}

// A connection that breaks inside an answer, or before the first, is an error: nothing says that the request was not acted on.
func TestBrokenAnswers(t *testing.T) {
	for name, answer := range map[string]string{
		"nothing":            "",
		"half a status line": "HTTP/1.1 2",
		"another protocol":   "SSH-2.0-OpenSSH_9.9\r\n\r\n",
		"half a head":        "HTTP/1.1 200 OK\r\nContent-",
		"half a body":        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
		"half a chunk":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhalf",
		"no last chunk":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			var said atomic.Int64
			address := speak(t, func(conn net.Conn, in *bufio.Reader) {
				said.Add(1)
				io.WriteString(conn, answer)
			})
			result := mustRun(t, Plan{Address: address, Connections: 1, Duration: time.Minute, MaxRequests: 3, Next: get})
			if result.Errors != 3 || result.Requests != 0 || said.Load() != 3 {
				t.Errorf("%d errors, %d requests, asked %d times; want 3, 0, 3", result.Errors, result.Requests, said.Load())
			}
		})
	}
	t.Run("broken on a used connection", func(t *testing.T) {
		address := speak(t, func(conn net.Conn, in *bufio.Reader) {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			if head(in) {
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
			}
		})
		result := mustRun(t, Plan{Address: address, Connections: 1, Duration: time.Minute, MaxRequests: 4, Next: get})
		if result.Errors != 2 || result.Requests != 2 {
			t.Errorf("%d errors, %d requests, want 2 and 2", result.Errors, result.Requests)
		}
	})
}

// Who refuses a large body answers before it is there and closes. The answer counts.
func TestRefusedBody(t *testing.T) {
	address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	raw := fmt.Appendf(nil, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n%s", 4<<20, bytes.Repeat([]byte("x"), 4<<20))
	result := mustRun(t, Plan{
		Address: address, Connections: 2, Duration: time.Minute, MaxRequests: 10,
		Next: func(*rand.Rand, int64) Request { return Request{Raw: raw} },
	})
	if result.Statuses[401] != 10 || result.Errors != 0 {
		t.Errorf("statuses %v, %d errors", result.Statuses, result.Errors)
	}
}

func TestSourceAddress(t *testing.T) {
	var other atomic.Int64
	address := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.RemoteAddr, "127.0.0.7:") {
			other.Add(1)
		}
	}))
	result := mustRun(t, Plan{
		Address: address, LocalIP: netip.MustParseAddr("127.0.0.7"), Connections: 1, Duration: time.Minute, MaxRequests: 3, Next: get,
	})
	if result.Requests != 3 || other.Load() != 0 {
		t.Errorf("%d requests, %d of them from another address", result.Requests, other.Load())
	}
}
