package pap

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

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
	return s.rebindGroup(ctx, actor, level, group, wanted, s.replaceAll)
}

// replaceAll makes fresh ones of the current bindings. One that is there already keeps its identifier.
func (s *Service) replaceAll(current, fresh []Binding, terms []Terms) BindingEdit {
	var edit BindingEdit
	kept, places := map[string]bool{}, placesOf(current)
	for i, b := range fresh {
		at, found := places[placeOf(b)]
		if !found {
			edit.Put = append(edit.Put, b)
			continue
		}
		old := current[at]
		kept[old.ID] = true
		if changed := s.changed(old, b, terms[i]); changed != nil {
			edit.Put = append(edit.Put, *changed)
		}
	}
	edit.Delete = others(current, func(b Binding) bool { return kept[b.ID] })
	return edit
}

// changed is a binding with what the wanted one says, nil where it says so already.
func (s *Service) changed(old, wanted Binding, terms Terms) *Binding {
	changed := old
	changed.Parameters = wanted.Parameters
	if !terms.KeepBoundaries {
		changed.Boundaries = wanted.Boundaries
	}
	if !terms.KeepMetadata {
		changed.Metadata = wanted.Metadata
	}
	if terms.Shadow != nil {
		changed.Shadow = *terms.Shadow
	}
	if maps.Equal(old.Parameters, changed.Parameters) && slices.Equal(old.Boundaries, changed.Boundaries) &&
		maps.Equal(old.Metadata, changed.Metadata) && old.Shadow == changed.Shadow {
		return nil
	}
	changed.Modified = s.now()
	return &changed
}

// placeOf is a text that bindings have in common just when they are the Same, so that thousands can be compared at once.
func placeOf(b Binding) string {
	text := []string{b.PolicyUUID, b.GroupUUID}
	for _, name := range slices.Sorted(maps.Keys(b.Parameters)) {
		text = append(text, strconv.Quote(name)+"="+strconv.Quote(b.Parameters[name]))
	}
	return strings.Join(text, " ")
}

func placesOf(bindings []Binding) map[string]int {
	places := make(map[string]int, len(bindings))
	for i, b := range bindings {
		places[placeOf(b)] = i
	}
	return places
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
	return s.rebindGroup(ctx, actor, level, group, wanted, func(current, fresh []Binding, _ []Terms) BindingEdit {
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
	edit func(current, fresh []Binding, terms []Terms) BindingEdit) (ast.Diagnostics, error) {
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
	var all []GroupTerms
	for _, terms := range wanted {
		all = append(all, GroupTerms{Group: group, PolicyTerms: terms})
	}
	return s.rebind(ctx, actor, BindingQuery{Level: level, GroupUUID: group}, account, all, edit)
}

// GroupTerms is a group with a policy and the terms on which it is bound to it.
type GroupTerms struct {
	Group string
	PolicyTerms
}

// SetLevelBindings makes these the bindings of a level, all at once, under the rules of SetGroupBindings. The groups are of
// one account; none wanted takes everything away. There are at most as many as a level may have. It returns the warnings.
func (s *Service) SetLevelBindings(ctx context.Context, actor string, level Level, wanted []GroupTerms) (ast.Diagnostics, error) {
	if len(wanted) > s.config.Limits.Bindings {
		return nil, bindingWords.fault(ErrFull)
	}
	groups := map[string]bool{}
	for i, w := range wanted {
		group, err := canonicalUUID(w.Group)
		if err != nil {
			return nil, err
		}
		groups[group], wanted[i].Group = true, group
	}
	account, err := s.accountOf(ctx, slices.Sorted(maps.Keys(groups)))
	if err != nil {
		return nil, err
	}
	if len(wanted) == 0 {
		account = level.ID // nothing new comes, so there is no account for it to belong to
	}
	return s.rebind(ctx, actor, BindingQuery{Level: level}, account, wanted, s.replaceAll)
}

// rebind makes bindings of what is wanted and has edit say what becomes of the ones that q selects.
func (s *Service) rebind(ctx context.Context, actor string, q BindingQuery, account string, wanted []GroupTerms,
	edit func(current, fresh []Binding, terms []Terms) BindingEdit) (ast.Diagnostics, error) {
	var fresh []Binding
	var terms []Terms
	seen := map[string]bool{}
	for _, w := range wanted {
		b, err := s.newBinding(q.Level, w.Group, w.PolicyTerms)
		if err != nil {
			return nil, err
		}
		place := placeOf(b)
		if seen[place] {
			return nil, repeated(b)
		}
		seen[place] = true
		fresh, terms = append(fresh, b), append(terms, w.Terms)
	}
	return s.editBindings(ctx, actor, q, account,
		func(current []Binding) (BindingEdit, error) { return edit(current, fresh, terms), nil })
}
