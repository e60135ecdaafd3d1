package pap

import (
	"context"
	"maps"
	"slices"

	"github.com/doorward/doorward/policyengine/ast"
)

// Bindings returns a page of bindings at a level, by identifier.
func (s *Service) Bindings(ctx context.Context, q BindingQuery, page Page) ([]Binding, error) {
	if err := q.Level.check(); err != nil {
		return nil, err
	}
	bindings, err := s.config.Store.Bindings(ctx, q, page)
	return bindings, bindingWords.fault(err)
}

// SetGroupBindings makes these the bindings of a group at a level, in one step: there is no moment at which the group has
// neither the old nor the new ones. A binding that is wanted as it is stays untouched; one with the same policy and
// parameters takes over the new boundaries and metadata. None wanted takes everything away. It returns the warnings.
func (s *Service) SetGroupBindings(ctx context.Context, actor string, level Level, group string, wanted []PolicyTerms) (ast.Diagnostics, error) {
	return s.rebindGroup(ctx, actor, level, group, wanted, func(current, fresh []Binding) BindingEdit {
		var edit BindingEdit
		kept := map[string]bool{}
		for _, b := range fresh {
			i := slices.IndexFunc(current, b.Same)
			if i < 0 {
				edit.Put = append(edit.Put, b)
				continue
			}
			old := current[i]
			kept[old.ID] = true
			if !slices.Equal(old.Boundaries, b.Boundaries) || !maps.Equal(old.Metadata, b.Metadata) {
				old.Boundaries, old.Metadata, old.Modified = b.Boundaries, b.Metadata, s.now()
				edit.Put = append(edit.Put, old)
			}
		}
		edit.Delete = others(current, func(b Binding) bool { return kept[b.ID] })
		return edit
	})
}

// SetGroupPolicies makes these the policies that are bound to a group at a level. Bindings of a policy that is named stay
// as they are, with their parameters and boundaries: taking a boundary away because it was not repeated would widen what
// the group may do. Others go, and policies that were not bound are bound without terms. It returns the warnings.
func (s *Service) SetGroupPolicies(ctx context.Context, actor string, level Level, group string, policies []string) (ast.Diagnostics, error) {
	named, err := canonicalUUIDs(policies, maxAtOnce)
	if err != nil {
		return nil, err
	}
	var wanted []PolicyTerms
	for _, policy := range named {
		wanted = append(wanted, PolicyTerms{Policy: policy})
	}
	return s.rebindGroup(ctx, actor, level, group, wanted, func(current, fresh []Binding) BindingEdit {
		isOf := func(b Binding) func(Binding) bool {
			return func(other Binding) bool { return other.PolicyUUID == b.PolicyUUID }
		}
		put := slices.DeleteFunc(slices.Clone(fresh), func(b Binding) bool { return slices.ContainsFunc(current, isOf(b)) })
		return BindingEdit{
			Put:    put,
			Delete: others(current, func(b Binding) bool { return slices.ContainsFunc(fresh, isOf(b)) }),
		}
	})
}

// others are the identifiers of the bindings that do not stay.
func others(current []Binding, stays func(Binding) bool) (ids []string) {
	for _, b := range current {
		if !stays(b) {
			ids = append(ids, b.ID)
		}
	}
	return ids
}

// rebindGroup changes all bindings of a group at a level together.
func (s *Service) rebindGroup(ctx context.Context, actor string, level Level, group string, wanted []PolicyTerms,
	edit func(current, fresh []Binding) BindingEdit) (ast.Diagnostics, error) {
	group, err := canonicalUUID(group)
	if err != nil {
		return nil, err
	}
	if len(wanted) > maxAtOnce {
		return nil, invalid("At most %d can be named at once.", maxAtOnce)
	}
	account, err := s.accountOf(ctx, []string{group})
	if err != nil {
		return nil, err
	}
	var fresh []Binding
	for _, terms := range wanted {
		b, err := s.newBinding(level, group, terms)
		if err != nil {
			return nil, err
		}
		if err := refuseRepeated([]Binding{b}, fresh); err != nil {
			return nil, err
		}
		fresh = append(fresh, b)
	}
	return s.editBindings(ctx, actor, BindingQuery{Level: level, GroupUUID: group}, account,
		func(current []Binding) (BindingEdit, error) { return edit(current, fresh), nil })
}

// UnbindRequest selects bindings to take away.
type UnbindRequest struct {
	Level      Level
	Policy     string            // "" for any
	Group      string            // "" for any
	Parameters map[string]string // exactly these; nil for any
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
		ids = others(current, func(b Binding) bool { return r.Parameters != nil && !maps.Equal(b.Parameters, r.Parameters) })
		switch {
		case len(ids) == 0:
			return BindingEdit{}, invalid("There is no policy binding to be deleted")
		case len(ids) > 1 && !r.Multiple:
			return BindingEdit{}, invalid("There are %d such bindings. Name the parameters of one, or ask for all of them.", len(ids))
		}
		return BindingEdit{Delete: ids}, nil
	}
	// Nothing new comes, so there is no account for it to belong to.
	if _, err := s.editBindings(ctx, actor, q, r.Level.ID, edit); err != nil {
		return 0, err
	}
	return len(ids), nil
}
