package pap

import "context"

// AllGroups lists the groups of every account, by identifier, for a gateway that finds groups by the names that identity
// providers give them. It is read page by page, so the caller compares the store's revision before and after.
func (s *Service) AllGroups(ctx context.Context) ([]Group, error) {
	all, err := collect(All(func(g Group) string { return g.UUID }, func(p Page) ([]Group, error) {
		return s.config.Store.Groups(ctx, GroupQuery{Page: p})
	}))
	return all, groupWords.fault(err)
}
