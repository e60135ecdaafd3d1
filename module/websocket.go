package module

import (
	"encoding/binary"
	"net"
	"sync"
	"time"
)

// closePolicyViolation is RFC 6455's status 1008: the endpoint ends the connection for a reason of policy.
const closePolicyViolation = 1008

// How long a cut WebSocket may take to finish the frame it is in, and then its peer to read the close frame.
const websocketGrace = time.Second

// websocketConn is the client side of a proxied WebSocket. It follows the frames on their way to the client, so that a
// cut can say why between two of them: a close frame written inside another frame would be read as its payload.
type websocketConn struct {
	net.Conn

	mu      sync.Mutex
	frames  frameTracker
	ending  []byte // the close frame still to be sent; nil unless the connection is being cut
	ended   bool
	said    chan struct{} // closed once the close frame is on its way
	closing sync.Once
}

func watchWebsocket(conn net.Conn) *websocketConn {
	return &websocketConn{Conn: conn, said: make(chan struct{})}
}

// Write passes bytes on to the client and, where the connection is being cut, ends it at the next frame boundary.
func (c *websocketConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return 0, net.ErrClosed
	}
	upTo := len(p)
	if c.ending != nil {
		upTo = c.frames.boundary(p)
	}
	n, err := c.Conn.Write(p[:upTo])
	c.frames.advance(p[:n])
	if err != nil {
		return n, err
	}
	if c.ending != nil && c.frames.atBoundary() {
		c.sayGoodbye()
		return n, net.ErrClosed
	}
	return n, nil
}

// endWith closes the connection with a status, at once where no frame is under way, else when it is complete, and in
// any case within the grace time; then is called after that.
func (c *websocketConn) endWith(status uint16, then func()) {
	// A client that does not read must not hold up the cut.
	_ = c.SetWriteDeadline(time.Now().Add(websocketGrace))
	go func() {
		defer then()
		c.mu.Lock()
		c.ending = binary.BigEndian.AppendUint16([]byte{0x88, 2}, status) // FIN+close, two bytes unmasked
		if c.frames.atBoundary() && !c.ended {
			c.sayGoodbye()
		}
		c.mu.Unlock()
		select {
		case <-c.said:
		case <-time.After(websocketGrace):
		}
	}()
}

// sayGoodbye runs with the lock held.
func (c *websocketConn) sayGoodbye() {
	c.ended = true
	_, _ = c.Conn.Write(c.ending)
	_ = c.CloseWrite()
	close(c.said)
}

// CloseWrite ends our half of the connection.
func (c *websocketConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Close closes at once, but for a connection that was just told goodbye: closing with unread input makes the kernel
// throw away what the peer has not read yet, the close frame with it. So the input is read off first, for a while.
func (c *websocketConn) Close() error {
	c.mu.Lock()
	cut := c.ending != nil
	c.mu.Unlock()
	if !cut {
		return c.Conn.Close()
	}
	c.closing.Do(func() { go c.linger() })
	return nil
}

func (c *websocketConn) linger() {
	defer c.Conn.Close()
	_ = c.SetReadDeadline(time.Now().Add(websocketGrace))
	discard := make([]byte, 4<<10)
	for {
		if _, err := c.Conn.Read(discard); err != nil {
			return
		}
	}
}

// frameTracker follows RFC 6455 framing of unmasked or masked frames, byte by byte, without keeping payload.
type frameTracker struct {
	header [14]byte
	have   int    // bytes of the header seen; 0 between frames
	left   uint64 // payload bytes still to come
}

func (f *frameTracker) atBoundary() bool { return f.have == 0 && f.left == 0 }

// advance takes note of bytes sent.
func (f *frameTracker) advance(p []byte) {
	for len(p) > 0 {
		p = p[f.step(p):]
	}
}

// boundary is how many bytes of p may be sent up to the end of the frame under way; 0 between frames.
func (f *frameTracker) boundary(p []byte) int {
	ahead, sent := *f, 0
	for sent < len(p) && !ahead.atBoundary() {
		sent += ahead.step(p[sent:])
	}
	return sent
}

// step consumes some bytes of one frame, never more than are left of it, and says how many.
func (f *frameTracker) step(p []byte) int {
	if f.left > 0 {
		n := min(uint64(len(p)), f.left)
		f.left -= n
		return int(n)
	}
	f.header[f.have] = p[0]
	f.have++
	if size, known := f.headerSize(); known && f.have == size {
		f.left, f.have = f.payload(), 0
	}
	return 1
}

func (f *frameTracker) headerSize() (size int, known bool) {
	if f.have < 2 {
		return 0, false
	}
	size = 2
	switch f.header[1] & 0x7f {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if f.header[1]&0x80 != 0 {
		size += 4
	}
	return size, true
}

func (f *frameTracker) payload() uint64 {
	switch n := f.header[1] & 0x7f; n {
	case 126:
		return uint64(binary.BigEndian.Uint16(f.header[2:]))
	case 127:
		return binary.BigEndian.Uint64(f.header[2:])
	default:
		return uint64(n)
	}
}
