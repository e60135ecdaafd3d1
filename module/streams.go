package module

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// errStreamCut is why a long-lived response ended before its time.
var errStreamCut = errors.New("the token of this response was revoked or has expired")

// Causes of a cut, as metrics label.
const (
	cutRevoked = "revoked"
	cutExpired = "expired"
	cutFault   = "fault"  // it could not be found out whether the token is still good
	cutRemote  = "remote" // remote access has ended
	cutClosed  = "closed" // the gate is gone, so nobody would hear of a revocation any more
)

// streams are the long-lived responses under way, by token, so that they end when the token does. It outlives config
// reloads, as the responses do.
type streams struct {
	mu       sync.Mutex
	byToken  map[string]map[*stream]struct{}
	closed   bool
	counters *counters

	// changes counts how often recheck was called. A response notes it before its token is verified and looks again
	// after it is registered: a change in between has not seen it.
	changes atomic.Uint64
}

// stream is one long-lived response.
type stream struct {
	token, environment string
	client             string // address, for tokens that are good in some networks only
	own                ownToken
	visit              *visit // nil: not of remote staff

	cut   func(cause error)
	once  sync.Once
	why   atomic.Pointer[string] // the cause of its end; nil while it goes on
	timer *time.Timer            // runs out when the token expires; nil where it does not
}

func newStreams(c *counters) *streams {
	return &streams{byToken: map[string]map[*stream]struct{}{}, counters: c}
}

// add registers a response until remove. A lifetime of 0 is unlimited.
func (s *streams) add(st *stream, lifetime time.Duration) {
	if !s.register(st, lifetime) {
		s.end(st, cutClosed)
	}
}

// register reports whether anybody watches the response.
func (s *streams) register(st *stream, lifetime time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byToken[st.token] == nil {
		s.byToken[st.token] = map[*stream]struct{}{}
	}
	s.byToken[st.token][st] = struct{}{}
	s.counters.streamsOpen.Inc()
	if lifetime > 0 {
		st.timer = time.AfterFunc(lifetime, func() { s.end(st, cutExpired) })
	}
	return !s.closed
}

// remove forgets a response that is over.
func (s *streams) remove(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.byToken[st.token]
	if _, registered := of[st]; !registered {
		return
	}
	delete(of, st)
	if len(of) == 0 {
		delete(s.byToken, st.token)
	}
	if st.timer != nil {
		st.timer.Stop()
	}
	s.counters.streamsOpen.Dec()
}

// end cuts a response, once.
func (s *streams) end(st *stream, cause string) {
	st.once.Do(func() {
		st.why.Store(&cause)
		s.counters.streamsCut.WithLabelValues(cause).Inc()
		st.cut(errStreamCut)
	})
}

// of lists the responses under way that were opened with a token; "" stands for every token.
func (s *streams) of(token string) []*stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*stream
	for t, of := range s.byToken {
		if token == "" || t == token {
			for st := range of {
				list = append(list, st)
			}
		}
	}
	return list
}

// recheck cuts the responses of a token ("" for all) that is no longer good. It runs after every change of a token. When
// the token cannot be looked up, it may have been revoked, so its responses are cut too.
func (s *streams) recheck(ctx context.Context, token string, isLive liveness) {
	s.changes.Add(1)
	for _, st := range s.of(token) {
		s.check(ctx, st, isLive)
	}
}

// recheckOwn is recheck for responses that were opened with an access token of the gateway, of one client or ("") of all.
func (s *streams) recheckOwn(ctx context.Context, client string, isLive liveness) {
	s.changes.Add(1)
	for _, st := range s.of("") {
		if st.own.isOwn() && (client == "" || st.own.client == client) {
			s.check(ctx, st, isLive)
		}
	}
}

// recheckRemote cuts what remote staff have under way and would not be let in for any more.
func (s *streams) recheckRemote(allows func(*visit) bool) {
	for _, st := range s.of("") {
		if st.visit != nil && !allows(st.visit) {
			s.end(st, cutRemote)
		}
	}
}

// close cuts every response, those too that are registered later: a config that was reloaded into another gate still
// finishes its requests, and what is left of them must not outlive a revocation.
func (s *streams) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for _, st := range s.of("") {
		s.end(st, cutClosed)
	}
}

// liveness asks whether the token of a response would still be accepted.
type liveness func(ctx context.Context, st *stream) (bool, error)

func (s *streams) check(ctx context.Context, st *stream, isLive liveness) {
	live, err := isLive(ctx, st)
	switch {
	case err != nil:
		s.end(st, cutFault)
	case !live:
		s.end(st, cutRevoked)
	}
}

// beginStream registers this response as long-lived; cut ends it, and is called at most once.
func (x *exchange) beginStream(cut func(cause error)) {
	if x.principal == nil || x.stream != nil {
		return
	}
	gate := x.h.gate
	x.stream = &stream{token: x.principal.TokenID, environment: x.environment, client: x.clientIP(), visit: x.visit, cut: cut}
	if x.bearer != nil {
		x.stream.own = x.bearer.own
	}
	gate.streams.add(x.stream, x.lifetime())
	if gate.streams.changes.Load() != x.changesSeen {
		gate.streams.check(x.r.Context(), x.stream, gate.isLive)
	}
	if x.visit != nil && !gate.remote.stillAllows(x.visit) {
		gate.streams.end(x.stream, cutRemote)
	}
}

// lifetime is how long the response may go on if nothing is revoked; 0 is for good.
func (x *exchange) lifetime() time.Duration {
	end := x.principal.Expires
	if x.visit != nil && !x.visit.until.IsZero() && (end.IsZero() || x.visit.until.Before(end)) {
		end = x.visit.until
	}
	if end.IsZero() {
		return 0
	}
	return max(end.Sub(x.h.now()), 1)
}

func (x *exchange) endStream() {
	if x.stream != nil {
		x.h.gate.streams.remove(x.stream)
		x.visit.noteCut(x.stream)
		x.stream = nil
	}
}
