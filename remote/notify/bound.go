package notify

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
)

// maxReplies bounds what a mail server may say in one conversation, certificates included, in bytes.
const maxReplies = 256 << 10

var errTalkative = errors.New("the mail server says too much")

// bounded is a connection from which only so much can be read.
type bounded struct {
	net.Conn
	left int
}

// Read reads until nothing is left of the bound.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTalkative
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

var errNotLoopback = errors.New("without TLS only this machine may be connected to")

// onlyLoopback is a net.Dialer's Control. It sees the address that a name has led to, so a name that leads elsewhere is of no
// use to whoever controls it.
func onlyLoopback(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !to.Addr().Unmap().IsLoopback() {
		return errNotLoopback
	}
	return nil
}
