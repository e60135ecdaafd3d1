package remote

import (
	"context"
	"fmt"

	"github.com/doorward/doorward/internal/fault"
)

// Decision is what is to become of a request.
type Decision struct {
	State State
	If    State // the state that the actor has seen; "" for the one that is found when the call begins
	Role  Role  // with Accepted: grants this instead of what was asked for, and never more; NoRole: as asked
	Days  int   // with Accepted: likewise; 0: as asked
}

// SetState brings a request into another state, as the table in transition.go has it. A state that it is in already is no
// error, and changes nothing. fault.Conflict where the request has expired, or somebody else was faster;
// fault.Forbidden where the setting does not ask for approval, and where the actor may not; fault.Invalid where there is
// no such move, or more is to be granted than was asked for.
func (s *Service) SetState(ctx context.Context, actor Actor, id string, d Decision) (Request, error) {
	id, err := canonicalID(id)
	if err != nil {
		return Request{}, err
	}
	if _, ok := ParseState(string(d.State)); !ok {
		return Request{}, fault.InvalidFields(fault.Field{Name: "state", Message: fmt.Sprintf("There is no state %.40q.", s.config.Mask(string(d.State)))})
	}
	if actor.Remote {
		return Request{}, errRemote
	}
	if d.If == "" {
		seen, err := s.Show(ctx, id)
		if err != nil {
			return Request{}, err
		}
		d.If = seen.State
	}
	return s.update(ctx, actor, id, func(setting SettingRecord, r *Request, e *Entry) (Event, error) {
		if err := s.opened(setting); err != nil {
			return "", err
		}
		return s.decide(actor, r, d, e)
	})
}

// decide is SetState on the request as it stands inside the transaction.
func (s *Service) decide(actor Actor, r *Request, d Decision, e *Entry) (Event, error) {
	*r = r.At(e.Time)
	m, err := s.moveOf(*r, d.State)
	// Of two that decide at once, the second has not seen what the first made of it: taking that back, or going on from
	// there, has to be meant.
	if r.State != d.If && r.State != Expired && m.does != keep {
		return "", fault.New(fault.Conflict, fmt.Sprintf("Another change came first: the request is %s.", r.State), nil)
	}
	if err != nil {
		return "", err
	}
	if !m.self && samePerson(actor.person(), r.User) {
		return "", errSelf
	}
	if err := s.lower(r, d, m); err != nil {
		return "", err
	}
	if !m.perform(r, actor.person(), e.Time, s.config.Rules) {
		return "", nil
	}
	return m.event, nil
}

func (s *Service) moveOf(r Request, to State) (move, error) {
	if s.config.AcceptRejected && r.State == Rejected && to == Accepted {
		return move{from: Rejected, to: Accepted, does: approve, event: EventAccepted}, nil
	}
	return moveOf(r, to)
}

// lower grants less than was asked for.
func (s *Service) lower(r *Request, d Decision, m move) error {
	if m.does != approve {
		if d.Role != NoRole || d.Days != 0 {
			return fault.InvalidFields(fault.Field{Name: "state", Message: "Role and days are decided when a request is accepted."})
		}
		return nil
	}
	if d.Role != NoRole && (!d.Role.known() || d.Role > r.Role) {
		return fault.InvalidFields(fault.Field{Name: "role", Message: "A role can only be lowered."})
	}
	if d.Days < 0 || d.Days > r.Days {
		return fault.InvalidFields(fault.Field{Name: "requestedDays", Message: "The days can only be lowered."})
	}
	if d.Role != NoRole {
		r.Role = d.Role
	}
	if d.Days != 0 {
		r.Days = d.Days
	}
	if message := s.config.Rules.wrongDays(r.Role, r.Days); message != "" {
		return fault.InvalidFields(fault.Field{Name: "requestedDays", Message: message})
	}
	return nil
}

// update changes a request in one transaction and tells of it. The function gets it as it is stored, and says what there
// is to tell.
func (s *Service) update(ctx context.Context, actor Actor, id string, change func(SettingRecord, *Request, *Entry) (Event, error)) (Request, error) {
	e := s.entry(actor.Name, actionUpdate, id, s.now())
	n := Notice{Time: e.Time, Actor: actor.person()}
	err := s.config.Store.UpdateRemoteRequest(ctx, id, &e, func(setting SettingRecord, r *Request) error {
		n.Before = r.Detached()
		var err error
		if n.Event, err = change(setting, r, &e); err != nil {
			return err
		}
		n.After = r.Detached()
		e.Batch = s.plan(n)
		return s.record(&e, viewOf(n.Before), viewOf(n.After))
	})
	if err != nil {
		return Request{}, storeFault(err)
	}
	s.tell(n)
	return n.After.At(e.Time), nil
}
