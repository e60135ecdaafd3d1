package rig

import (
	"context"
	"fmt"
	"net"
)

// FreePorts returns n ports of 127.0.0.1 that are free now, all different. Somebody else may take one before it is used: the
// program then says so when it starts.
func FreePorts(n int) ([]int, error) {
	ports := make([]int, 0, n)
	for range n {
		var config net.ListenConfig
		listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("looking for a free port: %w", err)
		}
		defer listener.Close() // All are held until all are found.
		address, ok := listener.Addr().(*net.TCPAddr)
		if !ok {
			return nil, fmt.Errorf("listening on %v, which is no TCP address", listener.Addr())
		}
		ports = append(ports, address.Port)
	}
	return ports, nil
}

// Listening is a Spec.Ready: a connection to host:port can be made.
func Listening(address string) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	}
}
