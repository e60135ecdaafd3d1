package module

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// Whoever looks at the context, and whenever: after a pull it has ended with the cause, and so have contexts made from it.
func TestLeash(t *testing.T) {
	cause := errors.New("pulled")
	for _, test := range []struct {
		name          string
		before        func(context.Context)
		pull          func(l *leash, client context.CancelCauseFunc)
		want, wantErr error
	}{
		{"looked at before", func(c context.Context) { c.Done() }, func(l *leash, _ context.CancelCauseFunc) { l.pull(cause) }, cause, context.Canceled},
		{"looked at after", func(context.Context) {}, func(l *leash, _ context.CancelCauseFunc) { l.pull(cause) }, cause, context.Canceled},
		{"the client has gone", func(c context.Context) { c.Done() }, func(_ *leash, c context.CancelCauseFunc) { c(cause) }, cause, context.Canceled},
		{"the client has gone unseen", func(context.Context) {}, func(_ *leash, c context.CancelCauseFunc) { c(cause) }, cause, context.Canceled},
		{"pulled twice", func(context.Context) {}, func(l *leash, _ context.CancelCauseFunc) { l.pull(cause); l.pull(nil) }, cause, context.Canceled},
		{"released", func(c context.Context) { c.Done() }, func(l *leash, _ context.CancelCauseFunc) { l.release() }, context.Canceled, context.Canceled},
		{"released unseen", func(context.Context) {}, func(l *leash, _ context.CancelCauseFunc) { l.release() }, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				type key struct{}
				client, end := context.WithCancelCause(context.WithValue(t.Context(), key{}, "value"))
				defer end(nil)
				l := &leash{Context: client}
				test.before(l)
				test.pull(l, end)
				child, stop := context.WithCancel(l)
				defer stop()
				if got := context.Cause(l); !errors.Is(got, test.want) {
					t.Errorf("cause %v, want %v", got, test.want)
				}
				if !errors.Is(l.Err(), test.wantErr) || !errors.Is(child.Err(), test.wantErr) {
					t.Errorf("ended with %v, the child with %v, want %v", l.Err(), child.Err(), test.wantErr)
				}
				if l.Value(key{}) != "value" {
					t.Error("a value was lost")
				}
			})
		})
	}
}
