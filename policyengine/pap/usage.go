package pap

import "context"

// Use is how much of a limit is used up.
type Use struct{ Count, Limit int }

// LevelUse is what there is at a level, and what there may be.
type LevelUse struct{ Policies, Bindings, Boundaries Use }

// LevelUse counts what is at an account or environment. Boundaries are at accounts only.
func (s *Service) LevelUse(ctx context.Context, level Level) (LevelUse, error) {
	if err := level.check(); err != nil {
		return LevelUse{}, err
	}
	policies, err := countOf(All(func(p Policy) string { return p.UUID }, func(page Page) ([]Policy, error) {
		return s.config.Store.Policies(ctx, PolicyQuery{Level: level, Page: page})
	}))
	if err != nil {
		return LevelUse{}, policyWords.fault(err)
	}
	bindings, err := countOf(s.storedBindings(ctx, BindingQuery{Level: level}))
	if err != nil {
		return LevelUse{}, bindingWords.fault(err)
	}
	boundaries := 0
	if level == AccountLevel(level.ID) {
		boundaries, err = countOf(All(func(b Boundary) string { return b.UUID }, func(page Page) ([]Boundary, error) {
			return s.config.Store.Boundaries(ctx, BoundaryQuery{AccountID: level.ID, Page: page})
		}))
	}
	limits := s.config.Limits
	use := LevelUse{Use{policies, limits.Policies}, Use{bindings, limits.Bindings}, Use{boundaries, limits.Boundaries}}
	return use, boundaryWords.fault(err)
}

// AccountUse is who there is in an account, and how many there may be.
type AccountUse struct{ Groups, Users Use }

// AccountUse counts groups and users, service users among them.
func (s *Service) AccountUse(ctx context.Context, account string) (AccountUse, error) {
	if err := checkLevelID(account); err != nil {
		return AccountUse{}, err
	}
	groups, err := countOf(All(func(g Group) string { return g.UUID }, func(page Page) ([]Group, error) {
		return s.config.Store.Groups(ctx, GroupQuery{AccountID: account, Page: page})
	}))
	if err != nil {
		return AccountUse{}, groupWords.fault(err)
	}
	users, err := countOf(All(func(u User) string { return u.ID }, func(page Page) ([]User, error) {
		return s.config.Store.Users(ctx, UserQuery{AccountID: account, Page: page})
	}))
	limits := s.config.Limits
	return AccountUse{Use{groups, limits.Groups}, Use{users, limits.Users}}, userWords.fault(err)
}
