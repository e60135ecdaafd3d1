package folder

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/pap"
)

// holder is a group at a level. Its bindings are changed together.
type holder struct{ environment, group string }

// planBindings compares bindings, in the words of the folder, group by group.
func (p *planner) planBindings() {
	if !p.resolveBindings() {
		return
	}
	want, have := map[holder][]Binding{}, map[holder][]Binding{}
	for _, b := range p.want.Bindings {
		b.Boundaries = slices.Compact(slices.Sorted(slices.Values(b.Boundaries)))
		at := holder{b.Environment, b.Group}
		want[at] = append(want[at], b)
	}
	for group := range p.groups.byUUID {
		for _, stored := range p.have.bindings[group] {
			if p.Scope.has(stored.Level) {
				b := p.have.bindingOf(stored, p.names)
				at := holder{b.Environment, b.Group}
				have[at] = append(have[at], b)
			}
		}
	}
	all := map[holder]bool{}
	for at := range want {
		all[at] = true
	}
	for at := range have {
		all[at] = true
	}
	sorted := slices.SortedFunc(maps.Keys(all), func(a, b holder) int {
		return cmp.Or(cmp.Compare(a.environment, b.environment), cmp.Compare(a.group, b.group))
	})
	for _, at := range sorted {
		p.planHolder(at, want[at], have[at])
	}
}

func (p *planner) planHolder(at holder, want, have []Binding) {
	current := map[string]Binding{}
	for _, b := range have {
		current[b.place()] = b
	}
	s := step{at: origin{file: bindingsFile, above: -1}}
	var changed []Binding
	for _, b := range want {
		before, there := current[b.place()]
		delete(current, b.place())
		if there && before.entry() == b.entry() {
			continue
		}
		d := Difference{Verb: Add, Noun: "binding", Name: b.title(), After: b.entry()}
		if there {
			d.Verb, d.Before = Change, before.entry()
		}
		s.differences, changed = append(s.differences, d), append(changed, b)
	}
	for _, place := range slices.Sorted(maps.Keys(current)) {
		b := current[place]
		if !p.Prune {
			want = append(want, b)
			continue
		}
		s.differences = append(s.differences, Difference{Verb: Remove, Noun: "binding", Name: b.title(), Before: b.entry()})
	}
	if len(s.differences) == 0 {
		return
	}
	if len(changed) > 0 {
		s.at.pos = changed[0].origin.pos
	}
	s.do = func(ctx context.Context, w *worker) (ast.Diagnostics, error) {
		return w.bindings(ctx, at.environment, at.group, want)
	}
	s.check = func(t *trial) (found Findings) {
		for _, b := range changed {
			found = append(found, t.bindable(b)...)
		}
		return found
	}
	p.steps = append(p.steps, s)
}

// title is a binding for people.
func (b Binding) title() string {
	return nameAt(b.Environment, b.Policy+" to "+b.Group)
}

// resolveBindings refuses names that stand for nothing. What the store has besides the folder may be named, unless it goes.
func (p *planner) resolveBindings() bool {
	policies, boundaries, groups := p.known()
	missing := func(b Binding, noun, name, hint string) {
		p.found.fail(b.origin, fmt.Sprintf("there is no %s %q%s", noun, name, hint))
	}
	for _, b := range p.want.Bindings {
		if b.From == FromEnvironment && b.Environment == "" {
			p.found.fail(b.origin, "a policy from an environment can be bound there only: say which with the key environment")
			continue
		}
		if !groups[b.Group] {
			missing(b, "group", b.Group, "")
		}
		for _, name := range b.Boundaries {
			if !boundaries[name] {
				missing(b, "boundary", name, "")
			}
		}
		if policies[policyKey{b.policyLevel(p.Scope), b.Policy}] {
			continue
		}
		hint := ""
		for _, from := range []From{FromAccount, FromEnvironment, FromGlobal} {
			other := b
			other.From = from
			if policies[policyKey{other.policyLevel(p.Scope), b.Policy}] {
				hint = fmt.Sprintf("; there is one with from: %s", cmp.Or(from, "account"))
			}
		}
		missing(b, "policy", b.Policy, hint)
	}
	return !p.found.HasErrors()
}

// known are the names of what will be there.
func (p *planner) known() (policies map[policyKey]bool, boundaries, groups map[string]bool) {
	policies, boundaries, groups = map[policyKey]bool{}, map[string]bool{}, map[string]bool{}
	for _, policy := range pap.BuiltIn() {
		policies[policyKey{policy.Level, policy.Name}] = true
	}
	for _, policy := range p.want.Policies {
		policies[policyKey{p.Scope.level(policy.Environment), policy.Name}] = true
	}
	for _, b := range p.want.Boundaries {
		boundaries[b.Name] = true
	}
	for _, g := range p.want.Groups {
		groups[g.Name] = true
	}
	if p.Prune {
		return policies, boundaries, groups
	}
	for level, r := range p.policies {
		for uuid := range r.byUUID {
			policies[policyKey{level, p.names.policies[uuid]}] = true
		}
	}
	for uuid := range p.boundaries.byUUID {
		boundaries[p.names.boundaries[uuid]] = true
	}
	for uuid := range p.groups.byUUID {
		groups[p.names.groups[uuid]] = true
	}
	return policies, boundaries, groups
}
