package module

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/pap"
)

// shadows ask what the policies on trial would have answered. A second engine has the live policies and the shadows
// together; it hears of a request when that is decided, over a queue, and what it says goes into counters and samples and
// nowhere else.
type shadows struct {
	current atomic.Pointer[trial] // nil: nothing is on trial, or policies are being replaced
	queue   chan tried
	queued  atomic.Int64 // bytes of what waits
	book    shadowBook
	count   shadowCounters
	logger  *zap.Logger
	now     func() time.Time

	publishing sync.Mutex // guards the rest
	engine     *policyengine.Engine
	stop       context.CancelFunc // of the engine's worker
	workers    sync.WaitGroup
	failed     []string // bindings that could not be resolved the last time
}

// trial is the shadows of one publication. Who holds one knows by it which live policies a verdict came from.
type trial struct {
	terms map[string]*trialTerms // by what the engine's reasons name instead of a policy
}

// tried is a verdict of the live policies, to be asked for again.
type tried struct {
	trial    *trial
	requests []policyengine.Request
	live     policyengine.Verdict
	bytes    int64

	decision         decisionID
	method, endpoint string
}

// Bounds of what waits for an answer. Requests are as large as clients make them.
const (
	shadowQueue      = 4096
	shadowQueueBytes = 16 << 20
	shadowCacheBytes = 16 << 20
)

func newShadows(logger *zap.Logger) *shadows {
	return &shadows{queue: make(chan tried, shadowQueue), count: newShadowCounters(), logger: logger, now: time.Now, book: newShadowBook()}
}

// ask hands a verdict over, or drops it where too many wait. trial is what was current before the live policies were asked:
// where it still is, they were the ones that it stands beside.
func (s *shadows) ask(t *trial, x *exchange, requests []policyengine.Request, live policyengine.Verdict) {
	q := tried{
		trial: t, requests: requests, live: live, bytes: sizeOf(requests),
		decision: x.id, method: x.r.Method, endpoint: x.endpoint.Pattern,
	}
	if s.current.Load() != t || s.queued.Load() > shadowQueueBytes {
		s.count.dropped.Inc()
		return
	}
	s.queued.Add(q.bytes)
	select {
	case s.queue <- q:
	default:
		s.queued.Add(-q.bytes)
		s.count.dropped.Inc()
	}
}

// sizeOf is about what requests keep in memory.
func sizeOf(requests []policyengine.Request) (n int64) {
	const perRequest, perValue = 256, 64
	for i := range requests {
		n += perRequest
		for j := range requests[i].Attributes {
			for _, v := range requests[i].Attributes[j].Values {
				n += perValue + int64(len(v))
			}
		}
	}
	return n
}

// work judges until it is stopped. The engine is the worker's: it is closed when nobody asks it any more.
func (s *shadows) work(ctx context.Context, engine *policyengine.Engine) {
	defer engine.Close()
	for {
		select {
		case <-ctx.Done():
			return
		case q := <-s.queue:
			s.queued.Add(-q.bytes)
			s.judge(ctx, engine, &q)
		}
	}
}

// judge asks the second engine. What it says counts only if the policies were the same all the while.
func (s *shadows) judge(ctx context.Context, engine *policyengine.Engine, q *tried) {
	if s.current.Load() != q.trial {
		s.count.dropped.Inc()
		return
	}
	verdict, err := engine.DecideAll(ctx, q.requests)
	decided := verdict.Index
	if err == nil && verdict.Allow && !q.live.Allow {
		// Whatever else was granted, this is about the thing that was refused.
		decided = q.live.Index
		verdict, err = engine.Decide(ctx, q.requests[decided])
	}
	switch {
	case err != nil, s.current.Load() != q.trial:
		s.count.dropped.Inc()
	case verdict.Allow == q.live.Allow:
		s.count.none.Inc()
	case verdict.Allow:
		s.count.allow.Inc()
		s.note(q, &q.requests[decided], verdict)
	default:
		s.count.deny.Inc()
		s.note(q, &q.requests[decided], verdict)
	}
}

// suspend is called before the live policies are replaced. The trial that it gives back can be put into force again where
// they were not.
func (s *shadows) suspend() *trial { return s.current.Swap(nil) }

// publish puts shadows beside the live policies that have just been published. It never fails: a trial stops nothing.
func (s *shadows) publish(ctx context.Context, live policyengine.Policies, r pap.Resolution) {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	s.report(r.Failed)
	s.book.follow(r, s.now())
	if len(r.Shadow) == 0 {
		s.end()
		return
	}
	t, bindings := newTrial(r.Shadow)
	beside := policyengine.Policies{Revision: live.Revision, Bindings: append(live.Bindings[:len(live.Bindings):len(live.Bindings)], bindings...)}
	if err := s.begin(); err != nil {
		s.logger.Error("shadow policies are not tried", zap.Error(err))
		return
	}
	if err := s.engine.Publish(ctx, beside); err != nil {
		s.logger.Error("shadow policies are not tried", zap.Error(err))
		return
	}
	s.current.Store(t)
}

// begin starts the engine and its worker where there are none.
func (s *shadows) begin() error {
	if s.engine != nil {
		return nil
	}
	// Nobody waits for an answer, so nothing is compiled before it is asked for.
	engine, err := policyengine.New(policyengine.Options{CacheBytes: shadowCacheBytes, Preparation: time.Nanosecond})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.engine, s.stop = engine, cancel
	s.workers.Go(func() { s.work(ctx, engine) })
	return nil
}

// end gives everything back: a site on which nothing is on trial pays for none.
func (s *shadows) end() {
	if s.engine != nil {
		s.stop()
		s.engine = nil
	}
}

// report logs the shadows that cannot be resolved when they become others.
func (s *shadows) report(failed []pap.Granted) {
	var ids []string
	for _, g := range failed {
		ids = append(ids, g.Binding)
	}
	if len(ids) > 0 && !slices.Equal(ids, s.failed) {
		s.logger.Warn("shadow bindings that cannot be resolved are not tried", zap.Int("count", len(ids)), zap.Strings("bindings", ids[:min(len(ids), maxLogged)]))
	}
	s.failed = ids
}

// close waits for what is under way.
func (s *shadows) close() {
	s.current.Store(nil)
	s.publishing.Lock()
	s.end()
	s.publishing.Unlock()
	s.workers.Wait()
}

// shadowCounters are the metrics of shadows.
type shadowCounters struct {
	changes           *prometheus.CounterVec
	none, allow, deny prometheus.Counter
	dropped           prometheus.Counter
}

func newShadowCounters() shadowCounters {
	c := shadowCounters{
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "doorward_shadow_decisions_total",
			Help: "Decisions of policies that were asked for again with the shadow policies among them, by what these would have changed: none, allow (would now be allowed), deny (would now be refused).",
		}, []string{"change"}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "doorward_shadow_dropped_total",
			Help: "Decisions that the shadow policies were not asked about: too many at a time, policies that were just replaced, or a fault.",
		}),
	}
	c.none, c.allow, c.deny = c.changes.WithLabelValues("none"), c.changes.WithLabelValues("allow"), c.changes.WithLabelValues("deny")
	return c
}
