package module

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A gate that closes waits until the last request of staff has its outcome, and for no request for ever.
func TestSessionsSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSessions(nil, time.Minute)
		s.settle(t.Context()) // nobody is there
		one, _, _ := s.find(sessionKey{user: "john"}, visitor{}, time.Now())
		other, _, _ := s.find(sessionKey{user: "jane"}, visitor{}, time.Now())
		settled := make(chan struct{})
		go func() {
			defer close(settled)
			s.settle(t.Context())
		}()
		s.leave(one, time.Now())
		synctest.Wait()
		select {
		case <-settled:
			t.Error("did not wait for the last request")
		default:
		}
		s.drop(other)
		<-settled

		s.find(sessionKey{user: "john"}, visitor{}, time.Now())
		ctx, cancel := context.WithTimeout(t.Context(), closeTimeout)
		defer cancel()
		begun := time.Now()
		s.settle(ctx)
		if waited := time.Since(begun); waited != closeTimeout {
			t.Errorf("waited %v for a request that does not end", waited)
		}
	})
}
