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
	policies, err := s.config.Store.CountPolicies(ctx, PolicyQuery{Level: level})
	if err != nil {
		return LevelUse{}, policyWords.fault(err)
	}
	bindings, err := s.config.Store.CountBindings(ctx, BindingQuery{Level: level})
	if err != nil {
		return LevelUse{}, bindingWords.fault(err)
	}
	boundaries := 0
	if level == AccountLevel(level.ID) {
		if boundaries, err = s.config.Store.CountBoundaries(ctx, BoundaryQuery{AccountID: level.ID}); err != nil {
			return LevelUse{}, boundaryWords.fault(err)
		}
	}
	limits := s.config.Limits
	return LevelUse{Use{policies, limits.Policies}, Use{bindings, limits.Bindings}, Use{boundaries, limits.Boundaries}}, nil
}

// AccountUse is who there is in an account, and how many there may be.
type AccountUse struct{ Groups, Users Use }

// AccountUse counts groups and users, service users among them.
func (s *Service) AccountUse(ctx context.Context, account string) (AccountUse, error) {
	if err := checkLevelID(account); err != nil {
		return AccountUse{}, err
	}
	groups, err := s.config.Store.CountGroups(ctx, GroupQuery{AccountID: account})
	if err != nil {
		return AccountUse{}, groupWords.fault(err)
	}
	users, err := s.config.Store.CountUsers(ctx, UserQuery{AccountID: account})
	if err != nil {
		return AccountUse{}, userWords.fault(err)
	}
	return AccountUse{Use{groups, s.config.Limits.Groups}, Use{users, s.config.Limits.Users}}, nil
}
