package policyengine

import (
	"context"
	"sync"
)

// flights lets callers that want the same thing at the same time share the making of it. What counts as the same is the
// whole key: anything less would hand one caller the other's answer.
type flights[K comparable, V any] struct {
	mu    sync.Mutex
	going map[K]*flight[V]
}

// flight is one making. Its fields may be read once done is closed.
type flight[V any] struct {
	done  chan struct{}
	value V
	err   error
}

// join returns the flight for a key, and whether the caller is the one to make it and must call land.
func (f *flights[K, V]) join(key K) (joined *flight[V], first bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if going, ok := f.going[key]; ok {
		return going, false
	}
	if f.going == nil {
		f.going = map[K]*flight[V]{}
	}
	joined = &flight[V]{done: make(chan struct{})}
	f.going[key] = joined
	return joined, true
}

// land hands the result to all who wait. Whoever comes later starts anew.
func (f *flights[K, V]) land(key K, flying *flight[V], value V, err error) {
	f.mu.Lock()
	delete(f.going, key)
	f.mu.Unlock()
	flying.value, flying.err = value, err
	close(flying.done)
}

// wait returns the result, or the reason why the caller no longer wants it.
func (f *flight[V]) wait(ctx context.Context) (V, error) {
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none V
		return none, context.Cause(ctx)
	}
}
