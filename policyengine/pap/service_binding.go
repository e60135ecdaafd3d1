package pap

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
)

// Terms are how a policy is bound.
type Terms struct {
	Parameters map[string]string // a value for every ${bindParam:…} of the policy and the boundaries, and no others
	Boundaries []string          // of the group's account; one of them must let a request through; none: no restriction
	Metadata   map[string]string // the client's own
	Shadow     *bool             // nil: as it is; a new binding is live

	// A binding that takes these terms, and is there already, keeps its own. A boundary that is taken away because nobody
	// repeated it would widen what the binding grants.
	KeepBoundaries, KeepMetadata bool
}

// PolicyTerms is a policy with the terms on which it is bound.
type PolicyTerms struct {
	Policy string
	Terms
}

// BindRequest asks for a policy to be bound to groups.
type BindRequest struct {
	Level  Level
	Policy string   // built in, of the level, or of the groups' account
	Groups []string // at least one, at most 1,000, all of one account
	Terms
}

// Bind adds a binding for each group, or none when one of them is impossible, and returns them with the warnings. A policy
// that is bound to a group with the same parameters already is refused by the documented sentence.
func (s *Service) Bind(ctx context.Context, actor string, r BindRequest) ([]Binding, ast.Diagnostics, error) {
	groups, err := canonicalUUIDs(r.Groups, maxAtOnce)
	if err != nil {
		return nil, nil, err
	}
	if len(groups) == 0 {
		return nil, nil, invalid("A policy is bound to at least one group.")
	}
	account, err := s.accountOf(ctx, groups)
	if err != nil {
		return nil, nil, err
	}
	var added []Binding
	for _, group := range groups {
		b, err := s.newBinding(r.Level, group, PolicyTerms{Policy: r.Policy, Terms: r.Terms})
		if err != nil {
			return nil, nil, err
		}
		added = append(added, b)
	}
	edit := func(current []Binding) (BindingEdit, error) {
		if err := refuseRepeated(added, current); err != nil {
			return BindingEdit{}, err
		}
		return BindingEdit{Put: added}, nil
	}
	q := BindingQuery{Level: r.Level, PolicyUUID: added[0].PolicyUUID}
	if len(groups) == 1 {
		q.GroupUUID = groups[0] // the policy may be bound to thousands of others, which do not matter
	}
	warnings, err := s.editBindings(ctx, actor, q, account, edit)
	if err != nil {
		return nil, nil, err
	}
	return added, warnings, nil
}

// accountOf is the one account that all groups belong to. Groups never move, so this needs no transaction with the change.
func (s *Service) accountOf(ctx context.Context, groups []string) (string, error) {
	account := ""
	for _, uuid := range groups {
		g, err := s.config.Store.Group(ctx, uuid)
		if err != nil {
			return "", groupWords.fault(err)
		}
		if account != "" && g.AccountID != account {
			return "", groupWords.fault(ErrNotFound)
		}
		account = g.AccountID
	}
	return account, nil
}

// newBinding checks the form of what is asked for; what it refers to is looked at in the transaction.
func (s *Service) newBinding(level Level, group string, p PolicyTerms) (Binding, error) {
	policy, err := canonicalUUID(p.Policy)
	if err != nil {
		return Binding{}, err
	}
	boundaries, err := canonicalUUIDs(p.Boundaries, maxBoundaries)
	if err != nil {
		return Binding{}, err
	}
	if err := s.checkPairs("parameters", p.Parameters); err != nil {
		return Binding{}, err
	}
	if err := s.checkPairs("metadata", p.Metadata); err != nil {
		return Binding{}, err
	}
	id, err := newUUID(s.config.Random)
	return Binding{
		ID: id, Level: level, PolicyUUID: policy, GroupUUID: group, Parameters: clonePairs(p.Parameters),
		Boundaries: cloneList(boundaries), Metadata: clonePairs(p.Metadata), Shadow: p.Shadow != nil && *p.Shadow, Created: s.now(),
	}, err
}

// refuseRepeated tells of the first new binding that is there already, in the documented form.
func refuseRepeated(added, current []Binding) error {
	for _, b := range added {
		if slices.ContainsFunc(current, b.Same) {
			return repeated(b)
		}
	}
	return nil
}

func repeated(b Binding) error {
	return invalid("Policy binding cannot be created, such binding already exists: level type: %s,level id: %s, "+
		"policy uuid: %s, groups: [%s], parameters: {%s}", b.Level.Type, b.Level.ID, b.PolicyUUID, b.GroupUUID, equations(b.Parameters))
}

// equations are parameters as the documented sentence has them.
func equations(parameters map[string]string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		pairs = append(pairs, name+"="+parameters[name])
	}
	return strings.Join(pairs, ", ")
}

// editBindings changes the bindings that q selects, all of groups of one account, and returns the warnings about the new
// ones.
func (s *Service) editBindings(ctx context.Context, actor string, q BindingQuery, account string,
	edit func([]Binding) (BindingEdit, error)) (warnings ast.Diagnostics, err error) {
	if err := q.Level.check(); err != nil {
		return nil, err
	}
	if q.Level.Type == bind.Account && q.Level.ID != account {
		return nil, groupWords.fault(ErrNotFound)
	}
	check := func(a Assignment) (err error) {
		warnings, err = s.checkNew(a, account)
		return err
	}
	// One word for all of them: whoever hears it cannot know the names of new ones anyway.
	defer s.config.OnChange(feed.Binding, "")
	err = s.config.Store.EditBindings(ctx, q, s.config.Limits.Bindings, s.event(actor, "", "", nil), edit, check)
	return warnings, bindingWords.fault(err)
}

// checkNew refuses new bindings that refer to what is not there for them, or that cannot be bound.
func (s *Service) checkNew(a Assignment, account string) (warnings ast.Diagnostics, err error) {
	r := s.resolver(a)
	for _, b := range a.Bindings {
		if r.repeated(b) {
			continue
		}
		if err := r.checkReach(b, account); err != nil {
			return nil, err
		}
		bound, found := r.bind(b)
		if bound == nil {
			return nil, textFault("", found)
		}
		for _, d := range found {
			warnings.Add(d)
		}
	}
	warnings.Sort()
	return warnings, nil
}

// checkReach refuses a policy or boundary from elsewhere. The answer is that there is none, so that nobody can ask what
// other accounts have.
func (r *resolver) checkReach(b Binding, account string) error {
	p, ok := r.stored(b.PolicyUUID)
	if ok {
		switch p.Level.Type {
		case bind.Global:
		case bind.Account:
			ok = p.Level.ID == account
		default:
			ok = p.Level == b.Level
		}
	}
	if !ok {
		return policyWords.fault(fmt.Errorf("policy %s: %w", b.PolicyUUID, ErrNotFound))
	}
	for _, uuid := range b.Boundaries {
		if boundary, ok := r.assignment.Boundaries[uuid]; !ok || boundary.AccountID != account {
			return boundaryWords.fault(fmt.Errorf("boundary %s: %w", uuid, ErrNotFound))
		}
	}
	return nil
}
