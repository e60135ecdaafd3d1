package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// run is one plan at work.
type run struct {
	plan     Plan
	base     time.Time     // its beginning; all other instants are counted from here
	end      time.Duration // of warm-up and measurement: nothing is due after it
	over     time.Duration // of the open loop: nothing is sent after it
	record   *recorder
	tickets  chan ticket // of the open loop
	issued   atomic.Int64
	reopened atomic.Int64
	fail     context.CancelCauseFunc
}

// ticket is a request that is due.
type ticket struct {
	n   int64
	due time.Duration
}

// overtime is how long after the end a request that was due before it may still be sent: a moment in which nobody ran is no reason to
// leave some out, and a server that is too slow does not catch up anyway.
const overtime = time.Second

// Run does what the plan says. It returns when the answers to all requests that were sent are there or have timed out, or at once when ctx
// ends. With an error the result is what was measured until then. The errors are a plan out of its bounds, a server that cannot
// be reached to begin with or for a whole Timeout later, and the end of ctx; a request that fails is counted and is none.
func Run(ctx context.Context, plan Plan) (Result, error) {
	plan, err := plan.completed()
	if err != nil {
		return Result{}, err
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	dialer := newDialer(plan)
	defer dialer.end()
	defer context.AfterFunc(ctx, dialer.end)()
	connections, err := openAll(ctx, plan, dialer)
	defer dropAll(connections)
	if err != nil {
		return Result{}, fmt.Errorf("load: connecting: %w", err)
	}
	alarm, err := newAlarm()
	if err != nil {
		return Result{}, fmt.Errorf("load: %w", err)
	}
	defer alarm.close()
	defer context.AfterFunc(ctx, alarm.close)()
	end := plan.Warmup + plan.Duration
	r := &run{plan: plan, end: end, over: end + min(plan.Duration, overtime), record: newRecorder(), tickets: make(chan ticket), fail: fail, base: time.Now()}
	r.all(ctx, connections, alarm)
	return r.total(ctx.Err() != nil), context.Cause(ctx)
}

// openAll opens the connections before anything is measured, some at a time: a backlog that overflows costs a second each.
func openAll(ctx context.Context, plan Plan, d *dialer) ([]*link, error) {
	const atOnce = 64
	connections := make([]*link, plan.Connections)
	failures := make([]error, min(atOnce, plan.Connections))
	var group sync.WaitGroup
	for first := range failures {
		group.Go(func() {
			for i := first; i < len(connections) && failures[first] == nil; i += atOnce {
				connections[i] = &link{transport: &connection{dialer: d, timeout: plan.Timeout}, timeout: plan.Timeout}
				if plan.Open != nil {
					connections[i].transport = &foreign{make: plan.Open, timeout: plan.Timeout}
				}
				failures[first] = connections[i].open(ctx)
			}
		})
	}
	group.Wait()
	for _, err := range failures {
		if err != nil {
			return connections, err // the others say the same
		}
	}
	return connections, nil
}

func dropAll(connections []*link) {
	for _, c := range connections {
		if c != nil {
			c.drop()
		}
	}
}

func (r *run) all(ctx context.Context, connections []*link, alarm *alarm) {
	var group sync.WaitGroup
	for i, c := range connections {
		random := rand.New(rand.NewPCG(r.plan.Seed, uint64(i)+1)) //nolint:gosec // the same each time, and no secret
		group.Go(func() {
			defer func() { r.reopened.Add(c.reopened) }()
			if r.plan.Rate > 0 {
				r.open(ctx, c, random)
			} else {
				r.closed(ctx, c, random)
			}
		})
	}
	if r.plan.Rate > 0 {
		r.pace(ctx, alarm)
		close(r.tickets)
	}
	group.Wait()
}

func (r *run) since() time.Duration { return time.Since(r.base) }

// pace hands out each request when it is due, to whichever connection is free. While none is it falls behind, and catches up as they
// become free: what is due keeps its instant. What nobody took until the run was over has waited until then.
func (r *run) pace(ctx context.Context, alarm *alarm) {
	random := rand.New(rand.NewPCG(r.plan.Seed, 0)) //nolint:gosec // the same each time, and no secret
	times := schedule{rate: r.plan.Rate, spacing: r.plan.Spacing, random: random}
	over := time.NewTimer(r.over)
	defer over.Stop()
	for n := range r.plan.MaxRequests {
		t := ticket{n, times.next()}
		if t.due >= r.end || alarm.wait(t.due-r.since()) != nil {
			return
		}
		if r.issued.Store(n + 1); r.hand(ctx, t, over.C) {
			continue
		}
		for ; ctx.Err() == nil && t.due < r.end && t.n < r.plan.MaxRequests; t = (ticket{t.n + 1, times.next()}) {
			if t.due >= r.plan.Warmup {
				r.record.unsent(r.plan.Next(random, t.n).Name, r.over-t.due)
			}
		}
		return
	}
}

// hand reports whether a connection took the request before the run was over.
func (r *run) hand(ctx context.Context, t ticket, over <-chan time.Time) bool {
	select {
	case r.tickets <- t: // mostly somebody waits, and this is cheaper than what follows
		return true
	default:
	}
	select {
	case r.tickets <- t:
		return true
	case <-over:
		return false
	case <-ctx.Done():
		return false
	}
}

func (r *run) open(ctx context.Context, c *link, random *rand.Rand) {
	free := time.Duration(0)
	for t := range r.tickets {
		request := r.plan.Next(random, t.n)
		sent := r.since()
		free = r.exchange(ctx, c, request, measured{from: t.due, late: sent - max(t.due, free)}, sent)
	}
}

func (r *run) closed(ctx context.Context, c *link, random *rand.Rand) {
	free := r.since()
	for free < r.end && ctx.Err() == nil {
		n := r.issued.Add(1) - 1
		if n >= r.plan.MaxRequests {
			return
		}
		request := r.plan.Next(random, n)
		sent := r.since()
		free = r.exchange(ctx, c, request, measured{from: sent, late: sent - free}, sent)
	}
}

// exchange sends a request, notes what came of it and says when that was.
func (r *run) exchange(ctx context.Context, c *link, request Request, m measured, sent time.Duration) time.Duration {
	m.name = request.Name
	m.status, m.err = c.request(ctx, request.Raw, r.base.Add(sent))
	m.done = r.since()
	if errors.Is(m.err, errUnreachable) {
		r.fail(m.err)
	}
	if m.from >= r.plan.Warmup && (m.err == nil || ctx.Err() == nil) {
		r.record.add(m)
	}
	return m.done
}

// total is the result. Elapsed goes on to the end of the time, which may be after the last answer, unless something else ended the run.
func (r *run) total(cut bool) Result {
	result := r.record.total()
	result.Reopened = r.reopened.Load()
	result.Elapsed = max(0, r.record.last-r.plan.Warmup)
	switch {
	case cut:
		result.Elapsed = max(0, r.since()-r.plan.Warmup)
	case r.issued.Load() < r.plan.MaxRequests:
		result.Elapsed = max(result.Elapsed, r.plan.Duration)
	}
	return result
}
