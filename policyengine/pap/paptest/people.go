package paptest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/pap"
)

func groups(s *state) map[string]pap.Group { return s.groups }

// Group implements pap.Store.
func (m *Memory) Group(ctx context.Context, uuid string) (pap.Group, error) {
	return one(ctx, m, "Group", groups, uuid, pap.Group.Clone)
}

// Groups implements pap.Store.
func (m *Memory) Groups(ctx context.Context, q pap.GroupQuery) ([]pap.Group, error) {
	return pageOf(ctx, m, "Groups", groups, q.Page, pap.Group.Clone, groupSelected(q))
}

// CountGroups implements pap.Store.
func (m *Memory) CountGroups(ctx context.Context, q pap.GroupQuery) (int, error) {
	return countOf(ctx, m, "CountGroups", groups, groupSelected(q))
}

func groupSelected(q pap.GroupQuery) func(pap.Group) bool {
	return func(g pap.Group) bool { return exact(q.AccountID, g.AccountID) && exact(q.Name, g.Name) }
}

func (s *state) putGroup(g pap.Group) error {
	for _, other := range s.groups {
		if other.UUID != g.UUID && other.AccountID == g.AccountID && other.Name == g.Name {
			return pap.ErrExists
		}
	}
	s.groups[g.UUID] = g.Clone()
	return nil
}

// CreateGroup implements pap.Store.
func (m *Memory) CreateGroup(ctx context.Context, g pap.Group, limit int, e audit.Event) error {
	return m.write(ctx, "CreateGroup", func(s *state) error { return s.addGroup(g, limit, e) })
}

// CreateGroups implements pap.Store.
func (m *Memory) CreateGroups(ctx context.Context, groups []pap.Group, limit int, events []audit.Event) error {
	if len(groups) != len(events) {
		return errEvents
	}
	return m.write(ctx, "CreateGroups", func(s *state) error {
		for i, g := range groups {
			if err := s.addGroup(g, limit, events[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

var errEvents = errors.New("each group comes with one event")

func (s *state) addGroup(g pap.Group, limit int, e audit.Event) error {
	if count(s.groups, func(other pap.Group) bool { return other.AccountID == g.AccountID }) >= limit {
		return pap.ErrFull
	}
	if _, taken := s.groups[g.UUID]; taken {
		return pap.ErrExists
	}
	s.note(feed.Group, g.UUID, e)
	return s.putGroup(g)
}

// UpdateGroup implements pap.Store.
func (m *Memory) UpdateGroup(ctx context.Context, uuid string, e audit.Event, change func(*pap.Group) error) error {
	return m.write(ctx, "UpdateGroup", func(s *state) error {
		before, ok := s.groups[uuid]
		if !ok {
			return pap.ErrNotFound
		}
		g := before.Clone()
		if err := change(&g); err != nil {
			return err
		}
		g.UUID, g.AccountID, g.Created = before.UUID, before.AccountID, before.Created
		s.note(feed.Group, uuid, pap.GroupEvent(e, before, g))
		return s.putGroup(g)
	})
}

// DeleteGroup implements pap.Store.
func (m *Memory) DeleteGroup(ctx context.Context, uuid string, e audit.Event) error {
	return m.write(ctx, "DeleteGroup", func(s *state) error {
		if _, ok := s.groups[uuid]; !ok {
			return pap.ErrNotFound
		}
		s.lose(s.bindingsOf(func(b pap.Binding) bool { return b.GroupUUID == uuid }), e)
		s.end(func(k membership) bool { return k.group == uuid }, e)
		delete(s.groups, uuid)
		s.note(feed.Group, uuid, e)
		return nil
	})
}

// end ends memberships, by user and group.
func (s *state) end(fits func(membership) bool, e audit.Event) {
	sorted := slices.SortedFunc(maps.Keys(s.memberships), func(a, b membership) int {
		return strings.Compare(a.user+"\x00"+a.group, b.user+"\x00"+b.group)
	})
	for _, k := range sorted {
		if fits(k) {
			delete(s.memberships, k)
			s.note(feed.User, k.user, pap.MembershipEvent(false, k.user, k.group, e))
		}
	}
}

func users(s *state) map[string]pap.User { return s.users }

func cloneUser(u pap.User) pap.User { return u }

// User implements pap.Store.
func (m *Memory) User(ctx context.Context, id string) (pap.User, error) {
	return one(ctx, m, "User", users, id, cloneUser)
}

// UserByEmail implements pap.Store.
func (m *Memory) UserByEmail(ctx context.Context, email string) (pap.User, error) {
	byEmail := func(s *state) map[string]pap.User {
		index := map[string]pap.User{}
		for _, u := range s.users {
			index[u.Email] = u
		}
		return index
	}
	return one(ctx, m, "UserByEmail", byEmail, email, cloneUser)
}

// Users implements pap.Store.
func (m *Memory) Users(ctx context.Context, q pap.UserQuery) ([]pap.User, error) {
	return pageOf(ctx, m, "Users", users, q.Page, cloneUser, m.userSelected(q))
}

// CountUsers implements pap.Store.
func (m *Memory) CountUsers(ctx context.Context, q pap.UserQuery) (int, error) {
	return countOf(ctx, m, "CountUsers", users, m.userSelected(q))
}

// userSelected is called with the lock held: it looks at the memberships.
func (m *Memory) userSelected(q pap.UserQuery) func(pap.User) bool {
	return func(u pap.User) bool {
		return exact(q.AccountID, u.AccountID) && (q.Kind == pap.AnyUser || u.ServiceUser == (q.Kind == pap.ServiceUser)) &&
			(q.Group == "" || m.now.memberships[membership{u.ID, q.Group}])
	}
}

// CreateUser implements pap.Store.
func (m *Memory) CreateUser(ctx context.Context, u pap.User, limit int, e audit.Event) error {
	return m.write(ctx, "CreateUser", func(s *state) error {
		if count(s.users, func(other pap.User) bool { return other.AccountID == u.AccountID }) >= limit {
			return pap.ErrFull
		}
		if count(s.users, func(other pap.User) bool { return other.ID == u.ID || other.Email == u.Email }) > 0 {
			return pap.ErrExists
		}
		s.users[u.ID] = u
		s.note(feed.User, u.ID, e)
		return nil
	})
}

// UpdateUser implements pap.Store.
func (m *Memory) UpdateUser(ctx context.Context, id string, e audit.Event, change func(*pap.User) error) error {
	return m.write(ctx, "UpdateUser", func(s *state) error {
		before, ok := s.users[id]
		if !ok {
			return pap.ErrNotFound
		}
		u, changed := before, before
		if err := change(&changed); err != nil {
			return err
		}
		u.Name, u.Description, u.Modified = changed.Name, changed.Description, changed.Modified
		s.users[id] = u
		s.note(feed.User, id, pap.UserEvent(e, before, u))
		return nil
	})
}

// DeleteUser implements pap.Store.
func (m *Memory) DeleteUser(ctx context.Context, id string, e audit.Event) error {
	return m.write(ctx, "DeleteUser", func(s *state) error {
		if _, ok := s.users[id]; !ok {
			return pap.ErrNotFound
		}
		s.end(func(k membership) bool { return k.user == id }, e)
		delete(s.users, id)
		s.note(feed.User, id, e)
		return nil
	})
}

func (s *state) groupsOf(user string) (all []string) {
	for k := range s.memberships {
		if k.user == user {
			all = append(all, k.group)
		}
	}
	slices.Sort(all)
	return all
}

// GroupsOf implements pap.Store.
func (m *Memory) GroupsOf(ctx context.Context, user string) (all []string, err error) {
	err = m.begin(ctx, "GroupsOf", func() error {
		all = m.now.groupsOf(user)
		return nil
	})
	return all, err
}

// EditMemberships implements pap.Store.
func (m *Memory) EditMemberships(ctx context.Context, user string, limit int, e audit.Event,
	edit func([]string) ([]string, error)) error {
	return m.write(ctx, "EditMemberships", func(s *state) error {
		u, ok := s.users[user]
		if !ok {
			return pap.ErrNotFound
		}
		after, err := edit(s.groupsOf(user))
		if err != nil {
			return err
		}
		after = slices.Compact(slices.Sorted(slices.Values(after)))
		s.end(func(k membership) bool { return k.user == user && !slices.Contains(after, k.group) }, e)
		for _, group := range after {
			k := membership{user, group}
			g, known := s.groups[group]
			switch {
			case s.memberships[k]:
				continue
			case !known || g.AccountID != u.AccountID:
				return pap.ErrNotFound
			case len(after) > limit:
				return pap.ErrFull
			}
			s.memberships[k] = true
			s.note(feed.User, user, pap.MembershipEvent(true, user, group, e))
		}
		return nil
	})
}
