package pap

import (
	"context"
	"slices"
	"strings"

	"github.com/doorward/doorward/internal/feed"
)

// SetGroupPermissions makes these the role-based permissions of a group; none takes all away. They are kept for clients and
// grant nothing.
func (s *Service) SetGroupPermissions(ctx context.Context, actor, account, uuid string, wanted []GroupPermission) error {
	return s.editPermissions(ctx, actor, account, uuid, wanted, func([]GroupPermission) []GroupPermission { return nil })
}

// AddGroupPermissions adds role-based permissions to a group. To have one already is fine.
func (s *Service) AddGroupPermissions(ctx context.Context, actor, account, uuid string, added []GroupPermission) error {
	return s.editPermissions(ctx, actor, account, uuid, added, slices.Clone)
}

// RemoveGroupPermission takes a role-based permission away. One that the group does not have is fault.NotFound.
func (s *Service) RemoveGroupPermission(ctx context.Context, actor, account, uuid string, p GroupPermission) error {
	if err := s.checkPermissions(account, []GroupPermission{p}); err != nil {
		return err
	}
	return s.changePermissions(ctx, actor, account, uuid, func(g *Group) error {
		kept := slices.DeleteFunc(slices.Clone(g.Permissions), p.same)
		if len(kept) == len(g.Permissions) {
			return permissionWords.fault(ErrNotFound)
		}
		g.Permissions = kept
		return nil
	})
}

// editPermissions keeps some of the permissions a group has, and adds others. One that was there keeps its date.
func (s *Service) editPermissions(ctx context.Context, actor, account, uuid string, added []GroupPermission,
	keep func([]GroupPermission) []GroupPermission) error {
	if err := s.checkPermissions(account, added); err != nil {
		return err
	}
	return s.changePermissions(ctx, actor, account, uuid, func(g *Group) error {
		after := keep(g.Permissions)
		for _, p := range added {
			if slices.ContainsFunc(after, p.same) {
				continue
			}
			p.Created = s.now()
			if i := slices.IndexFunc(g.Permissions, p.same); i >= 0 {
				p.Created = g.Permissions[i].Created
			}
			after = append(after, p)
		}
		if len(after) > maxPermissions {
			return permissionWords.fault(ErrFull)
		}
		g.Permissions = after
		return nil
	})
}

func (s *Service) changePermissions(ctx context.Context, actor, account, uuid string, change func(*Group) error) error {
	uuid, err := canonicalUUID(uuid)
	if err != nil {
		return err
	}
	defer s.config.OnChange(feed.Group, uuid)
	e := s.event(actor, "group.update", uuid, nil)
	return groupWords.fault(s.config.Store.UpdateGroup(ctx, uuid, e, func(g *Group) error {
		if g.AccountID != account {
			return ErrNotFound
		}
		if err := change(g); err != nil {
			return err
		}
		if len(g.Permissions) == 0 {
			g.Permissions = nil
		}
		g.Modified = s.now()
		return nil
	}))
}

func (p GroupPermission) same(other GroupPermission) bool {
	return p.Name == other.Name && p.Scope == other.Scope && p.ScopeType == other.ScopeType
}

// checkPermissions holds permissions to their published form. Names are not compared with a list: the published one grows.
func (s *Service) checkPermissions(account string, all []GroupPermission) error {
	if len(all) > maxPermissions {
		return permissionWords.fault(ErrFull)
	}
	for _, p := range all {
		if p.Name == "" || len(p.Name) > maxName || strings.Trim(p.Name, "abcdefghijklmnopqrstuvwxyz-") != "" {
			return invalid("A permission is named with 1 to %d small letters or dashes.", maxName)
		}
		environment, zone, zoned := strings.Cut(p.Scope, ":")
		if zoned != (p.ScopeType == "management-zone") || zoned && checkLevelID(zone) != nil {
			return invalid("The scope of a permission is an account, an environment, or environment:management-zone, as its type says.")
		}
		if err := checkLevelID(environment); err != nil {
			return err
		}
		switch p.ScopeType {
		case "tenant", "management-zone":
		case "account":
			if p.Scope != account {
				return permissionWords.fault(ErrNotFound)
			}
		default:
			return invalid("The scope type of a permission is one of account, tenant, management-zone.")
		}
	}
	return nil
}
