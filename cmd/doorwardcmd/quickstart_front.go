package doorwardcmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync/atomic"
	"syscall"

	"github.com/caddyserver/caddy/v2"
)

// frontListener is the socket of the gateway. Caddy's own sockets are shared with every process of the same user that
// wants the address; this one is not, so that a second start notices the first. Caddy is handed it as the network
// frontNetwork.
type frontListener struct{ net.Listener }

const frontNetwork = "quickstart"

// front is what a config that binds to frontNetwork gets; nil outside a quickstart.
var front atomic.Pointer[frontListener]

func init() {
	caddy.RegisterNetwork(frontNetwork, func(context.Context, string, string, string, uint, net.ListenConfig) (any, error) {
		if l := front.Load(); l != nil {
			return l.Listener, nil
		}
		return nil, errors.New("the network " + frontNetwork + " is for `doorward quickstart` only")
	})
}

func listenOnLoopback(ctx context.Context, address string) (*frontListener, error) {
	host, port, err := net.SplitHostPort(address)
	if _, wrong := strconv.ParseUint(port, 10, 16); err != nil || wrong != nil {
		return nil, usageErrorf("--listen is an address such as 127.0.0.1:8080")
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return nil, usageErrorf("quickstart speaks plain HTTP, so it listens on loopback only, such as 127.0.0.1:8080; " +
			"for other addresses write a Caddyfile, in which Caddy sees to TLS")
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("the address %s is taken by another program; stop that, or take a free port with --listen 127.0.0.1:0", address)
	}
	if err != nil {
		return nil, fmt.Errorf("the gateway cannot listen on %s: %w", address, err)
	}
	l := &frontListener{listener}
	front.Store(l)
	return l, nil
}

// address is where the gateway really listens.
func (l *frontListener) hostPort() (host, port string) {
	host, port, _ = net.SplitHostPort(l.Addr().String()) // net's own spelling has both
	return host, port
}

func (l *frontListener) url() string { return "http://" + l.Addr().String() }
