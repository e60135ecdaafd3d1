package policyengine

import (
	"context"

	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/regogen"
)

// Outlook is what can be said of a request that does not say everything.
type Outlook uint8

// The outlooks. The zero Outlook refuses.
const (
	Never   Outlook = iota // refused, whatever else the request says
	Always                 // granted, whatever else it says
	Depends                // on what it does not say
)

// Foresee tells what becomes of a request when the attributes that it does not give turn out to be something. Time, and what
// is known of the subject, are as they are. Where two statements decide together, as an ALLOW for one value and another for
// all the others do, each is looked at by itself, and the answer is Depends; Always and Never are certain. It compiles the
// permission's statements once more for each set that is asked about it. Errors are those of Decide.
func (e *Engine) Foresee(ctx context.Context, r Request) (Outlook, error) {
	current := e.current.Load()
	v, err := e.decideBy(ctx, current, r)
	if err != nil {
		return Never, err
	}
	// What is unknown never helps an ALLOW and never hinders a DENY, so a grant now is a grant always.
	if v.Allow {
		return Always, nil
	}
	set, err := e.set(ctx, current, &r)
	if err != nil || set == nil {
		return Never, err
	}
	p, ok := set.permissions[r.Permission]
	if !ok {
		return Never, nil
	}
	mirror, err := p.mirror()
	if err != nil {
		return Never, err
	}
	return mirror.foresee(ctx, &r, e.options)
}

// foresee reads a refused request's outlook in the mirror.
func (s *Set) foresee(ctx context.Context, r *Request, options Options) (Outlook, error) {
	p, ok := s.permissions[r.Permission]
	if !ok {
		return Never, nil // no ALLOW can ever hold
	}
	outcome, _, err := s.run(ctx, p, r, options.Evaluation)
	if err != nil {
		return Never, err
	}
	certainDeny, possibleAllow := len(outcome.Allow) > 0, len(outcome.Deny) > 0
	if certainDeny || !possibleAllow {
		return Never, nil
	}
	return Depends, nil
}

// mirrorOf compiles what is the other way round about one permission.
func mirrorOf(statements []*bind.Statement, permission string) (*Set, error) {
	var turned []*bind.Statement
	for _, s := range statements {
		if s.Permission != permission {
			continue
		}
		if m, ok := regogen.Mirror(s); ok {
			turned = append(turned, m)
		}
	}
	return Compile(turned)
}
