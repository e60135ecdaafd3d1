// Package load sends HTTP/1.1 requests over loopback and says how long the answers took.
//
// In the open loop a request is due at its instant whether or not the ones before it are answered, and its latency counts from
// there: a server that stands still for a second makes a second's worth of requests late, rather than one. In the closed loop
// each connection sends its next request when it has its answer, which measures throughput and nothing else.
package load

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Request is what is sent, ready as bytes.
type Request struct {
	Raw  []byte // an HTTP/1.1 request, written as it is and never changed; several connections may send the same bytes
	Name string // its class in the result, e.g. "hot" or "bad"
}

// Spacing is how the due instants of the open loop lie in time.
type Spacing int

// How requests may be spaced.
const (
	Even    Spacing = iota // request n is due at n/rate
	Poisson                // independent arrivals: the gaps are exponentially distributed with the mean 1/rate
)

// Plan says what is sent, how, and for how long. With a Rate it is an open loop, without one a closed loop.
type Plan struct {
	Address     string        // host:port, which must be loopback, or the path of a Unix socket
	Network     string        // "tcp" (default) or "unix"
	LocalIP     netip.Addr    // source address for TCP, 127.0.0.0/8 or ::1; the zero Addr leaves it to the system
	Rate        float64       // requests a second of the open loop; 0 is the closed loop
	Spacing     Spacing       // of the open loop
	Connections int           // kept open, from 1 to 20,000: the bound of what is under way at the same time
	Warmup      time.Duration // before the measurement: sent alike and not counted; at most a minute
	Duration    time.Duration // of the measurement, at most 10 minutes
	Timeout     time.Duration // for one answer, and for reaching the server at all; default 10 s
	MaxRequests int64         // bound of all requests, warm-up included; 0: in the open loop what follows from Rate, in the closed loop 100,000,000

	// Next makes request n, counted from 0. It is called concurrently, each connection with a generator of random numbers of its
	// own, between the instant a request is due and the instant it is sent: what it takes is latency.
	Next func(rng *rand.Rand, n int64) Request
	Seed uint64 // of all random numbers

	// Open opens a line that speaks something else than HTTP/1.1, to the same address; nil: HTTP/1.1. It has to heed ctx.
	Open func(ctx context.Context) (Line, error)
}

// Line is one connection of the generator, used by one goroutine.
type Line interface {
	// Ask sends a request and waits for its answer, at most until ctx ends. The status is whatever the protocol has of the kind. After an
	// error the line is closed, and another one opened for the next request.
	Ask(ctx context.Context, raw []byte) (status int, err error)
	Close() error
}

// Result is what was measured after the warm-up.
type Result struct {
	Requests int64         // answered, whatever the status
	Errors   int64         // not answered: broken connections, broken answers, timeouts; they are in no histogram
	Unsent   int64         // open loop: due, and no connection was free until the run was over; their waiting until then is in the histograms
	Reopened int64         // connections that were opened again, because the server had closed them
	Statuses map[int]int64 // how many of Requests had which
	Elapsed  time.Duration // from the end of the warm-up to the last answer

	Latency *hdrhistogram.Histogram            // nanoseconds, of all; from the due instant in the open loop, from sending in the closed one
	ByName  map[string]*hdrhistogram.Histogram // the same by Request.Name

	// How late the generator itself sent, in nanoseconds: after the due instant, or after its connection became free where that
	// was later. Behind is the worst of it. Where it is not far below the latencies, these are the generator's own.
	Lateness *hdrhistogram.Histogram
	Behind   time.Duration
}
