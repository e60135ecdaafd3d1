package clustertest_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// proxy stands between a gateway and the server, and does what networks do. It also counts what the server is asked to execute.
type proxy struct {
	listener net.Listener
	target   string
	asked    atomic.Int64 // statements that the server was given
	dialled  atomic.Int64 // connections that were asked for

	mu    sync.Mutex
	conns map[net.Conn]bool
	cut   bool          // connections are closed, new ones too
	held  chan struct{} // not nil: nothing gets through until it is closed, and nobody is told
	delay time.Duration // of everything that the gateway sends
	gone  bool
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	p := &proxy{listener: l, target: target, conns: map[net.Conn]bool{}}
	var serving sync.WaitGroup
	serving.Go(func() { p.serve(&serving) })
	t.Cleanup(func() {
		l.Close()
		p.mu.Lock()
		p.gone = true
		p.mu.Unlock()
		p.heal()
		p.drop()
		serving.Wait()
	})
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) serve(serving *sync.WaitGroup) {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.dialled.Add(1)
		serving.Go(func() { p.pass(conn) })
	}
}

// pass connects one connection with the server until either side ends it.
func (p *proxy) pass(near net.Conn) {
	defer near.Close()
	if !p.keep(near) {
		return
	}
	defer p.forget(near)
	far, err := (&net.Dialer{Timeout: 5 * time.Second}).Dial("tcp", p.target) //nolint:noctx // bounded by its own limit
	if err != nil {
		return
	}
	defer far.Close()
	if !p.keep(far) {
		return
	}
	defer p.forget(far)
	var both sync.WaitGroup
	both.Go(func() { p.copy(far, near, new(statements)); far.Close() })
	both.Go(func() { p.copy(near, far, nil); near.Close() })
	both.Wait()
}

// keep notes a connection, so that it can be cut.
func (p *proxy) keep(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut || p.gone {
		return false
	}
	p.conns[conn] = true
	return true
}

func (p *proxy) forget(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, conn)
}

func (p *proxy) copy(to io.Writer, from io.Reader, counted *statements) {
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		held, delay := p.weather()
		if held != nil {
			<-held
		}
		if counted != nil {
			p.asked.Add(counted.in(buffer[:n]))
			time.Sleep(delay) // a line of this length, not a wait for anything
		}
		if _, failed := to.Write(buffer[:n]); errors.Join(err, failed) != nil {
			return
		}
	}
}

func (p *proxy) weather() (held <-chan struct{}, delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held, p.delay
}

// Cut closes all connections and every new one, as a server does that was stopped.
func (p *proxy) shut() {
	p.mu.Lock()
	p.cut = true
	p.mu.Unlock()
	p.drop()
}

// drop closes all connections once. New ones are welcome.
func (p *proxy) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		conn.Close()
	}
}

// freeze lets nothing through and closes nothing: a cable that was pulled, or a server whose machine stands still.
func (p *proxy) freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held == nil {
		p.held = make(chan struct{})
	}
}

// slow delays whatever the gateway sends from now on.
func (p *proxy) slow(delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = delay
}

// heal takes back all that was done to the network. What was held goes on.
func (p *proxy) heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut, p.delay = false, 0
	if p.held != nil {
		close(p.held)
		p.held = nil
	}
}

// statements counts messages of the frontend that have something executed, in a stream that comes in pieces. A message is a letter
// and a length, which counts itself; only the first one of a connection has no letter.
type statements struct {
	greeted bool
	header  []byte
	rest    int // of the message under way
}

func (s *statements) in(piece []byte) (found int64) {
	for len(piece) > 0 {
		if s.rest > 0 {
			n := min(s.rest, len(piece))
			s.rest, piece = s.rest-n, piece[n:]
			continue
		}
		letters := 1
		if !s.greeted {
			letters = 0
		}
		n := min(letters+4-len(s.header), len(piece))
		s.header, piece = append(s.header, piece[:n]...), piece[n:]
		if len(s.header) < letters+4 {
			return found
		}
		if letters == 1 && (s.header[0] == 'Q' || s.header[0] == 'E') {
			found++
		}
		s.rest = max(int(binary.BigEndian.Uint32(s.header[letters:]))-4, 0)
		s.header, s.greeted = s.header[:0], true
	}
	return found
}
