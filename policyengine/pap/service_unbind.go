package pap

import (
	"context"
	"maps"
	"slices"

	"github.com/doorward/doorward/policyengine/ast"
)

// RebindRequest says what one binding of a policy to a group is to become.
type RebindRequest struct {
	Level         Level
	Policy, Group string
	Parameters    map[string]string // of the binding that is meant: exactly these; nil for any
	Metadata      map[string]string // of the binding that is meant: exactly these; nil for any
	// KeepParameters leaves the parameters of the binding as they are. A new one has those by which it was looked for.
	KeepParameters bool
	Terms
}

// Rebind changes one binding, or makes it where there is none, and returns the warnings. When several are meant it refuses.
func (s *Service) Rebind(ctx context.Context, actor string, r RebindRequest) (ast.Diagnostics, error) {
	group, err := canonicalUUID(r.Group)
	if err != nil {
		return nil, err
	}
	account, err := s.accountOf(ctx, []string{group})
	if err != nil {
		return nil, err
	}
	fresh, err := s.newBinding(r.Level, group, PolicyTerms{Policy: r.Policy, Terms: r.Terms})
	if err != nil {
		return nil, err
	}
	if r.KeepParameters {
		if err := s.checkPairs("parameters", r.Parameters); err != nil {
			return nil, err
		}
		fresh.Parameters = clonePairs(r.Parameters)
	}
	q := BindingQuery{Level: r.Level, PolicyUUID: fresh.PolicyUUID, GroupUUID: group}
	return s.editBindings(ctx, actor, q, account, func(current []Binding) (BindingEdit, error) {
		return s.rebindOne(r, fresh, current)
	})
}

func (s *Service) rebindOne(r RebindRequest, fresh Binding, current []Binding) (BindingEdit, error) {
	meant := slices.DeleteFunc(slices.Clone(current), func(b Binding) bool { return !fits(b, r.Parameters, r.Metadata) })
	switch {
	case len(meant) > 1:
		return BindingEdit{}, tooMany(len(meant))
	case len(meant) == 0:
		if err := refuseRepeated([]Binding{fresh}, current); err != nil {
			return BindingEdit{}, err
		}
		return BindingEdit{Put: []Binding{fresh}}, nil
	}
	if r.KeepParameters {
		fresh.Parameters = meant[0].Parameters
	}
	changed := s.changed(meant[0], fresh, r.Terms)
	if changed == nil {
		return BindingEdit{}, nil
	}
	unmeant := slices.DeleteFunc(current, func(b Binding) bool { return b.ID == changed.ID })
	if err := refuseRepeated([]Binding{*changed}, unmeant); err != nil {
		return BindingEdit{}, err
	}
	return BindingEdit{Put: []Binding{*changed}}, nil
}

// fits reports whether a binding has exactly these parameters and this metadata; nil stands for any.
func fits(b Binding, parameters, metadata map[string]string) bool {
	return (parameters == nil || maps.Equal(b.Parameters, parameters)) && (metadata == nil || maps.Equal(b.Metadata, metadata))
}

func tooMany(n int) error {
	return invalid("There are %d such bindings. Name the parameters of one, or ask for all of them.", n)
}

// UnbindRequest selects bindings to take away.
type UnbindRequest struct {
	Level      Level
	Policy     string            // "" for any
	Group      string            // "" for any
	Parameters map[string]string // exactly these; nil for any
	Metadata   map[string]string // exactly these; nil for any
	Multiple   bool              // more than one may go; without it, that is refused
}

// Unbind takes bindings away and returns how many they were. Finding none is refused by the documented sentence.
func (s *Service) Unbind(ctx context.Context, actor string, r UnbindRequest) (int, error) {
	q := BindingQuery{Level: r.Level}
	var err error
	if r.Policy != "" {
		if q.PolicyUUID, err = canonicalUUID(r.Policy); err != nil {
			return 0, err
		}
	}
	if r.Group != "" {
		if q.GroupUUID, err = canonicalUUID(r.Group); err != nil {
			return 0, err
		}
	}
	var ids []string
	edit := func(current []Binding) (BindingEdit, error) {
		ids = others(current, func(b Binding) bool { return !fits(b, r.Parameters, r.Metadata) })
		switch {
		case len(ids) == 0:
			return BindingEdit{}, invalid("There is no policy binding to be deleted")
		case len(ids) > 1 && !r.Multiple:
			return BindingEdit{}, tooMany(len(ids))
		}
		return BindingEdit{Delete: ids}, nil
	}
	// Nothing new comes, so there is no account for it to belong to.
	if _, err := s.editBindings(ctx, actor, q, r.Level.ID, edit); err != nil {
		return 0, err
	}
	return len(ids), nil
}
