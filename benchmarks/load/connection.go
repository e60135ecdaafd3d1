package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// dialer opens connections, and closes them all when the run ends.
type dialer struct {
	network, address string
	from             net.Dialer
	mu               sync.Mutex
	open             map[net.Conn]struct{}
	ended            bool
}

func newDialer(p Plan) *dialer {
	d := &dialer{network: p.Network, address: p.Address, open: map[net.Conn]struct{}{}}
	d.from.Timeout = p.Timeout
	if p.LocalIP.IsValid() {
		d.from.LocalAddr = &net.TCPAddr{IP: p.LocalIP.AsSlice()}
	}
	return d
}

func (d *dialer) dial(ctx context.Context) (net.Conn, error) {
	c, err := d.from.DialContext(ctx, d.network, d.address)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		c.Close()
		return nil, net.ErrClosed
	}
	c = quicken(c)
	d.open[c] = struct{}{}
	return c, nil
}

func (d *dialer) close(c net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, c)
	c.Close()
}

// end closes every connection, whoever reads from it, and lets no new one be opened.
func (d *dialer) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = true
	for c := range d.open {
		c.Close()
	}
	clear(d.open)
}

// connection is one of those that a run keeps open. A single goroutine uses it.
type connection struct {
	dialer   *dialer
	timeout  time.Duration
	conn     net.Conn // nil: to be opened
	in       *bufio.Reader
	used     bool      // conn has brought an answer
	deadline time.Time // of conn
}

// bufferSize holds the whole answer of an API that says little. Twenty thousand connections have one each.
const bufferSize = 4 << 10

func (c *connection) open(ctx context.Context) error {
	conn, err := c.dialer.dial(ctx)
	if err != nil {
		return err
	}
	if c.in == nil {
		c.in = bufio.NewReaderSize(conn, bufferSize)
	} else {
		c.in.Reset(conn)
	}
	c.conn, c.used, c.deadline = conn, false, time.Time{}
	return nil
}

func (c *connection) isOpen() bool { return c.conn != nil }

func (c *connection) drop() {
	if c.conn != nil {
		c.dialer.close(c.conn)
		c.conn = nil
	}
}

// ask sends a request and reads its answer. A server may close a connection that nobody uses at any time, so a request
// that meets that, and got no byte of an answer, is to be sent once more on a new connection, as every client does it.
func (c *connection) ask(_ context.Context, raw []byte, now time.Time) (status int, again bool, err error) {
	used := c.used
	answer, err := c.exchange(raw, now)
	if err != nil {
		c.drop()
		return 0, used && closedByPeer(err), err
	}
	c.used = true
	if answer.last {
		c.drop()
	}
	return answer.status, false, nil
}

func closedByPeer(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func (c *connection) exchange(raw []byte, now time.Time) (answer, error) {
	// Moving a deadline costs as much as everything else here, so it is moved by a quarter more than needed, and rarely.
	if c.deadline.Sub(now) < c.timeout {
		c.deadline = now.Add(c.timeout + c.timeout/4)
		if err := c.conn.SetDeadline(c.deadline); err != nil {
			return answer{}, err
		}
	}
	_, failed := c.conn.Write(raw)
	if failed != nil && !closedByPeer(failed) {
		return answer{}, failed
	}
	// Who refuses a large body answers before reading it and then closes: the answer is there although the writing failed.
	in := answers{r: c.in}
	got, err := in.next(bytes.HasPrefix(raw, []byte("HEAD ")))
	if failed != nil {
		got.last = true
	}
	return got, err
}
