package mix

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/doorward/doorward/benchmarks/rig/upstream"
)

// Rear is what stands behind a gateway under load, in this process: the plain upstream, and a Behind.
type Rear struct {
	Upstream string // host:port
	Behind   *Behind
	stop     []func() error
}

// StartRear starts both at ports of their own. The upstream answers everything with this text as JSON.
func StartRear(ctx context.Context, answer string) (r *Rear, err error) {
	r = &Rear{}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	var listeners [2]net.Listener
	for i := range listeners {
		if listeners[i], err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			return r, err
		}
		r.stop = append(r.stop, listeners[i].Close)
	}
	r.Upstream = listeners[0].Addr().String()
	if r.Behind, err = NewBehind("http://" + listeners[1].Addr().String()); err != nil {
		return r, err
	}
	server := &http.Server{Handler: r.Behind, ReadHeaderTimeout: 10 * time.Second}
	r.stop = append(r.stop, server.Close)
	go func() { _ = upstream.Serve(ctx, listeners[0], upstream.Answer(http.StatusOK, answer)) }()
	go func() { _ = server.Serve(listeners[1]) }()
	return r, nil
}

// Close stops both. To close twice, or after ctx ended, is no error.
func (r *Rear) Close() error {
	var errs []error
	for _, stop := range r.stop {
		if err := stop(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
