package module

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/module/attribute"
)

const (
	// defaultBodyTimeout is enough for the default max_body, a megabyte, at 280 kbit/s.
	defaultBodyTimeout = 30 * time.Second

	// mostBodies is what the bodies that policies are asked about may take together, in bytes.
	mostBodies = 256 << 20
)

// bodies counts the bytes of bodies that are in memory because a policy is asked about them.
type bodies struct{ held atomic.Int64 }

var errBodies = errors.New("the bodies that are being decided take too much memory together")

// Body reads the body and leaves it in place for the next handler. Everything else that is forwarded streams, and is bounded
// by the server's own timeouts; what is held here has a deadline of its own, so that nobody occupies memory by sending a
// byte now and then.
func (in input) Body(limit int64) ([]byte, error) {
	x := in.x
	if x.r.Body == nil || x.r.Body == http.NoBody {
		return attribute.ReadBody(x.r, limit)
	}
	counted := &countedBody{ReadCloser: x.r.Body, all: &x.h.gate.bodies}
	x.r.Body = counted
	// The request's context ends when its handlers have returned, however they do.
	context.AfterFunc(x.r.Context(), counted.release)
	connection := http.NewResponseController(x.ResponseWriter)
	isTimed := connection.SetReadDeadline(x.bodyDeadline()) == nil // a writer without deadlines belongs to no connection
	data, err := attribute.ReadBody(x.r, limit)
	if err == nil && isTimed {
		// The connection may be used for other requests after this, and is watched for the client's leave.
		_ = connection.SetReadDeadline(time.Time{})
	}
	return data, err
}

// bodyDeadline is the earlier one of the gate's and the server's own, which one for the connection takes the place of.
func (x *exchange) bodyDeadline() time.Time {
	deadline := time.Now().Add(x.h.bodyTimeout)
	server, _ := x.r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if server == nil || server.ReadTimeout <= 0 { // there is no server where a request is rehearsed
		return deadline
	}
	if own := x.now.Add(time.Duration(server.ReadTimeout)); own.Before(deadline) {
		return own
	}
	return deadline
}

// countedBody is a body that is read into memory.
type countedBody struct {
	io.ReadCloser
	all  *bodies
	held atomic.Int64
	over atomic.Bool
}

// Read fails where all bodies together have become too large.
func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	all := b.all.held.Add(int64(n))
	b.held.Add(int64(n))
	if b.over.Load() { // the client has gone while this was read
		b.release()
	}
	if all > mostBodies {
		return n, errBodies
	}
	return n, err
}

// release gives back what was counted. The next handler reads from memory, and not from here.
func (b *countedBody) release() {
	b.over.Store(true)
	b.all.held.Add(-b.held.Swap(0))
}

// denyBody refuses a body that could not be had in time or for want of memory, and reports whether it was for that.
func (x *exchange) denyBody(err error) bool {
	if errors.Is(err, errBodies) {
		x.denyFault(fault.New(fault.Unavailable, "", errBodies))
		return true
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		x.deny(reasonBodySlow, "")
		return true
	}
	return false
}
