package folder

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/pap"
)

// Store is where the contents of a folder go to and come from.
type Store interface {
	pap.Store
	feed.Source
}

// Scope is the part of a store that a folder is about.
type Scope struct {
	Account string
	// Environments of the account; none: all that there are in the store, which is refused where the store has another
	// account, because it does not say whose an environment is.
	Environments []string
}

func (s Scope) has(level pap.Level) bool {
	if level.Type == bind.Environment {
		return len(s.Environments) == 0 || slices.Contains(s.Environments, level.ID)
	}
	return level == pap.AccountLevel(s.Account)
}

func (s Scope) level(environment string) pap.Level {
	if environment != "" {
		return pap.EnvironmentLevel(environment)
	}
	return pap.AccountLevel(s.Account)
}

// environment is the word of a folder for a level.
func environmentOf(level pap.Level) string {
	if level.Type == bind.Environment {
		return level.ID
	}
	return ""
}

// snapshot is a whole store as of one revision.
type snapshot struct {
	*draft
	revision int64
}

// attempts is how often a store is read until nothing has changed meanwhile.
const attempts = 5

func takeSnapshot(ctx context.Context, store Store) (snapshot, error) {
	for range attempts {
		revision, err := store.Revision(ctx)
		if err != nil {
			return snapshot{}, storeFault(err)
		}
		d, err := readDraft(ctx, store)
		if err != nil {
			return snapshot{}, storeFault(err)
		}
		settled, err := settledSince(ctx, store, revision)
		if err != nil {
			return snapshot{}, storeFault(err)
		}
		if settled {
			return snapshot{d, revision}, nil
		}
	}
	return snapshot{}, errMoving
}

var errMoving = fault.New(fault.Conflict, "The policies in the store are being changed at this moment; try again.", nil)

func storeFault(err error) error {
	if _, ok := errors.AsType[*fault.Fault](err); ok {
		return err
	}
	return fault.New(fault.Unavailable, "The policy store did not answer.", err)
}

// look is how many changes are looked through at once.
const look = 1000

// settledSince reports whether nothing that a folder is about has changed after a revision.
func settledSince(ctx context.Context, store feed.Source, revision int64) (bool, error) {
	for {
		changes, gap, err := store.ChangesAfter(ctx, revision, look)
		if err != nil || gap {
			return false, err
		}
		for _, change := range changes {
			if slices.Contains([]feed.Kind{feed.Policy, feed.Boundary, feed.Group, feed.Binding}, change.Kind) {
				return false, nil
			}
			revision = change.Revision
		}
		if len(changes) < look {
			return true, nil
		}
	}
}

func readDraft(ctx context.Context, store Store) (*draft, error) {
	d := newDraft()
	err := errors.Join(
		each(pap.All(func(p pap.Policy) string { return p.UUID }, func(page pap.Page) ([]pap.Policy, error) {
			return store.Policies(ctx, pap.PolicyQuery{Page: page})
		}), func(p pap.Policy) { d.policies[p.UUID] = p }),
		each(pap.All(func(b pap.Boundary) string { return b.UUID }, func(page pap.Page) ([]pap.Boundary, error) {
			return store.Boundaries(ctx, pap.BoundaryQuery{Page: page})
		}), func(b pap.Boundary) { d.boundaries[b.UUID] = b }),
		each(pap.All(func(g pap.Group) string { return g.UUID }, func(page pap.Page) ([]pap.Group, error) {
			return store.Groups(ctx, pap.GroupQuery{Page: page})
		}), func(g pap.Group) { d.groups[g.UUID] = g }),
		each(pap.All(func(b pap.Binding) string { return b.ID }, func(page pap.Page) ([]pap.Binding, error) {
			return store.Bindings(ctx, pap.BindingQuery{}, page)
		}), d.hold),
	)
	return d, err
}

func each[T any](all iter.Seq2[T, error], take func(T)) error {
	for one, err := range all {
		if err != nil {
			return err
		}
		take(one)
	}
	return nil
}

// check refuses a scope of which it cannot be told what is in it.
func (s snapshot) check(scope Scope) error {
	if len(scope.Environments) > 0 {
		return nil
	}
	foreign := func(account string) bool { return account != scope.Account }
	if anyIn(s.groups, func(g pap.Group) bool { return foreign(g.AccountID) }) ||
		anyIn(s.boundaries, func(b pap.Boundary) bool { return foreign(b.AccountID) }) ||
		anyIn(s.policies, func(p pap.Policy) bool { return p.Level.Type == bind.Account && foreign(p.Level.ID) }) {
		return fault.New(fault.Invalid, "The store has several accounts, and does not say whose an environment is; "+
			"name the environments of this account.", nil)
	}
	return nil
}

// names are what things are called, by identifier.
type names struct{ policies, boundaries, groups map[string]string }

// names are those of everything in the store and of what is built in.
func (s snapshot) names() names {
	n := names{map[string]string{}, map[string]string{}, map[string]string{}}
	for _, p := range pap.BuiltIn() {
		n.policies[p.UUID] = p.Name
	}
	for uuid, p := range s.policies {
		n.policies[uuid] = p.Name
	}
	for uuid, b := range s.boundaries {
		n.boundaries[uuid] = b.Name
	}
	for uuid, g := range s.groups {
		n.groups[uuid] = g.Name
	}
	return n
}

// contents is what a folder about a scope would say.
func (s snapshot) contents(scope Scope, uuids bool) Contents {
	c := Contents{Complete: true}
	shown := func(uuid string) string {
		if uuids {
			return uuid
		}
		return ""
	}
	for _, p := range s.policies {
		if scope.has(p.Level) {
			c.Policies = append(c.Policies, policyOf(p, shown(p.UUID)))
		}
	}
	for _, b := range s.boundaries {
		if b.AccountID == scope.Account {
			c.Boundaries = append(c.Boundaries, boundaryOf(b, shown(b.UUID)))
		}
	}
	n := s.names()
	for _, g := range s.groups {
		if g.AccountID != scope.Account {
			continue
		}
		c.Groups = append(c.Groups, groupOf(g, shown(g.UUID)))
		for _, b := range s.bindings[g.UUID] {
			if scope.has(b.Level) {
				c.Bindings = append(c.Bindings, s.bindingOf(b, n))
			}
		}
	}
	c.sort()
	return c
}

func policyOf(p pap.Policy, uuid string) Policy {
	return Policy{
		Environment: environmentOf(p.Level), Name: p.Name, UUID: uuid, Description: p.Description, Tags: p.Tags, Shadow: p.Shadow,
		Text: p.Statement,
	}
}

func boundaryOf(b pap.Boundary, uuid string) Boundary {
	return Boundary{Name: b.Name, UUID: uuid, Metadata: b.Metadata, Text: b.Query}
}

func groupOf(g pap.Group, uuid string) Group {
	return Group{Name: g.Name, UUID: uuid, Description: g.Description, Federated: g.FederatedValues, Owner: cmp.Or(g.Owner, pap.OwnerLocal)}
}

// bindingOf says in names what a binding says in identifiers. A policy that is neither stored nor built in cannot be: the
// store keeps what is bound.
func (s snapshot) bindingOf(b pap.Binding, n names) Binding {
	from := FromGlobal
	if p, stored := s.policies[b.PolicyUUID]; stored {
		from = FromAccount
		if p.Level.Type == bind.Environment {
			from = FromEnvironment
		}
	}
	return Binding{
		Environment: environmentOf(b.Level), Group: n.groups[b.GroupUUID], Policy: n.policies[b.PolicyUUID], From: from,
		Parameters: b.Parameters, Boundaries: sortedNames(b.Boundaries, n.boundaries), Metadata: b.Metadata, Shadow: b.Shadow,
	}
}

func sortedNames(uuids []string, known map[string]string) (all []string) {
	for _, uuid := range uuids {
		all = append(all, cmp.Or(known[uuid], uuid))
	}
	slices.Sort(all)
	return all
}

// Export is what a folder about a part of a store says. Identifiers of policies, boundaries and groups are left out unless
// they are asked for: without, the folder suits other stores too. Errors are faults.
func Export(ctx context.Context, store Store, scope Scope, uuids bool) (Contents, error) {
	s, err := takeSnapshot(ctx, store)
	if err != nil {
		return Contents{}, err
	}
	if err := s.check(scope); err != nil {
		return Contents{}, err
	}
	return s.contents(scope, uuids), nil
}
