package folder

import (
	"context"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/pap"
)

// policyKey is a policy as a folder names it.
type policyKey struct {
	level pap.Level
	name  string
}

// worker makes changes, and knows the identifiers of what there is by name.
type worker struct {
	service            *pap.Service
	actor              string
	scope              Scope
	policies           map[policyKey]string
	boundaries, groups map[string]string
}

func newWorker(service *pap.Service, actor string, scope Scope, s snapshot) *worker {
	w := &worker{
		service: service, actor: actor, scope: scope,
		policies: map[policyKey]string{}, boundaries: map[string]string{}, groups: map[string]string{},
	}
	for _, p := range pap.BuiltIn() {
		w.policies[policyKey{p.Level, p.Name}] = p.UUID
	}
	for _, p := range s.policies {
		w.policies[policyKey{p.Level, p.Name}] = p.UUID
	}
	for _, b := range s.boundaries {
		if b.AccountID == scope.Account {
			w.boundaries[b.Name] = b.UUID
		}
	}
	for _, g := range s.groups {
		if g.AccountID == scope.Account {
			w.groups[g.Name] = g.UUID
		}
	}
	return w
}

// policyLevel is where the policy of a binding lives.
func (b Binding) policyLevel(scope Scope) pap.Level {
	switch b.From {
	case FromGlobal:
		return pap.GlobalLevel
	case FromEnvironment:
		return pap.EnvironmentLevel(b.Environment)
	}
	return pap.AccountLevel(scope.Account)
}

// boundary makes or changes a boundary; existing is "" for a new one.
func (w *worker) boundary(ctx context.Context, b Boundary, existing string) (remarks ast.Diagnostics, err error) {
	a := pap.BoundaryAttributes{Name: b.Name, Query: b.Text, Metadata: b.Metadata}
	if existing != "" {
		remarks, err = w.service.UpdateBoundary(ctx, w.actor, w.scope.Account, existing, a)
	} else {
		var made pap.Boundary
		made, remarks, err = w.service.CreateBoundary(ctx, w.actor, w.scope.Account, b.UUID, a)
		existing = made.UUID
	}
	if err == nil {
		w.boundaries[b.Name] = existing
	}
	return remarks, err
}

func (w *worker) policy(ctx context.Context, p Policy, existing string) (remarks ast.Diagnostics, err error) {
	level := w.scope.level(p.Environment)
	a := pap.PolicyAttributes{Name: p.Name, Description: p.Description, Tags: p.Tags, Statement: p.Text, Shadow: &p.Shadow}
	if existing != "" {
		remarks, err = w.service.UpdatePolicy(ctx, w.actor, level, existing, a)
	} else {
		var made pap.Policy
		made, remarks, err = w.service.CreatePolicy(ctx, w.actor, level, p.UUID, a)
		existing = made.UUID
	}
	if err == nil {
		w.policies[policyKey{level, p.Name}] = existing
	}
	return remarks, err
}

func (w *worker) group(ctx context.Context, g Group, existing string) error {
	a := pap.GroupAttributes{Name: g.Name, Description: g.Description, FederatedValues: g.Federated, Owner: g.Owner}
	var made pap.Group
	var err error
	if existing != "" {
		made, err = w.service.UpdateGroup(ctx, w.actor, w.scope.Account, existing, a)
	} else {
		made, err = w.service.CreateGroup(ctx, w.actor, w.scope.Account, a)
	}
	if err == nil {
		w.groups[g.Name] = made.UUID
	}
	return err
}

// bindings makes these the bindings of a group at a level, all in one transaction: there is no moment at which the group
// has the half of them.
func (w *worker) bindings(ctx context.Context, environment, group string, wanted []Binding) (ast.Diagnostics, error) {
	uuid, ok := w.groups[group]
	if !ok {
		return nil, errBefore
	}
	var terms []pap.PolicyTerms
	for _, b := range wanted {
		policy, ok := w.policies[policyKey{b.policyLevel(w.scope), b.Policy}]
		if !ok {
			return nil, errBefore
		}
		t := pap.Terms{Parameters: b.Parameters, Metadata: b.Metadata, Shadow: &b.Shadow}
		for _, name := range b.Boundaries {
			boundary, ok := w.boundaries[name]
			if !ok {
				return nil, errBefore
			}
			t.Boundaries = append(t.Boundaries, boundary)
		}
		terms = append(terms, pap.PolicyTerms{Policy: policy, Terms: t})
	}
	return w.service.SetGroupBindings(ctx, w.actor, w.scope.level(environment), uuid, terms)
}
