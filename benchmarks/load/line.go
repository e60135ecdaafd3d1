package load

import (
	"context"
	"errors"
	"time"
)

// errUnreachable: the server could not be reached for as long as a plan waits.
var errUnreachable = errors.New("load: the server cannot be reached any more")

// transport is what requests go over: HTTP/1.1 on a connection of the generator's own, or a Line of somebody else's.
type transport interface {
	open(ctx context.Context) error
	isOpen() bool
	// ask also says whether a failed request is to be sent again, on a new connection. After an error it is closed.
	ask(ctx context.Context, raw []byte, now time.Time) (status int, again bool, err error)
	drop()
}

// link is one of the connections of a run. A single goroutine uses it.
type link struct {
	transport
	timeout  time.Duration
	reopened int64
}

// request sends a request over an open connection, opening one where there is none, and returns the status of its answer.
func (l *link) request(ctx context.Context, raw []byte, now time.Time) (int, error) {
	for {
		if !l.isOpen() {
			if err := l.reopen(ctx, now); err != nil {
				return 0, err
			}
		}
		status, again, err := l.ask(ctx, raw, now)
		if err == nil || !again {
			return status, err
		}
	}
}

// reopen tries for the length of the timeout, with growing pauses. A request that waits for it is under way all the time.
func (l *link) reopen(ctx context.Context, now time.Time) error {
	l.reopened++
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		err := l.open(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if time.Since(now) > l.timeout {
			return errors.Join(errUnreachable, err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// foreign is the transport over a Line.
type foreign struct {
	make    func(context.Context) (Line, error)
	timeout time.Duration
	line    Line
}

func (f *foreign) open(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	f.line, err = f.make(ctx)
	if err != nil {
		f.line = nil
	}
	return err
}

func (f *foreign) isOpen() bool { return f.line != nil }

func (f *foreign) ask(ctx context.Context, raw []byte, _ time.Time) (int, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	status, err := f.line.Ask(ctx, raw)
	if err != nil {
		f.drop()
	}
	return status, false, err
}

func (f *foreign) drop() {
	if f.line != nil {
		_ = f.line.Close() // it is given up
		f.line = nil
	}
}
