package remote

import (
	"context"
	"time"
)

// bulk is a change of many requests in one transaction. The store may begin again; what counts is the last time a request
// was changed.
type bulk struct {
	service *Service
	actor   Actor
	now     time.Time
	notices map[string]Notice
	order   []string
}

func (s *Service) bulk(actor Actor) *bulk {
	return &bulk{service: s, actor: actor, now: s.now(), notices: map[string]Notice{}}
}

// expire brings a request that has lapsed into the state that it is in.
func (b *bulk) expire(r *Request) (*Entry, error) {
	before := r.Detached()
	*r = r.At(b.now)
	if r.State == before.State {
		return nil, nil
	}
	return b.changed(Actor{Name: System}, before, *r, EventExpired)
}

// revoke ends a live grant, and leaves the others to time.
func (b *bulk) revoke(r *Request) (*Entry, error) {
	before := r.Detached()
	if before.At(b.now).State != Accepted {
		return nil, nil
	}
	m, err := moveOf(before, Expired)
	if err != nil {
		return nil, err
	}
	m.perform(r, b.actor.person(), b.now, b.service.config.Rules)
	return b.changed(b.actor, before, *r, m.event)
}

func (b *bulk) changed(actor Actor, before, after Request, event Event) (*Entry, error) {
	e := b.service.entry(actor.Name, actionUpdate, after.ID, b.now)
	if err := b.service.record(&e, viewOf(before), viewOf(after)); err != nil {
		return nil, err
	}
	if _, again := b.notices[after.ID]; !again {
		b.order = append(b.order, after.ID)
	}
	n := Notice{Event: event, Time: b.now, Actor: actor.person(), Before: before, After: after.Detached()}
	b.notices[after.ID] = n
	e.Batch = b.service.plan(n)
	return &e, nil
}

// tell brings out what is committed, and returns how many requests were changed.
func (b *bulk) tell() int {
	for _, id := range b.order {
		b.service.tell(b.notices[id])
	}
	return len(b.order)
}

// RevokeAll ends every live grant at once, whatever the setting is, and returns how many there were. Pending requests
// stay pending.
func (s *Service) RevokeAll(ctx context.Context, actor Actor) (int, error) {
	if actor.Remote {
		return 0, errRemote
	}
	b := s.bulk(actor)
	if err := s.config.Store.UpdateOpenRemoteRequests(ctx, b.revoke); err != nil {
		return 0, storeFault(err)
	}
	return b.tell(), nil
}

// Sweep stores as expired what has lapsed, tells of it, and returns how many requests that were. Nobody gets in for want
// of it: every decision looks at the clock itself.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	b := s.bulk(Actor{Name: System})
	if err := s.config.Store.UpdateOpenRemoteRequests(ctx, b.expire); err != nil {
		return 0, storeFault(err)
	}
	return b.tell(), nil
}
