package module

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// leash is the context of a proxied request, by which the gate can end it. What it takes to end one is made when somebody
// first looks at Done, or when it is pulled: a handler that answers by itself never does either.
type leash struct {
	context.Context // of the client's request

	once  sync.Once
	tied  atomic.Bool // set once inner and cut are
	inner context.Context
	cut   context.CancelCauseFunc
}

func (l *leash) tie() {
	l.once.Do(func() {
		l.inner, l.cut = context.WithCancelCause(l.Context)
		l.tied.Store(true)
	})
}

// pull ends the request with a cause; nil for one that is over anyway.
func (l *leash) pull(cause error) {
	l.tie()
	l.cut(cause)
}

// release frees what was made. Nobody uses the context of a request that is over.
func (l *leash) release() {
	if l.tied.Load() {
		l.cut(nil)
	}
}

// Done is part of context.Context.
func (l *leash) Done() <-chan struct{} {
	l.tie()
	return l.inner.Done()
}

// Err is part of context.Context.
func (l *leash) Err() error { return l.now().Err() }

// Value is part of context.Context. Package context finds the inner context by it, so that contexts made from this one
// need no goroutine to follow it.
func (l *leash) Value(key any) any { return l.now().Value(key) }

// gated is an exchange as the context of the request that it lets through: its leash, which answers for the exchange as well.
// So a handler behind the gate can find what was decided, and nobody can forge it. A pointer of this type costs nothing.
type gated exchange

type exchangeKey struct{}

// Deadline, Done, Err and Value are context.Context's.

func (g *gated) Deadline() (time.Time, bool) { return g.leash.Deadline() }
func (g *gated) Done() <-chan struct{}       { return g.leash.Done() }
func (g *gated) Err() error                  { return g.leash.Err() }

func (g *gated) Value(key any) any {
	if key == (exchangeKey{}) {
		return (*exchange)(g)
	}
	return g.leash.Value(key)
}

// gatedBy is what a gate has found out about a request that it let through; nil for one that no gate has seen.
func gatedBy(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

func (l *leash) now() context.Context {
	if l.tied.Load() {
		return l.inner
	}
	return l.Context
}
