package remote

import "context"

// Show returns a request as it stands now. fault.Forbidden where the setting does not ask for approval, fault.NotFound
// when there is no such request.
func (s *Service) Show(ctx context.Context, id string) (Request, error) {
	id, err := canonicalID(id)
	if err != nil {
		return Request{}, err
	}
	c, err := s.current(ctx)
	if err == nil {
		err = s.opened(c.Setting)
	}
	if err != nil {
		return Request{}, err
	}
	return s.Kept(ctx, id)
}

// Kept is Show whatever the setting is: what was done with a grant is there to be looked at after remote access was closed.
func (s *Service) Kept(ctx context.Context, id string) (Request, error) {
	id, err := canonicalID(id)
	if err != nil {
		return Request{}, err
	}
	r, err := s.config.Store.RemoteRequest(ctx, id)
	return r.At(s.now()), storeFault(err)
}

// List returns a page of requests as they stand now; q.Now is filled in. fault.Forbidden where the setting does not ask
// for approval.
func (s *Service) List(ctx context.Context, q Query) ([]Request, error) {
	c, err := s.current(ctx)
	if err == nil {
		err = s.opened(c.Setting)
	}
	if err != nil {
		return nil, err
	}
	q.Now = s.now()
	page, err := s.config.Store.RemoteRequests(ctx, q)
	for i := range page {
		page[i] = page[i].At(q.Now)
	}
	return page, storeFault(err)
}
