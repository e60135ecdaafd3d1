package tokens

import (
	"context"
	"slices"
)

// Authority is how far one caller's rights over tokens go. Whoever fills it in has verified the caller and found that it
// may call the operation at all.
type Authority struct {
	Actor         string // for the audit trail
	Token         string // identifier of the calling credential, which neither disables nor deletes itself; "" for none
	Environment   string // tokens of other environments do not exist for the caller, but for the user's own platform tokens
	Owner         string // user that new tokens belong to; "" for none
	Personal      bool   // the caller is a personal token: tokens of other owners do not exist for it
	ActsForUser   bool   // rights end where the policies of Owner do
	Administrator bool   // gives every creatable scope
	Staff         bool   // the caller is remote support staff, and neither makes nor changes tokens

	// Holds reports whether the caller has a scope itself. nil: it has none.
	Holds func(scope string) bool
	// Permits asks the policies of Owner whether they grant a permission without conditions. nil: they grant none.
	Permits func(ctx context.Context, permission string) (bool, error)
	// Reaches reports whether the caller's credential is good for an environment. nil: for Environment only.
	Reaches func(environment string) bool
}

// Limited is a Service within the authority of one caller. It knows access tokens apart from ActiveGate tokens: what is
// asked of the one kind is never answered about the other. Every error of its methods is a *fault.Fault.
type Limited struct {
	Authority
	service *Service
}

// Within limits the service to an authority.
func (s *Service) Within(a Authority) *Limited { return &Limited{Authority: a, service: s} }

// Show returns the access token with this identifier.
func (l *Limited) Show(ctx context.Context, id string) (Record, error) {
	return l.show(ctx, KindAccess, id)
}

// List returns a page of those access tokens that q selects. Kind and Environment of q do not count.
func (l *Limited) List(ctx context.Context, q Query) ([]Record, error) {
	return l.list(ctx, KindAccess, q)
}

// Count is the number of access tokens that List gives on all pages together.
func (l *Limited) Count(ctx context.Context, q Query) (int, error) {
	return l.countOf(ctx, KindAccess, q)
}

// Lookup returns the token of whatever kind and owner whose whole text this is: showing the text is what gives the right
// to know. fault.NotFound is the answer to a wrong text and to a token of another environment alike.
func (l *Limited) Lookup(ctx context.Context, text Secret) (Record, error) {
	r, err := l.service.Lookup(ctx, text)
	if err == nil && !slices.Contains(EnvironmentsOf(r), l.Environment) {
		return Record{}, storeFault(ErrNotFound)
	}
	return r, err
}

// show returns a token of a kind. What the caller may not know of is missing in the same words as what does not exist.
func (l *Limited) show(ctx context.Context, kind, id string) (Record, error) {
	if ofKind := kindOf(id); ofKind != kind && (ofKind != "" || kind != KindAccess) {
		return Record{}, storeFault(ErrNotFound)
	}
	r, err := l.service.Show(ctx, id)
	if err == nil && !l.knows(r) {
		return Record{}, storeFault(ErrNotFound)
	}
	return r, err
}

func (l *Limited) knows(r Record) bool {
	return r.Environment == l.Environment && (!l.Personal || l.Owner != "" && r.Owner == l.Owner)
}

func (l *Limited) list(ctx context.Context, kind string, q Query) ([]Record, error) {
	q, none := l.narrow(kind, q)
	if none {
		return nil, nil
	}
	return l.service.List(ctx, q)
}

func (l *Limited) countOf(ctx context.Context, kind string, q Query) (int, error) {
	q, none := l.narrow(kind, q)
	if none {
		return 0, nil
	}
	return l.service.Count(ctx, q)
}

// narrow keeps a query within what the caller may know of, or reports that nothing is left. In a query an empty
// environment or owner means any, so an authority that lacks what it is limited to must not get that far.
func (l *Limited) narrow(kind string, q Query) (narrowed Query, none bool) {
	if l.Environment == "" || l.Personal && (l.Owner == "" || q.Owner != "" && q.Owner != l.Owner) {
		return Query{}, true
	}
	q.Kind, q.Environment = kind, l.Environment
	if l.Personal {
		q.Owner = l.Owner
	}
	return q, false
}
