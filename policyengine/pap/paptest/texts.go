package paptest

import (
	"context"
	"slices"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/pap"
)

func policies(s *state) map[string]pap.Policy { return s.policies }

// Policy implements pap.Store.
func (m *Memory) Policy(ctx context.Context, uuid string) (pap.Policy, error) {
	return one(ctx, m, "Policy", policies, uuid, pap.Policy.Clone)
}

// Policies implements pap.Store.
func (m *Memory) Policies(ctx context.Context, q pap.PolicyQuery) ([]pap.Policy, error) {
	return pageOf(ctx, m, "Policies", policies, q.Page, pap.Policy.Clone, policySelected(q))
}

// CountPolicies implements pap.Store.
func (m *Memory) CountPolicies(ctx context.Context, q pap.PolicyQuery) (int, error) {
	return countOf(ctx, m, "CountPolicies", policies, policySelected(q))
}

func policySelected(q pap.PolicyQuery) func(pap.Policy) bool {
	return func(p pap.Policy) bool { return exact(q.Level, p.Level) && exact(q.Name, p.Name) }
}

// putPolicy stores a policy unless another has its name.
func (s *state) putPolicy(p pap.Policy) error {
	for _, other := range s.policies {
		if other.UUID != p.UUID && other.Level == p.Level && other.Name == p.Name {
			return pap.ErrExists
		}
	}
	s.policies[p.UUID] = p.Clone()
	return nil
}

// CreatePolicy implements pap.Store.
func (m *Memory) CreatePolicy(ctx context.Context, p pap.Policy, limit int, e audit.Event) error {
	return m.write(ctx, "CreatePolicy", func(s *state) error {
		if count(s.policies, func(other pap.Policy) bool { return other.Level == p.Level }) >= limit {
			return pap.ErrFull
		}
		if _, taken := s.policies[p.UUID]; taken {
			return pap.ErrExists
		}
		s.note(feed.Policy, p.UUID, e)
		return s.putPolicy(p)
	})
}

// UpdatePolicy implements pap.Store.
func (m *Memory) UpdatePolicy(ctx context.Context, uuid string, e audit.Event, change func(*pap.Policy) error,
	check func(pap.Assignment) error) error {
	return m.write(ctx, "UpdatePolicy", func(s *state) error {
		before, ok := s.policies[uuid]
		if !ok {
			return pap.ErrNotFound
		}
		p := before.Clone()
		if err := change(&p); err != nil {
			return err
		}
		p.UUID, p.Level, p.Created = before.UUID, before.Level, before.Created
		a := s.assignment(s.bindingsOf(func(b pap.Binding) bool { return b.PolicyUUID == uuid }))
		a.Policies[uuid] = p
		if err := check(a); err != nil {
			return err
		}
		s.note(feed.Policy, uuid, pap.PolicyEvent(e, before, p))
		return s.putPolicy(p)
	})
}

// DeletePolicy implements pap.Store.
func (m *Memory) DeletePolicy(ctx context.Context, uuid string, force bool, e audit.Event) error {
	return m.write(ctx, "DeletePolicy", func(s *state) error {
		if _, ok := s.policies[uuid]; !ok {
			return pap.ErrNotFound
		}
		bound := s.bindingsOf(func(b pap.Binding) bool { return b.PolicyUUID == uuid })
		if len(bound) > 0 && !force {
			return pap.ErrInUse
		}
		s.lose(bound, e)
		delete(s.policies, uuid)
		s.note(feed.Policy, uuid, e)
		return nil
	})
}

func boundaries(s *state) map[string]pap.Boundary { return s.boundaries }

// Boundary implements pap.Store.
func (m *Memory) Boundary(ctx context.Context, uuid string) (pap.Boundary, error) {
	return one(ctx, m, "Boundary", boundaries, uuid, pap.Boundary.Clone)
}

// Boundaries implements pap.Store.
func (m *Memory) Boundaries(ctx context.Context, q pap.BoundaryQuery) ([]pap.Boundary, error) {
	return pageOf(ctx, m, "Boundaries", boundaries, q.Page, pap.Boundary.Clone, boundarySelected(q))
}

// CountBoundaries implements pap.Store.
func (m *Memory) CountBoundaries(ctx context.Context, q pap.BoundaryQuery) (int, error) {
	return countOf(ctx, m, "CountBoundaries", boundaries, boundarySelected(q))
}

func boundarySelected(q pap.BoundaryQuery) func(pap.Boundary) bool {
	return func(b pap.Boundary) bool { return exact(q.AccountID, b.AccountID) && exact(q.Name, b.Name) }
}

func (s *state) putBoundary(b pap.Boundary) error {
	for _, other := range s.boundaries {
		if other.UUID != b.UUID && other.AccountID == b.AccountID && other.Name == b.Name {
			return pap.ErrExists
		}
	}
	s.boundaries[b.UUID] = b.Clone()
	return nil
}

// CreateBoundary implements pap.Store.
func (m *Memory) CreateBoundary(ctx context.Context, b pap.Boundary, limit int, e audit.Event) error {
	return m.write(ctx, "CreateBoundary", func(s *state) error {
		if count(s.boundaries, func(other pap.Boundary) bool { return other.AccountID == b.AccountID }) >= limit {
			return pap.ErrFull
		}
		if _, taken := s.boundaries[b.UUID]; taken {
			return pap.ErrExists
		}
		s.note(feed.Boundary, b.UUID, e)
		return s.putBoundary(b)
	})
}

// UpdateBoundary implements pap.Store.
func (m *Memory) UpdateBoundary(ctx context.Context, uuid string, e audit.Event, change func(*pap.Boundary) error,
	check func(pap.Assignment) error) error {
	return m.write(ctx, "UpdateBoundary", func(s *state) error {
		before, ok := s.boundaries[uuid]
		if !ok {
			return pap.ErrNotFound
		}
		b := before.Clone()
		if err := change(&b); err != nil {
			return err
		}
		b.UUID, b.AccountID, b.Created = before.UUID, before.AccountID, before.Created
		a := s.assignment(s.bindingsOf(func(b pap.Binding) bool { return slices.Contains(b.Boundaries, uuid) }))
		a.Boundaries[uuid] = b
		if err := check(a); err != nil {
			return err
		}
		s.note(feed.Boundary, uuid, pap.BoundaryEvent(e, before, b))
		return s.putBoundary(b)
	})
}

// DeleteBoundary implements pap.Store.
func (m *Memory) DeleteBoundary(ctx context.Context, uuid string, e audit.Event) error {
	return m.write(ctx, "DeleteBoundary", func(s *state) error {
		if len(s.bindingsOf(func(b pap.Binding) bool { return slices.Contains(b.Boundaries, uuid) })) > 0 {
			return pap.ErrInUse
		}
		if _, ok := s.boundaries[uuid]; !ok {
			return pap.ErrNotFound
		}
		delete(s.boundaries, uuid)
		s.note(feed.Boundary, uuid, e)
		return nil
	})
}
