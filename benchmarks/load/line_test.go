package load

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

// fakeLine answers 101, fails each third time, and counts what is done to it.
type fakeLine struct {
	asked, closed *atomic.Int64
}

func (l fakeLine) Ask(context.Context, []byte) (int, error) {
	if l.asked.Add(1)%3 == 0 {
		return 0, errors.New("the third")
	}
	return 101, nil
}

func (l fakeLine) Close() error { l.closed.Add(1); return nil }

// A line that failed is closed, the failure counts, and the next request has a new one. All are closed in the end.
func TestLine(t *testing.T) {
	var opened atomic.Int64
	line := fakeLine{new(atomic.Int64), new(atomic.Int64)}
	result := mustRun(t, Plan{
		Address: "127.0.0.1:1", Connections: 1, Duration: time.Minute, MaxRequests: 8, Next: get,
		Open: func(context.Context) (Line, error) { opened.Add(1); return line, nil },
	})
	if result.Requests != 6 || result.Errors != 2 || result.Statuses[101] != 6 || result.Reopened != 2 {
		t.Errorf("%+v", result)
	}
	if opened.Load() != 3 || line.closed.Load() != 3 {
		t.Errorf("opened %d, closed %d, want 3 each", opened.Load(), line.closed.Load())
	}
}

func TestLineTimesOut(t *testing.T) {
	result := mustRun(t, Plan{
		Address: "127.0.0.1:1", Connections: 1, Duration: time.Minute, Timeout: 20 * time.Millisecond, MaxRequests: 2, Next: get,
		Open: func(context.Context) (Line, error) { return silentLine{}, nil },
	})
	if result.Errors != 2 {
		t.Errorf("%+v", result)
	}
}

// silentLine never answers.
type silentLine struct{}

func (silentLine) Ask(ctx context.Context, _ []byte) (int, error) { <-ctx.Done(); return 0, ctx.Err() }
func (silentLine) Close() error                                   { return nil }
