package pap

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/parser"
)

// PolicyAttributes is what a caller decides about a policy.
type PolicyAttributes struct {
	Name        string   // 1 … 250 characters
	Description string   // at most 4,000 characters, lines allowed
	Tags        []string // at most 100
	Statement   string   // must parse and fit the catalogue
	Shadow      *bool    // nil: as it is; a new one is live
}

// Policy returns the policy with this identifier at this level. fault.NotFound when there is none, or when it lives at
// another level.
func (s *Service) Policy(ctx context.Context, level Level, uuid string) (Policy, error) {
	uuid, err := canonicalUUID(uuid)
	if err != nil {
		return Policy{}, err
	}
	p, found := builtIn(uuid)
	if !found {
		if p, err = s.config.Store.Policy(ctx, uuid); err != nil {
			return Policy{}, policyWords.fault(err)
		}
	}
	if p.Level != level {
		return Policy{}, policyWords.fault(ErrNotFound)
	}
	return p, nil
}

// Policies returns a page of the policies at a level, by identifier.
func (s *Service) Policies(ctx context.Context, q PolicyQuery) ([]Policy, error) {
	if q.Level != GlobalLevel {
		if err := q.Level.check(); err != nil {
			return nil, err
		}
		page, err := s.config.Store.Policies(ctx, q)
		return page, policyWords.fault(err)
	}
	size, err := q.Size()
	if err != nil {
		return nil, err
	}
	page := slices.DeleteFunc(BuiltIn(), func(p Policy) bool { return p.UUID <= q.After || q.Name != "" && p.Name != q.Name })
	return page[:min(size, len(page))], nil
}

// CreatePolicy stores a new policy, under an identifier of the caller's (RFC 9562 version 4) or, for "", a random one. It
// returns the policy and the warnings about its text. Of a text with errors nothing is stored; the cause of the fault is a
// *[DiagnosticsError].
func (s *Service) CreatePolicy(ctx context.Context, actor string, level Level, uuid string, a PolicyAttributes) (Policy, ast.Diagnostics, error) {
	if err := level.check(); err != nil {
		return Policy{}, nil, err
	}
	warnings, err := s.CheckPolicy(a)
	if err != nil {
		return Policy{}, nil, err
	}
	if uuid, err = s.chosenUUID(uuid); err != nil {
		return Policy{}, nil, err
	}
	if _, taken := builtIn(uuid); taken {
		return Policy{}, nil, errGlobal
	}
	p := Policy{
		UUID: uuid, Level: level, Name: a.Name, Description: a.Description, Tags: cloneList(a.Tags), Statement: a.Statement,
		Shadow: a.Shadow != nil && *a.Shadow, Created: s.now(),
	}
	defer s.config.OnChange(feed.Policy, uuid)
	e := s.made(actor, "policy.create", uuid, policyDetail(level, a), auditedPolicy(p))
	err = s.config.Store.CreatePolicy(ctx, p, s.config.Limits.Policies, e)
	if err != nil {
		return Policy{}, nil, policyWords.fault(err)
	}
	return p, warnings, nil
}

// CheckPolicy says what CreatePolicy would say about these attributes, and stores nothing.
func (s *Service) CheckPolicy(a PolicyAttributes) (warnings ast.Diagnostics, err error) {
	if err := s.checkNames("policy", a.Name, a.Description); err != nil {
		return nil, err
	}
	if err := s.checkList("tag of a policy", a.Tags, maxTags); err != nil {
		return nil, err
	}
	if err := s.checkSecret("text of a policy", a.Statement); err != nil {
		return nil, err
	}
	tree, found := parser.ParsePolicy(a.Statement)
	if tree == nil {
		tree = parser.Readable(a.Statement)
	}
	found = append(found, s.config.Catalog.Check(tree, s.config.Mode)...)
	found.Sort()
	if found.HasErrors() {
		return nil, textFault("", found)
	}
	return found, nil
}

// UpdatePolicy replaces what a caller decides about a policy. While the policy is bound, its parameters must stay the same
// ones, and every binding must still be possible. It returns the warnings about the text.
func (s *Service) UpdatePolicy(ctx context.Context, actor string, level Level, uuid string, a PolicyAttributes) (ast.Diagnostics, error) {
	if err := level.check(); err != nil {
		return nil, err
	}
	uuid, err := canonicalUUID(uuid)
	if err != nil {
		return nil, err
	}
	warnings, err := s.CheckPolicy(a)
	if err != nil {
		return nil, err
	}
	var before string
	change := func(p *Policy) error {
		if p.Level != level {
			return ErrNotFound
		}
		before = p.Statement
		p.Name, p.Description, p.Tags, p.Statement = a.Name, a.Description, cloneList(a.Tags), a.Statement
		p.Modified = s.now()
		if a.Shadow != nil {
			p.Shadow = *a.Shadow
		}
		return nil
	}
	check := func(bound Assignment) error {
		if err := keepParameters(before, a.Statement, len(bound.Bindings)); err != nil {
			return err
		}
		return s.stillBind(bound)
	}
	defer s.config.OnChange(feed.Policy, uuid)
	e := s.event(actor, "policy.update", uuid, policyDetail(level, a))
	if err := policyWords.fault(s.config.Store.UpdatePolicy(ctx, uuid, e, change, check)); err != nil {
		return nil, err
	}
	return warnings, nil
}

// PutPolicy is UpdatePolicy, or CreatePolicy under this identifier where there is no such policy. It reports whether the
// policy is new, and returns it where it is. One that lives at another level is fault.NotFound.
func (s *Service) PutPolicy(ctx context.Context, actor string, level Level, uuid string, a PolicyAttributes) (p Policy, created bool, err error) {
	_, err = s.UpdatePolicy(ctx, actor, level, uuid, a)
	if err == nil || !isMissing(err) {
		return Policy{}, false, err
	}
	if _, taken := builtIn(strings.ToLower(uuid)); taken {
		return Policy{}, false, err
	}
	p, _, failed := s.CreatePolicy(ctx, actor, level, uuid, a)
	if errors.Is(failed, ErrExists) {
		// The identifier may be the one that is taken, and not the name.
		if _, there := s.config.Store.Policy(ctx, strings.ToLower(uuid)); there == nil {
			return Policy{}, false, err
		}
	}
	return p, failed == nil, failed
}

// CheckPolicyUpdate says what UpdatePolicy would say, and stores nothing.
func (s *Service) CheckPolicyUpdate(ctx context.Context, level Level, uuid string, a PolicyAttributes) (warnings ast.Diagnostics, err error) {
	p, err := s.Policy(ctx, level, uuid)
	if err != nil {
		return nil, err
	}
	if p.Level == GlobalLevel {
		return nil, errGlobal
	}
	if warnings, err = s.CheckPolicy(a); err != nil {
		return nil, err
	}
	bound := Assignment{Policies: map[string]Policy{}, Boundaries: map[string]Boundary{}}
	if bound.Bindings, err = collect(s.storedBindings(ctx, BindingQuery{PolicyUUID: p.UUID})); err == nil {
		err = s.complete(ctx, &bound)
	}
	if err != nil {
		return nil, bindingWords.fault(err)
	}
	before := p.Statement
	p.Statement = a.Statement
	bound.Policies[p.UUID] = p
	if err := keepParameters(before, a.Statement, len(bound.Bindings)); err != nil {
		return nil, err
	}
	return warnings, s.stillBind(bound)
}

// keepParameters refuses another set of parameters in a policy that is bound. A former text that cannot be read has none
// to compare; then it is enough that the bindings are possible.
func keepParameters(before, after string, bindings int) error {
	if bindings == 0 {
		return nil
	}
	old, _ := parser.ParsePolicy(before)
	changed, _ := parser.ParsePolicy(after)
	if old == nil || changed == nil {
		return nil
	}
	was, is := ast.BindParams(old), ast.BindParams(changed)
	slices.Sort(was)
	slices.Sort(is)
	if slices.Equal(was, is) {
		return nil
	}
	return invalid("The parameters of a policy stay the same while it is bound: %.200q, not %.200q.", was, is)
}

// DeletePolicy removes a policy. One that is bound is refused, unless forced: then its bindings go with it.
func (s *Service) DeletePolicy(ctx context.Context, actor string, level Level, uuid string, force bool) error {
	p, err := s.Policy(ctx, level, uuid)
	if err != nil {
		return err
	}
	if p.Level == GlobalLevel {
		return errGlobal
	}
	detail := policyDetail(level, PolicyAttributes{Name: p.Name, Description: p.Description, Tags: p.Tags, Statement: p.Statement})
	defer s.config.OnChange(feed.Policy, p.UUID)
	e := s.gone(actor, "policy.delete", p.UUID, detail, auditedPolicy(p))
	return policyWords.fault(s.config.Store.DeletePolicy(ctx, p.UUID, force, e))
}

// policyDetail is the audit detail of a policy: what it says after the change, or said before its deletion.
func policyDetail(level Level, a PolicyAttributes) any {
	return struct {
		LevelType string   `json:"levelType"`
		LevelID   string   `json:"levelId"`
		Name      string   `json:"name"`
		Tags      []string `json:"tags,omitempty"`
		Statement text     `json:"statement"`
	}{string(level.Type), level.ID, a.Name, a.Tags, text(a.Statement)}
}

// cloneList makes an empty list nil, as stores return it.
func cloneList(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return slices.Clone(list)
}

// isMissing reports whether err says that there is no such thing, as opposed to a store that did not answer.
func isMissing(err error) bool { return fault.KindOf(err) == fault.NotFound }
