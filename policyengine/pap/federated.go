package pap

import "context"

// AllGroups lists the groups of every account, by identifier, for a gateway that finds groups by the names that identity
// providers give them. It is read page by page, so the caller compares the store's revision before and after.
func (s *Service) AllGroups(ctx context.Context) ([]Group, error) {
	var all []Group
	page := Page{Limit: maxPageSize}
	for {
		some, err := s.config.Store.Groups(ctx, GroupQuery{Page: page})
		if err != nil {
			return nil, groupWords.fault(err)
		}
		all = append(all, some...)
		if len(some) < page.Limit {
			return all, nil
		}
		page.After = some[len(some)-1].UUID
	}
}
