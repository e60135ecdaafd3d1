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

// frontListener is the socket of the gateway, or of the console. Caddy's own sockets are shared with every process of the
// same user that wants the address; this one is not, so that a second start notices the first. Caddy is handed it as a
// network.
type frontListener struct {
	net.Listener
	network string
}

// front is an address that a quickstart takes.
type front struct {
	network string // as which Caddy is handed the socket
	flag    string
	usual   string
	what    string

	socket atomic.Pointer[frontListener] // nil outside a quickstart
}

var (
	gatewayFront = &front{network: "quickstart", flag: "--listen", usual: "127.0.0.1:8080", what: "the gateway"}
	consoleFront = &front{network: "quickstart-console", flag: "--console", usual: "127.0.0.1:8081", what: "the console"}
)

func init() {
	for _, f := range []*front{gatewayFront, consoleFront} {
		caddy.RegisterNetwork(f.network, func(context.Context, string, string, string, uint, net.ListenConfig) (any, error) {
			if l := f.socket.Load(); l != nil {
				return l.Listener, nil
			}
			return nil, errors.New("the network " + f.network + " is for `doorward quickstart` only")
		})
	}
}

// listen takes an address of loopback.
func (f *front) listen(ctx context.Context, address string) (*frontListener, error) {
	host, port, err := net.SplitHostPort(address)
	if _, wrong := strconv.ParseUint(port, 10, 16); err != nil || wrong != nil {
		return nil, usageErrorf("%s is an address such as %s", f.flag, f.usual)
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return nil, usageErrorf("quickstart speaks plain HTTP, so it listens on loopback only, such as %s; "+
			"for other addresses write a Caddyfile, in which Caddy sees to TLS", f.usual)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("the address %s is taken by another program; stop that, or take a free port with %s 127.0.0.1:0", address, f.flag)
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot listen on %s: %w", f.what, address, err)
	}
	l := &frontListener{listener, f.network}
	f.socket.Store(l)
	return l, nil
}

// site is where the socket really listens, as the Caddyfile takes it: what to bind to, and the port.
func (l *frontListener) site() (bind, port string) {
	host, port, _ := net.SplitHostPort(l.Addr().String()) // net's own spelling has both
	return l.network + "/" + host, port
}

func (l *frontListener) url() string { return "http://" + l.Addr().String() }
