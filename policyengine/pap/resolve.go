package pap

import (
	"encoding/json"
	"fmt"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/parser"
)

// resolver binds the bindings of one assignment. Each text is parsed once, and bindings that differ in their group only
// are bound once.
type resolver struct {
	catalog    *catalog.Catalog
	assignment Assignment
	policies   map[string]bind.Policy
	boundaries map[string]bind.Boundary
	done       map[string]bool
	possible   map[string]bool // policies with boundaries that can be bound with some parameters
}

func (s *Service) resolver(a Assignment) *resolver {
	return &resolver{
		catalog: s.config.Catalog, assignment: a,
		policies: map[string]bind.Policy{}, boundaries: map[string]bind.Boundary{}, done: map[string]bool{}, possible: map[string]bool{},
	}
}

// repeated reports whether a binding with the same policy, parameters and boundaries was here before.
func (r *resolver) repeated(b Binding) bool {
	// JSON sorts the keys of a map and leaves no doubt where a text ends.
	key, err := json.Marshal([]any{b.PolicyUUID, b.Parameters, b.Boundaries})
	if err != nil {
		return false
	}
	if r.done[string(key)] {
		return true
	}
	r.done[string(key)] = true
	return false
}

// bind resolves one binding. With an error in the diagnostics the result is nil, as bind.Bind's.
func (r *resolver) bind(b Binding) (*bind.Bound, ast.Diagnostics) {
	return bind.Bind(r.policy(b.PolicyUUID), b.Parameters, r.boundariesOf(b), r.catalog)
}

// errors finds what makes a binding impossible, among warnings. Where the policy is bound under these boundaries with other
// parameters already, only the parameters are looked at.
func (r *resolver) errors(b Binding) ast.Diagnostics {
	key, err := json.Marshal([]any{b.PolicyUUID, b.Boundaries})
	if err == nil && r.possible[string(key)] {
		return bind.Fits(r.policy(b.PolicyUUID), b.Parameters, r.boundariesOf(b), r.catalog)
	}
	bound, found := r.bind(b)
	r.possible[string(key)] = err == nil && bound != nil
	return found
}

func (r *resolver) boundariesOf(b Binding) (boundaries []bind.Boundary) {
	for _, uuid := range b.Boundaries {
		boundaries = append(boundaries, r.boundary(uuid))
	}
	return boundaries
}

// policy and boundary leave the tree of what is missing, or cannot be read, nil. That is for bind.Bind to refuse: neither
// may be left out of a binding.
func (r *resolver) policy(uuid string) bind.Policy {
	if p, ok := r.policies[uuid]; ok {
		return p
	}
	p := bind.Policy{ID: uuid}
	if stored, ok := r.stored(uuid); ok {
		p.Name, p.Level, p.LevelID = stored.Name, stored.Level.Type, stored.Level.ID
		p.Tree, _ = parser.ParsePolicy(stored.Statement)
	}
	r.policies[uuid] = p
	return p
}

// stored finds a policy: built in, or in the store.
func (r *resolver) stored(uuid string) (Policy, bool) {
	if p, ok := builtIn(uuid); ok {
		return p, true
	}
	p, ok := r.assignment.Policies[uuid]
	return p, ok
}

// shadow reports whether a binding decides nothing, for its own sake or its policy's. A policy that is not there is none:
// then the binding is live, and fails.
func (r *resolver) shadow(b Binding) bool {
	p, _ := r.stored(b.PolicyUUID)
	return b.Shadow || p.Shadow
}

func (r *resolver) boundary(uuid string) bind.Boundary {
	if b, ok := r.boundaries[uuid]; ok {
		return b
	}
	b := bind.Boundary{ID: uuid}
	if stored, ok := r.assignment.Boundaries[uuid]; ok {
		b.Name = stored.Name
		b.Tree, _ = parser.ParseBoundary(stored.Query)
	}
	r.boundaries[uuid] = b
	return b
}

// stillBind refuses a change of a text after which one of its bindings would be impossible: the groups of that binding
// would be refused everything from then on.
func (s *Service) stillBind(a Assignment) error {
	r := s.resolver(a)
	for _, b := range a.Bindings {
		if r.repeated(b) {
			continue
		}
		if found := r.errors(b); found.HasErrors() {
			where := fmt.Sprintf("It is bound to group %s at %s %s, and could no longer be: ", b.GroupUUID, b.Level.Type, b.Level.ID)
			return textFault(where, found)
		}
	}
	return nil
}

// unresolvable is the fault of an assignment that cannot be decided with.
func unresolvable(cause error) error {
	return fault.New(fault.Internal, "The policies that are assigned here cannot be used.", cause)
}
