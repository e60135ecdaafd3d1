package remote

import (
	"context"

	"github.com/doorward/doorward/internal/fault"
)

const (
	actionCreate  = "remote_access_request.create"
	actionUpdate  = "remote_access_request.update"
	actionSetting = "remote_access_setting.update"
)

var errUnreviewed = fault.New(fault.Forbidden, "An earlier access without approval has not been reviewed.", nil)

// Create makes a pending request. fault.Invalid names every part of it that is wrong, or says that the same is pending
// already; fault.Forbidden where the setting does not ask for approval, or a member of the staff asks for somebody else.
func (s *Service) Create(ctx context.Context, actor Actor, a Ask) (Request, error) {
	return s.create(ctx, actor, a, false)
}

// Grant makes a request and accepts it in one step, for somebody who is known already. Where the role needs two approvers
// the request is pending, and has one. The errors are those of Create and of accepting.
func (s *Service) Grant(ctx context.Context, actor Actor, a Ask) (Request, error) {
	return s.create(ctx, actor, a, true)
}

func (s *Service) create(ctx context.Context, actor Actor, a Ask, grant bool) (Request, error) {
	if err := s.asks(ctx, actor, a.User, grant); err != nil {
		return Request{}, err
	}
	a, ticket, err := s.checked(a, true)
	if err != nil {
		return Request{}, err
	}
	r, err := s.fresh(actor, a, ticket)
	if err != nil {
		return Request{}, err
	}
	r.Days, r.AskedDays, r.PendingUntil = a.Days, a.Days, r.Created.Add(s.config.Rules.PendingTimeout)
	event := EventCreated
	if grant {
		m, err := moveOf(r, Accepted)
		if err != nil {
			return Request{}, err
		}
		if m.perform(&r, actor.person(), r.Created, s.config.Rules) {
			event = m.event
		}
	}
	return r, s.add(ctx, actor, r, event)
}

// asks refuses who may not ask, before anything is said about what they ask for.
func (s *Service) asks(ctx context.Context, actor Actor, user string, grant bool) error {
	c, err := s.current(ctx)
	if err != nil {
		return err
	}
	if err := s.opened(c.Setting); err != nil {
		return err
	}
	self := samePerson(actor.person(), user)
	if actor.Remote && (grant || !self) {
		return errRemote
	}
	if grant && self {
		return errSelf
	}
	return nil
}

// fresh is a pending request without its times.
func (s *Service) fresh(actor Actor, a Ask, ticket string) (Request, error) {
	id, err := s.newUUID()
	return Request{
		ID: id, User: a.User, Reason: a.Reason, Ticket: ticket, Created: s.now(), By: actor.person(),
		AskedRole: a.Role, Role: a.Role, State: Pending,
	}, err
}

// add stores a request and tells of it.
func (s *Service) add(ctx context.Context, actor Actor, r Request, event Event) error {
	e := s.entry(actor.Name, actionCreate, r.ID, r.Created)
	e.Message = "Request for remote access."
	if err := s.record(&e, nil, viewOf(r)); err != nil {
		return err
	}
	n := Notice{Event: event, Time: r.Created, Actor: actor.person(), After: r.Detached()}
	e.Batch = s.plan(n)
	err := s.config.Store.CreateRemoteRequest(ctx, r, &e, func(c Current) error {
		if err := s.opened(c.Setting); err != nil {
			return err
		}
		return roomFor(r, c.Open)
	})
	if err != nil {
		return storeFault(err)
	}
	s.tell(n)
	return nil
}

// roomFor refuses a request that is pending word for word already, and one too many.
func roomFor(r Request, open []Request) error {
	all, own := 0, 0
	for _, other := range open {
		if other = other.At(r.Created); !other.open() {
			continue
		}
		all++
		if other.User != r.User {
			continue
		}
		own++
		if r.BreakGlass && other.BreakGlass && other.Reviewed.IsZero() {
			return errUnreviewed
		}
		if r.State == Pending && other.State == Pending && other.AskedRole == r.AskedRole && other.AskedDays == r.AskedDays && other.Reason == r.Reason {
			return fault.New(fault.Invalid, "The same remote access request is pending already.", nil)
		}
	}
	if all >= MaxOpen || own >= MaxOpenOfUser {
		return fault.New(fault.Invalid, "There are as many open remote access requests as there may be.", nil)
	}
	return nil
}
