package remote

import (
	"context"
	"time"

	"github.com/doorward/doorward/internal/fault"
)

// BreakGlass is a grant that nobody has approved, for an emergency: at most MaxBreakGlass, told at once, and to be
// reviewed within ReviewWithin. It is fault.Forbidden where the rules have no role for it, and for a user whose last one
// has not been reviewed: hour after hour would be a standing grant. Days of what is asked for do not count.
func (s *Service) BreakGlass(ctx context.Context, actor Actor, a Ask, length time.Duration) (Request, error) {
	if err := s.asks(ctx, actor, a.User, false); err != nil {
		return Request{}, err
	}
	a, ticket, err := s.checked(a, false)
	if err != nil {
		return Request{}, err
	}
	if a.Role > s.config.Rules.BreakGlass {
		return Request{}, fault.New(fault.Forbidden, "This role is not to be had without approval.", nil)
	}
	if length < time.Minute || length > MaxBreakGlass {
		return Request{}, fault.InvalidFields(fault.Field{Name: "duration", Message: "Access without approval is for 1 to 60 minutes."})
	}
	r, err := s.fresh(actor, a, ticket)
	if err != nil {
		return Request{}, err
	}
	waiting, err := s.config.Store.RemoteRequests(ctx, Query{User: a.User, Unreviewed: true, Now: r.Created, Limit: 1})
	if err != nil {
		return Request{}, storeFault(err)
	}
	if len(waiting) > 0 {
		return Request{}, errUnreviewed
	}
	r.BreakGlass, r.State, r.Changed, r.ChangedBy = true, Accepted, r.Created, actor.person()
	r.Expires, r.ReviewBy = r.Created.Add(length).Truncate(time.Millisecond), r.Created.Add(ReviewWithin)
	return r, s.add(ctx, actor, r, EventBreakGlass)
}

// Review records that an administrator has looked at what a break-glass grant was used for. A second review replaces
// nothing: fault.Conflict. Whoever had the grant, or took it, does not review it.
func (s *Service) Review(ctx context.Context, actor Actor, id, comment string) (Request, error) {
	id, err := canonicalID(id)
	if err != nil {
		return Request{}, err
	}
	if actor.Remote {
		return Request{}, errRemote
	}
	if message := s.wrongLine("comment", comment); message != "" {
		return Request{}, fault.InvalidFields(fault.Field{Name: "comment", Message: message})
	}
	return s.update(ctx, actor, id, func(_ SettingRecord, r *Request, e *Entry) (Event, error) {
		switch {
		case !r.BreakGlass:
			return "", fault.New(fault.Invalid, "Only access without approval is reviewed.", nil)
		case samePerson(actor.person(), r.User) || samePerson(actor.person(), r.By):
			return "", fault.New(fault.Forbidden, "Nobody reviews their own access.", nil)
		case !r.Reviewed.IsZero():
			return "", fault.New(fault.Conflict, "The access has been reviewed already.", nil)
		}
		r.Reviewed, r.ReviewedBy, r.Review = e.Time, actor.person(), comment
		return EventReviewed, nil
	})
}
