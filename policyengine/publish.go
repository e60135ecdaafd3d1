package policyengine

import (
	"context"
	"errors"
	"slices"

	"github.com/doorward/doorward/internal/fault"
)

// Publish replaces the policies. When it returns nil, every later request is decided by these, or by newer ones that
// were published meanwhile. Before, it compiles what the subjects seen lately will need, so that they do not wait. An
// error is a fault, and then the policies stay as they were.
func (e *Engine) Publish(ctx context.Context, p Policies) error {
	e.publishing.Lock()
	defer e.publishing.Unlock()
	before := e.current.Load()
	if before != nil && p.Revision < before.revision {
		return nil // somebody read the store before us and published after us
	}
	next, err := newPolicies(p, before)
	if err != nil {
		return err
	}
	if before != nil {
		if err := e.prepare(ctx, before, next); err != nil {
			return err
		}
	}
	e.current.Store(next)
	return nil
}

// prepare compiles sets for the subjects of the policies before, those who asked last first.
func (e *Engine) prepare(ctx context.Context, before, next *policies) error {
	limited, cancel := context.WithTimeoutCause(ctx, e.options.Preparation, errPrepared)
	defer cancel()
	var ready []func()
	for _, s := range slices.Backward(before.subjects.Values()) {
		held := next.held(nil, &s.example)
		if len(held) == 0 {
			continue
		}
		if e.unchanged(before, next, held, &s) {
			ready = append(ready, func() { next.remember(keyOf(held), s.set, &s.example) })
			continue
		}
		statements, revision := next.statements(held)
		if _, err := e.sets.obtain(limited, statements, revision); err != nil && limited.Err() == nil {
			return err
		}
		if limited.Err() != nil {
			break
		}
		ready = append(ready, func() { next.remember(keyOf(held), revision, &s.example) })
	}
	if ctx.Err() != nil {
		return fault.New(fault.Unavailable, "The publication was given up.", context.Cause(ctx))
	}
	// Remembered last is forgotten last.
	for _, remember := range slices.Backward(ready) {
		remember()
	}
	return nil
}

// unchanged reports whether somebody has the very lists of statements that they had before, and the set of them is there.
// That is most of those who asked lately: a change is about one policy or one group.
func (e *Engine) unchanged(before, next *policies, held []uint32, s *subject) bool {
	were := before.held(nil, &s.example)
	same := slices.EqualFunc(were, held, func(a, b uint32) bool { return listOf(before.bindings[a]) == listOf(next.bindings[b]) })
	if !same {
		return false
	}
	known, ok := e.sets.get(s.set)
	return ok && known.err == nil
}

// errPrepared is why a preparation ends when its time is up.
var errPrepared = errors.New("the time for preparation is over")
