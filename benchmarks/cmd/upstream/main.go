// Command upstream gives every request the same answer, see package upstream. It listens on loopback only:
//
//	go run ./benchmarks/cmd/upstream -listen 127.0.0.1:9000
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/netip"

	"github.com/doorward/doorward/benchmarks/rig"
	"github.com/doorward/doorward/benchmarks/rig/upstream"
)

func main() {
	address := flag.String("listen", "127.0.0.1:9000", "where to listen: a loopback address and a port")
	status := flag.Int("status", http.StatusOK, "status of the answer")
	body := flag.String("body", `{"status":"ok","message":"a small answer"}`, "body of the answer")
	flag.Parse()
	rig.Main(func(ctx context.Context) error { return run(ctx, *address, upstream.Answer(*status, *body)) })
}

func run(ctx context.Context, address string, answer []byte) error {
	if at, err := netip.ParseAddrPort(address); err != nil || !at.Addr().IsLoopback() {
		return fmt.Errorf("%q is no loopback address with a port", address)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return upstream.Serve(ctx, listener, answer)
}
