package pap

import (
	"context"
	"slices"
	"strings"

	"github.com/doorward/doorward/internal/feed"
)

// UserAttributes is what a caller decides about a new user.
type UserAttributes struct {
	Email       string // ASCII, compared in lower case; nobody else in the store may have it
	Name        string // at most 250 characters
	Description string // at most 4,000 characters, lines allowed
	ServiceUser bool
}

// User returns the user of an account by identifier or e-mail address. fault.NotFound when there is none.
func (s *Service) User(ctx context.Context, account, who string) (User, error) {
	u, err := s.find(ctx, who)
	if err == nil && u.AccountID != account {
		err = ErrNotFound
	}
	if err != nil {
		return User{}, userWords.fault(err)
	}
	return u, nil
}

// find looks a user up by identifier or address. A text that is neither names nobody.
func (s *Service) find(ctx context.Context, who string) (User, error) {
	if id, err := canonicalUUID(who); err == nil {
		return s.config.Store.User(ctx, id)
	}
	if email, ok := canonicalEmail(who); ok {
		return s.config.Store.UserByEmail(ctx, email)
	}
	return User{}, ErrNotFound
}

// Users returns a page of the users of an account, by identifier.
func (s *Service) Users(ctx context.Context, q UserQuery) ([]User, error) {
	if err := checkLevelID(q.AccountID); err != nil {
		return nil, err
	}
	q.Group = strings.ToLower(q.Group)
	page, err := s.config.Store.Users(ctx, q)
	return page, userWords.fault(err)
}

// CreateUser stores a new user.
func (s *Service) CreateUser(ctx context.Context, actor, account string, a UserAttributes) (User, error) {
	id, err := newUUID(s.config.Random)
	if err != nil {
		return User{}, err
	}
	return s.createUser(ctx, actor, account, id, a)
}

// serviceDomain is that of the addresses of service users. Nobody can have a mailbox there (RFC 2606 section 2), so no
// identity provider can vouch for such an address.
const serviceDomain = "service-user.invalid"

// CreateServiceUser stores a new service user under an address of its own, which is made of its identifier.
func (s *Service) CreateServiceUser(ctx context.Context, actor, account, name, description string) (User, error) {
	id, err := newUUID(s.config.Random)
	if err != nil {
		return User{}, err
	}
	a := UserAttributes{Email: id + "@" + serviceDomain, Name: name, Description: description, ServiceUser: true}
	if err := s.checkNames("service user", a.Name, a.Description); err != nil {
		return User{}, err
	}
	return s.createUser(ctx, actor, account, id, a)
}

func (s *Service) createUser(ctx context.Context, actor, account, id string, a UserAttributes) (User, error) {
	if err := checkLevelID(account); err != nil {
		return User{}, err
	}
	email, ok := canonicalEmail(a.Email)
	if !ok {
		return User{}, invalid("An e-mail address has the form name@domain and at most %d ASCII characters.", maxEmail)
	}
	if err := s.checkLine("e-mail address of a user", email, 1, maxEmail); err != nil {
		return User{}, err
	}
	if err := s.checkLine("name of a user", a.Name, 0, maxName); err != nil {
		return User{}, err
	}
	if err := s.checkText("description of a user", a.Description, 0, maxDescription, "\t\r\n"); err != nil {
		return User{}, err
	}
	u := User{
		ID: id, AccountID: account, Email: email, ServiceUser: a.ServiceUser, Name: a.Name, Description: a.Description, Created: s.now(),
	}
	defer s.config.OnChange(feed.User, id)
	e := s.made(actor, "user.create", id, userDetail(u), auditedUser(u))
	if err := s.config.Store.CreateUser(ctx, u, s.config.Limits.Users, e); err != nil {
		return User{}, userWords.fault(err)
	}
	return u, nil
}

// RenameUser gives a user another name. The address stays: it is what credentials name their owner by.
func (s *Service) RenameUser(ctx context.Context, actor, account, who, name string) error {
	u, err := s.User(ctx, account, who)
	if err != nil {
		return err
	}
	return s.DescribeUser(ctx, actor, account, who, name, u.Description)
}

// DescribeUser gives a user another name and description.
func (s *Service) DescribeUser(ctx context.Context, actor, account, who, name, description string) error {
	if err := s.checkLine("name of a user", name, 0, maxName); err != nil {
		return err
	}
	if err := s.checkText("description of a user", description, 0, maxDescription, "\t\r\n"); err != nil {
		return err
	}
	u, err := s.User(ctx, account, who)
	if err != nil {
		return err
	}
	u.Name = name
	defer s.config.OnChange(feed.User, u.ID)
	err = s.config.Store.UpdateUser(ctx, u.ID, s.event(actor, "user.update", u.ID, userDetail(u)), func(u *User) error {
		u.Name, u.Description, u.Modified = name, description, s.now()
		return nil
	})
	return userWords.fault(err)
}

// DeleteUser removes a user and ends the user's memberships.
func (s *Service) DeleteUser(ctx context.Context, actor, account, who string) error {
	u, err := s.User(ctx, account, who)
	if err != nil {
		return err
	}
	defer s.config.OnChange(feed.User, u.ID)
	e := s.gone(actor, "user.delete", u.ID, userDetail(u), auditedUser(u))
	return userWords.fault(s.config.Store.DeleteUser(ctx, u.ID, e))
}

func userDetail(u User) any {
	return struct {
		Account     string `json:"account"`
		Email       string `json:"email"`
		Name        string `json:"name,omitempty"`
		ServiceUser bool   `json:"serviceUser,omitempty"`
	}{u.AccountID, u.Email, u.Name, u.ServiceUser}
}

// GroupsOf returns the groups of a user, by identifier or e-mail address, sorted. Somebody who is no user here has none,
// and so no permission; that is an answer, not a fault.
func (s *Service) GroupsOf(ctx context.Context, who string) ([]string, error) {
	u, err := s.find(ctx, who)
	if err != nil {
		if err = userWords.fault(err); isMissing(err) {
			return nil, nil
		}
		return nil, err
	}
	groups, err := s.config.Store.GroupsOf(ctx, u.ID)
	return groups, userWords.fault(err)
}

// AddToGroups makes a user a member of groups of the user's account. To be one already is fine.
func (s *Service) AddToGroups(ctx context.Context, actor, account, who string, groups []string) error {
	return s.editMemberships(ctx, actor, account, who, groups, func(current, named []string) []string {
		return slices.Concat(current, named)
	})
}

// RemoveFromGroups ends memberships of a user. Not to be a member is fine.
func (s *Service) RemoveFromGroups(ctx context.Context, actor, account, who string, groups []string) error {
	return s.editMemberships(ctx, actor, account, who, groups, func(current, named []string) []string {
		return slices.DeleteFunc(current, func(group string) bool {
			_, found := slices.BinarySearch(named, group)
			return found
		})
	})
}

// SetGroups makes a user a member of exactly these groups.
func (s *Service) SetGroups(ctx context.Context, actor, account, who string, groups []string) error {
	return s.editMemberships(ctx, actor, account, who, groups, func(_, named []string) []string { return named })
}

func (s *Service) editMemberships(ctx context.Context, actor, account, who string, groups []string,
	edit func(current, named []string) []string) error {
	named, err := canonicalUUIDs(groups, s.config.Limits.GroupsPerUser)
	if err != nil {
		return err
	}
	u, err := s.User(ctx, account, who)
	if err != nil {
		return err
	}
	defer s.config.OnChange(feed.User, u.ID)
	err = s.config.Store.EditMemberships(ctx, u.ID, s.config.Limits.GroupsPerUser, s.event(actor, "", "", nil),
		func(current []string) ([]string, error) { return edit(current, named), nil })
	return memberWords.fault(err)
}

// canonicalUUIDs are identifiers named in one request: sorted, each once.
func canonicalUUIDs(texts []string, most int) ([]string, error) {
	if len(texts) > most {
		return nil, invalid("At most %d can be named at once.", most)
	}
	named := make([]string, 0, len(texts))
	for _, text := range texts {
		uuid, err := canonicalUUID(text)
		if err != nil {
			return nil, err
		}
		named = append(named, uuid)
	}
	slices.Sort(named)
	return slices.Compact(named), nil
}
