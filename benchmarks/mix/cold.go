package mix

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/doorward/doorward/benchmarks/load"
)

// coldRequests is how many count as the first, each of another token where there are as many.
const coldRequests = 1000

// startsWithin is how long a start may take.
const startsWithin = time.Minute

// cold starts the gateway anew. What it says is how long that takes until a request gets through, and how long the first requests do.
// They are sent in the closed loop: how many a cold gateway carries in a second nobody knows beforehand.
func cold(ctx context.Context, g Gateway, plan load.Plan) (Outcome, error) {
	start := time.Now()
	if err := g.Restart(ctx); err != nil {
		return Outcome{}, err
	}
	raws := Gets(metricsPath, g.Tokens)
	first, err := firstAnswer(ctx, g.Address, raws[len(raws)-1])
	if err != nil {
		return Outcome{}, err
	}
	ready := time.Since(start)
	plan.Rate, plan.Warmup, plan.MaxRequests = 0, 0, min(coldRequests, int64(len(raws)))
	plan.Duration = max(plan.Duration, startsWithin)
	plan.Next = func(_ *rand.Rand, n int64) load.Request {
		return load.Request{Raw: raws[n%int64(len(raws))], Name: "cold"}
	}
	result, err := load.Run(ctx, plan)
	outcome := Outcome{Parts: []Part{{"cold", result}}}
	outcome.note("until the first 200", "%v after the start, of which the request itself took %v", ready.Round(time.Millisecond), first.Round(10*time.Microsecond))
	return outcome, err
}

// firstAnswer asks until the gateway listens, and wants 200 then. It returns how long that one request took.
func firstAnswer(ctx context.Context, address string, raw []byte) (time.Duration, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, startsWithin, errors.New("the gateway does not start"))
	defer cancel()
	for ctx.Err() == nil {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			time.Sleep(time.Millisecond)
			continue
		}
		conn.Close()
		result, err := load.Run(ctx, load.Plan{
			Address: address, Connections: 1, Duration: startsWithin, MaxRequests: 1,
			Next: func(*rand.Rand, int64) load.Request { return load.Request{Raw: raw} },
		})
		if err != nil {
			return 0, err
		}
		if result.Statuses[200] != 1 {
			return 0, fmt.Errorf("the first request is answered %v, not 200", result.Statuses)
		}
		return time.Duration(result.Latency.Max()), nil
	}
	return 0, context.Cause(ctx)
}
