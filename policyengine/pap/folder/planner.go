package folder

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/pap"
)

// planner finds out what differs. The order of its steps is that of what refers to what: a binding needs its boundaries,
// its policy and its group; and what goes, goes when nothing refers to it any more.
type planner struct {
	Options
	want  Contents
	have  snapshot
	names names // of what is in the store, as things will be called
	found Findings
	steps []step

	policies           map[pap.Level]*register
	boundaries, groups *register
}

// words are how a difference is told.
type words struct{ noun, name, before, after string }

func (p *planner) plan() {
	p.inScope()
	p.register()
	p.planBoundaries()
	p.planPolicies()
	p.planGroups()
	if p.found.HasErrors() {
		return // whatever refers to those would only be called wrong for it
	}
	p.planBindings()
	if p.Prune {
		p.prunePolicies()
		p.pruneOthers()
	}
}

// inScope refuses what is about an environment that was not asked for.
func (p *planner) inScope() {
	refuse := func(at origin, environment string) {
		if environment != "" && !p.Scope.has(pap.EnvironmentLevel(environment)) {
			p.found.fail(at, fmt.Sprintf("environment %q is not among those that were named", environment))
		}
	}
	for _, policy := range p.want.Policies {
		refuse(policy.origin, policy.Environment)
	}
	for _, b := range p.want.Bindings {
		refuse(b.origin, b.Environment)
	}
}

// register notes all that is in the part of the store which the folder is about.
func (p *planner) register() {
	p.policies, p.boundaries, p.groups = map[pap.Level]*register{}, newRegister("boundary"), newRegister("group")
	for uuid, policy := range p.have.policies {
		if p.Scope.has(policy.Level) {
			p.policiesAt(policy.Level).note(uuid, policy.Name)
		}
	}
	for uuid, b := range p.have.boundaries {
		if b.AccountID == p.Scope.Account {
			p.boundaries.note(uuid, b.Name)
		}
	}
	for uuid, g := range p.have.groups {
		if g.AccountID == p.Scope.Account {
			p.groups.note(uuid, g.Name)
		}
	}
}

func (p *planner) policiesAt(level pap.Level) *register {
	if p.policies[level] == nil {
		p.policies[level] = newRegister("policy")
	}
	return p.policies[level]
}

// differ plans one thing unless it is as it should be.
func (p *planner) differ(w words, isNew bool, at origin, do func(context.Context, *worker) (ast.Diagnostics, error)) {
	if !isNew && w.before == w.after {
		return
	}
	d := Difference{Verb: Change, Noun: w.noun, Name: w.name, Before: w.before, After: w.after}
	if isNew {
		d.Verb = Add
	}
	p.steps = append(p.steps, step{differences: []Difference{d}, at: at, do: do})
}

func (p *planner) planBoundaries() {
	for _, b := range p.want.Boundaries {
		existing := p.boundaries.find(&p.found, b.origin, b.UUID, b.Name)
		after, w := b, words{noun: "boundary", name: b.Name}
		after.UUID = ""
		w.after = after.file(b.Name)
		if existing != "" {
			w.before = boundaryOf(p.have.boundaries[existing], "").file(b.Name)
			p.names.boundaries[existing] = b.Name
		} else if _, elsewhere := p.have.boundaries[strings.ToLower(b.UUID)]; elsewhere {
			p.found.fail(b.origin, "the uuid is that of a boundary of another account")
		}
		p.differ(w, existing == "", b.origin, func(ctx context.Context, w *worker) (ast.Diagnostics, error) {
			return w.boundary(ctx, b, existing)
		})
	}
}

func (p *planner) planPolicies() {
	for _, policy := range p.want.Policies {
		level := p.Scope.level(policy.Environment)
		existing := p.policiesAt(level).find(&p.found, policy.origin, policy.UUID, policy.Name)
		after, w := policy, words{noun: "policy", name: nameAt(policy.Environment, policy.Name)}
		after.UUID = ""
		w.after = after.file(policy.Name)
		if existing != "" {
			w.before = policyOf(p.have.policies[existing], "").file(policy.Name)
			p.names.policies[existing] = policy.Name
		} else if other, elsewhere := p.have.policies[strings.ToLower(policy.UUID)]; elsewhere {
			p.found.fail(policy.origin, fmt.Sprintf("the uuid is that of a policy at %s %s", other.Level.Type, other.Level.ID))
		}
		p.differ(w, existing == "", policy.origin, func(ctx context.Context, w *worker) (ast.Diagnostics, error) {
			return w.policy(ctx, policy, existing)
		})
	}
}

// nameAt is what something is called for people that lives at an environment.
func nameAt(environment, name string) string {
	if environment == "" {
		return name
	}
	return name + " in environment " + environment
}

func (p *planner) planGroups() {
	for _, g := range p.want.Groups {
		existing := p.groups.find(&p.found, g.origin, g.UUID, g.Name)
		after, w := g, words{noun: "group", name: g.Name}
		if after.Owner == "" {
			after.Owner = pap.OwnerLocal
		}
		after.UUID = ""
		w.after = after.entry()
		if existing != "" {
			before := groupOf(p.have.groups[existing], "")
			w.before = before.entry()
			p.names.groups[existing] = g.Name
			if before.Owner != after.Owner {
				p.found.fail(g.origin, fmt.Sprintf("the owner of a group cannot be changed; it is %s", before.Owner))
			}
		}
		p.differ(w, existing == "", g.origin, func(ctx context.Context, w *worker) (ast.Diagnostics, error) {
			return nil, w.group(ctx, g, existing)
		})
	}
}

// prunePolicies takes away the policies that the folder does not have. What is bound to them is gone by then.
func (p *planner) prunePolicies() {
	for _, uuid := range slices.Sorted(maps.Keys(p.have.policies)) {
		policy := p.have.policies[uuid]
		if !p.Scope.has(policy.Level) || p.policiesAt(policy.Level).kept[uuid] {
			continue
		}
		said := policyOf(policy, "")
		p.remove(words{"policy", nameAt(said.Environment, said.Name), said.file(said.Name), ""}, func(ctx context.Context, w *worker) error {
			return w.service.DeletePolicy(ctx, w.actor, policy.Level, uuid, false)
		})
	}
}

func (p *planner) pruneOthers() {
	for _, uuid := range p.boundaries.others() {
		said := boundaryOf(p.have.boundaries[uuid], "")
		p.remove(words{"boundary", said.Name, said.file(said.Name), ""}, func(ctx context.Context, w *worker) error {
			return w.service.DeleteBoundary(ctx, w.actor, w.scope.Account, uuid)
		})
	}
	for _, uuid := range p.groups.others() {
		said := groupOf(p.have.groups[uuid], "")
		for _, b := range p.have.bindings[uuid] {
			if !p.Scope.has(b.Level) { // it would go with the group, unseen
				p.found.fail(origin{file: groupsFile}, fmt.Sprintf("group %q cannot be removed: it has bindings at %s %s, which was not named",
					said.Name, b.Level.Type, b.Level.ID))
				break
			}
		}
		p.remove(words{"group", said.Name, said.entry(), ""}, func(ctx context.Context, w *worker) error {
			return w.service.DeleteGroup(ctx, w.actor, w.scope.Account, uuid)
		})
	}
}

func (p *planner) remove(w words, do func(context.Context, *worker) error) {
	p.steps = append(p.steps, step{
		differences: []Difference{{Verb: Remove, Noun: w.noun, Name: w.name, Before: w.before}},
		at:          origin{file: "."},
		do:          func(ctx context.Context, w *worker) (ast.Diagnostics, error) { return nil, do(ctx, w) },
	})
}
