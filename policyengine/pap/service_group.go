package pap

import (
	"cmp"
	"context"
	"slices"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
)

// GroupAttributes is what a caller decides about a group.
type GroupAttributes struct {
	Name            string   // 1 … 250 characters
	Description     string   // at most 4,000 characters, lines allowed
	FederatedValues []string // at most 100
	Owner           Owner    // default OwnerLocal; it cannot be changed later
}

// Group returns the group with this identifier in this account. fault.NotFound when there is none.
func (s *Service) Group(ctx context.Context, account, uuid string) (Group, error) {
	uuid, err := canonicalUUID(uuid)
	if err != nil {
		return Group{}, err
	}
	g, err := s.config.Store.Group(ctx, uuid)
	if err == nil && g.AccountID != account {
		err = ErrNotFound
	}
	if err != nil {
		return Group{}, groupWords.fault(err)
	}
	return g, nil
}

// Groups returns a page of the groups of an account, by identifier.
func (s *Service) Groups(ctx context.Context, q GroupQuery) ([]Group, error) {
	if err := checkLevelID(q.AccountID); err != nil {
		return nil, err
	}
	page, err := s.config.Store.Groups(ctx, q)
	return page, groupWords.fault(err)
}

// CreateGroup stores a new group. A name that is taken is refused by the documented sentence.
func (s *Service) CreateGroup(ctx context.Context, actor, account string, a GroupAttributes) (Group, error) {
	g, e, err := s.newGroup(actor, account, a)
	if err != nil {
		return Group{}, err
	}
	defer s.config.OnChange(feed.Group, g.UUID)
	if err := s.config.Store.CreateGroup(ctx, g, s.config.Limits.Groups, e); err != nil {
		return Group{}, groupWords.fault(err)
	}
	return g, nil
}

// CreateGroups stores several new groups, all or none, and returns them in the order given. At most 1,000 at once.
func (s *Service) CreateGroups(ctx context.Context, actor, account string, all []GroupAttributes) ([]Group, error) {
	if len(all) > maxAtOnce {
		return nil, invalid("At most %d can be named at once.", maxAtOnce)
	}
	groups, events := make([]Group, 0, len(all)), make([]audit.Event, 0, len(all))
	for _, a := range all {
		g, e, err := s.newGroup(actor, account, a)
		if err != nil {
			return nil, err
		}
		groups, events = append(groups, g), append(events, e)
	}
	if len(groups) == 0 {
		return groups, nil
	}
	for _, g := range groups {
		defer s.config.OnChange(feed.Group, g.UUID)
	}
	if err := s.config.Store.CreateGroups(ctx, groups, s.config.Limits.Groups, events); err != nil {
		return nil, groupWords.fault(err)
	}
	return groups, nil
}

func (s *Service) newGroup(actor, account string, a GroupAttributes) (Group, audit.Event, error) {
	if err := checkLevelID(account); err != nil {
		return Group{}, audit.Event{}, err
	}
	if err := s.checkGroup(a); err != nil {
		return Group{}, audit.Event{}, err
	}
	uuid, err := newUUID(s.config.Random)
	if err != nil {
		return Group{}, audit.Event{}, err
	}
	g := Group{
		UUID: uuid, AccountID: account, Name: a.Name, Description: a.Description, FederatedValues: cloneList(a.FederatedValues),
		Owner: cmp.Or(a.Owner, OwnerLocal), Created: s.now(),
	}
	return g, s.made(actor, "group.create", uuid, groupDetail(g), auditedGroup(g)), nil
}

func (s *Service) checkGroup(a GroupAttributes) error {
	owners := []Owner{"", OwnerLocal, OwnerSCIM, OwnerSAML, OwnerDCS, OwnerAllUsers}
	if !slices.Contains(owners, a.Owner) {
		return invalid("The owner of a group is one of LOCAL, SCIM, SAML, DCS, ALL_USERS.")
	}
	if err := s.checkNames("group", a.Name, a.Description); err != nil {
		return err
	}
	return s.checkList("federated attribute value", a.FederatedValues, maxValues)
}

// UpdateGroup replaces what a caller decides about a group, but for the owner.
func (s *Service) UpdateGroup(ctx context.Context, actor, account, uuid string, a GroupAttributes) (Group, error) {
	uuid, err := canonicalUUID(uuid)
	if err != nil {
		return Group{}, err
	}
	if err := s.checkGroup(a); err != nil {
		return Group{}, err
	}
	var updated Group
	change := func(g *Group) error {
		if g.AccountID != account {
			return ErrNotFound
		}
		g.Name, g.Description, g.FederatedValues, g.Modified = a.Name, a.Description, cloneList(a.FederatedValues), s.now()
		updated = *g
		return nil
	}
	defer s.config.OnChange(feed.Group, uuid)
	detail := groupDetail(Group{AccountID: account, Name: a.Name, FederatedValues: a.FederatedValues})
	if err := s.config.Store.UpdateGroup(ctx, uuid, s.event(actor, "group.update", uuid, detail), change); err != nil {
		return Group{}, groupWords.fault(err)
	}
	return updated, nil
}

// DeleteGroup removes a group, its bindings and its memberships.
func (s *Service) DeleteGroup(ctx context.Context, actor, account, uuid string) error {
	g, err := s.Group(ctx, account, uuid)
	if err != nil {
		return err
	}
	defer s.config.OnChange(feed.Group, g.UUID)
	e := s.gone(actor, "group.delete", g.UUID, groupDetail(g), auditedGroup(g))
	return groupWords.fault(s.config.Store.DeleteGroup(ctx, g.UUID, e))
}

func groupDetail(g Group) any {
	return struct {
		Account         string   `json:"account"`
		Name            string   `json:"name"`
		FederatedValues []string `json:"federatedAttributeValues,omitempty"`
		Owner           Owner    `json:"owner,omitempty"`
	}{g.AccountID, g.Name, g.FederatedValues, g.Owner}
}
