package module

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/doorward/doorward/remote"
)

// maxSessions bounds the sessions that are kept in mind. There are far fewer people on a support team.
const maxSessions = 10_000

// sessionKey tells sessions apart: another credential, or another grant, begins another session.
type sessionKey struct{ user, credential, grant string }

// session is remote access that somebody uses without a long pause.
type session struct {
	key     sessionKey
	id      string
	visitor visitor
	begun   chan struct{} // closed once its beginning is recorded, or could not be
	failed  error         // why it could not be; read after begun

	// Under the lock of sessions.
	under int       // requests under way
	last  time.Time // when one ended, or began
}

// visitor is who is in a session, as its records have it.
type visitor struct {
	user, client, environment string
	role                      remote.Role
	setting                   remote.Setting
}

// sessions are those at this gateway.
type sessions struct {
	desk *remoteDesk
	idle time.Duration

	mu    sync.Mutex
	open  map[sessionKey]*session
	under int           // requests under way, in all sessions
	quiet chan struct{} // closed when there is none any more; nil while nobody waits for that
}

func newSessions(desk *remoteDesk, idle time.Duration) *sessions {
	return &sessions{desk: desk, idle: idle, open: map[sessionKey]*session{}}
}

// enter finds the session of a request, or begins one. Its beginning is in the audit trail when enter returns; an error says
// that it could not be put there. Every session that was entered is left.
func (s *sessions) enter(ctx context.Context, key sessionKey, who visitor, now time.Time) (*session, error) {
	for {
		one, ended, isNew := s.find(key, who, now)
		s.desk.endedSessions(ended)
		if isNew {
			one.failed = s.desk.beginSession(ctx, one, now)
			close(one.begun)
		}
		select {
		case <-one.begun:
		case <-ctx.Done():
			s.leave(one, now)
			return nil, ctx.Err()
		}
		if one.failed == nil {
			return one, nil
		}
		s.drop(one)
		if isNew {
			return nil, one.failed
		}
	}
}

// find gives the session with a key, entered, and those that had to make room.
func (s *sessions) find(key sessionKey, who visitor, now time.Time) (one *session, ended []*session, isNew bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one = s.open[key]
	if one != nil && one.under == 0 && now.Sub(one.last) >= s.idle {
		delete(s.open, key)
		ended, one = append(ended, one), nil
	}
	if one == nil {
		if len(s.open) >= maxSessions {
			ended = append(ended, s.oldest())
		}
		one, isNew = &session{key: key, id: newSessionID(), visitor: who, begun: make(chan struct{})}, true
		s.open[key] = one
	}
	one.under++
	s.under++
	one.last = now
	return one, ended, isNew
}

// oldest takes out the session that was quiet for longest.
func (s *sessions) oldest() *session {
	var oldest *session
	for _, one := range s.open {
		if oldest == nil || one.last.Before(oldest.last) {
			oldest = one
		}
	}
	delete(s.open, oldest.key)
	return oldest
}

func newSessionID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its contract
	return hex.EncodeToString(b[:])
}

// leave notes that a request of a session is over.
func (s *sessions) leave(one *session, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over(one)
	one.last = now
}

// over counts a request out. The caller holds the lock.
func (s *sessions) over(one *session) {
	one.under--
	if s.under--; s.under == 0 && s.quiet != nil {
		close(s.quiet)
		s.quiet = nil
	}
}

// settle waits until no request is under way, or ctx ends. One at a time may wait.
func (s *sessions) settle(ctx context.Context) {
	s.mu.Lock()
	if s.under == 0 {
		s.mu.Unlock()
		return
	}
	quiet := make(chan struct{})
	s.quiet = quiet
	s.mu.Unlock()
	select {
	case <-quiet:
	case <-ctx.Done():
	}
}

// drop forgets a session that never began.
func (s *sessions) drop(one *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over(one)
	if s.open[one.key] == one {
		delete(s.open, one.key)
	}
}

// endIdle ends the sessions in which nothing happens any more, and those whose grant is over.
func (s *sessions) endIdle(now time.Time) {
	s.end(func(one *session) bool {
		return one.under == 0 && (now.Sub(one.last) >= s.idle || !s.desk.stillIn(one, now))
	})
}

// endAll ends every session, because the gate closes.
func (s *sessions) endAll() { s.end(func(*session) bool { return true }) }

func (s *sessions) end(which func(*session) bool) {
	s.mu.Lock()
	var ended []*session
	for key, one := range s.open {
		if which(one) {
			delete(s.open, key)
			ended = append(ended, one)
		}
	}
	s.mu.Unlock()
	s.desk.endedSessions(ended)
}

// count is how many sessions there are.
func (s *sessions) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// stillIn reports whether whoever is in a session would get in anywhere now, by the same grant.
func (d *remoteDesk) stillIn(one *session, now time.Time) bool {
	v := d.limit.Decide(remote.Call{User: one.visitor.user, Class: remote.Ordinary, Needs: remote.EnvRead, Now: now})
	return v.Allows() && v.Grant == one.key.grant
}

// endedSessions records the end of sessions. Nobody waits for the answer, so what cannot be written is logged.
func (d *remoteDesk) endedSessions(ended []*session) {
	for _, one := range ended {
		<-one.begun
		if one.failed != nil {
			continue
		}
		d.logSession("a session of remote support staff is over", one)
		ctx, cancel := context.WithTimeout(context.Background(), changeTimeout)
		if err := d.recordSession(ctx, one, actionLogout, time.Now()); err != nil {
			d.logger.Error("the end of a session could not be recorded", zap.String("session", one.id), zap.Error(err))
		}
		cancel()
	}
}
