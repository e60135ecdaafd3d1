package tokens

import (
	"context"
	"errors"

	"github.com/doorward/doorward/internal/fault"
)

// Create mints an access token in the caller's environment, for the caller's owner. Neither an administrator's nor a
// cluster token is made this way. fault.Forbidden names a scope that the caller may not give.
func (l *Limited) Create(ctx context.Context, request CreateRequest) (Created, error) {
	if err := l.notStaff(); err != nil {
		return Created{}, err
	}
	a := &request.Attributes
	a.Environment, a.Owner, request.Prefix = l.Environment, l.Owner, defaultPrefix
	a.Administrator, a.Staff, a.Cluster, a.AllowUncreatable = false, false, false, false
	r, err := l.service.prepare(request)
	if err != nil {
		return Created{}, err
	}
	if err := l.mayMake(ctx, r); err != nil {
		return Created{}, err
	}
	return l.service.issue(ctx, l.Actor, defaultPrefix, r)
}

func (l *Limited) mayMake(ctx context.Context, r Record) error {
	permission := permissionManage
	if r.Personal {
		if vouchedFor(r.Owner) {
			return forbidden("A user of another issuer has no personal tokens here.")
		}
		permission = permissionView
		settings, err := l.service.Settings(ctx, l.Environment)
		if err != nil {
			return err
		}
		if !settings.PersonalTokens {
			return fault.InvalidFields(fault.Field{
				Name: "personalAccessToken", Message: "Personal tokens are switched off in this environment.",
			})
		}
	}
	if err := l.need(ctx, permission); err != nil {
		return err
	}
	return l.mayGive(ctx, r.Scopes, r.Personal)
}

// updateAttempts bounds how often an update is judged anew because the token has changed meanwhile.
const updateAttempts = 5

// errOutrun says that a token is no longer as it was when the caller's rights over it were asked.
var errOutrun = errors.New("the token has changed meanwhile")

// Update changes an access token. Rights are asked for what it changes only: scopes that the token has already may stay,
// whether or not the caller could give them.
func (l *Limited) Update(ctx context.Context, id string, u Update) error {
	if err := l.notStaff(); err != nil {
		return err
	}
	var err error
	for range updateAttempts {
		if err = l.updateOnce(ctx, id, u); !errors.Is(err, errOutrun) {
			return err
		}
	}
	return fault.New(fault.Conflict, "Others are changing the token at the same time. Try again.", err)
}

// updateOnce asks for the rights outside of the transaction, because answering may need the store, and makes sure within
// it that they were asked for the token as it still is.
func (l *Limited) updateOnce(ctx context.Context, id string, u Update) error {
	seen, err := l.Show(ctx, id)
	if err != nil {
		return err
	}
	if u.Enabled != nil && !*u.Enabled && id == l.Token {
		return fault.InvalidFields(fault.Field{Name: "enabled", Message: "A token cannot disable itself."})
	}
	revised, err := l.service.revise(seen, u)
	if err != nil {
		return err
	}
	if err := l.mayChange(ctx, seen); err != nil {
		return err
	}
	added := without(revised.Scopes, seen.Scopes)
	if err := l.mayAdd(ctx, seen, added); err != nil {
		return err
	}
	return l.service.update(ctx, l.Actor, id, u, func(r Record) error {
		if !alike(r, seen) || u.Scopes != nil && len(without(without(revised.Scopes, r.Scopes), added)) > 0 {
			return errOutrun
		}
		return nil
	})
}

// mayAdd asks whether the caller may give a token these scopes in addition. A cluster token reaches further with a scope
// than any caller that is bound to an environment does, so it gets none this way.
func (l *Limited) mayAdd(ctx context.Context, r Record, added []string) error {
	if r.Cluster && len(added) > 0 {
		return forbidden("The token %s is a cluster token; no scope can be added to it here.", Mask(r.ID))
	}
	return l.mayGive(ctx, added, r.Personal)
}

// alike reports whether two readings of a token are the same in everything but the scopes that rights depend on.
func alike(a, b Record) bool {
	return a.Environment == b.Environment && a.Owner == b.Owner && a.Personal == b.Personal &&
		a.Cluster == b.Cluster && a.Administrator == b.Administrator
}

// Delete removes an access token for good. It is named by its identifier, or by its whole text, of which neither the store
// nor the audit trail gets more than the identifier; a text with a wrong secret is fault.NotFound.
func (l *Limited) Delete(ctx context.Context, idOrSecret string) error {
	if err := l.notStaff(); err != nil {
		return err
	}
	id, err := l.service.identifierOf(ctx, idOrSecret)
	if err != nil {
		return err
	}
	r, err := l.Show(ctx, id)
	if err != nil {
		return err
	}
	if id == l.Token {
		return invalid("A token cannot delete itself.")
	}
	if err := l.mayChange(ctx, r); err != nil {
		return err
	}
	return l.service.Delete(ctx, l.Actor, id)
}
