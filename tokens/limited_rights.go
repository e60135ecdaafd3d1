package tokens

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/doorward/doorward/internal/fault"
)

// Permissions that a caller who acts for a user needs in addition to what the endpoint asks for.
const (
	permissionView   = "environment:roles:viewer"          // to make a personal token
	permissionManage = "environment:roles:manage-settings" // to make or change any token but one's own personal ones
)

// mayChange asks whether the caller may change or delete a token that it knows of.
func (l *Limited) mayChange(ctx context.Context, r Record) error {
	if r.Administrator && !l.Administrator {
		return forbidden("The token %s is an administrator's; only an administrator's token changes it.", Mask(r.ID))
	}
	if r.Personal && r.Owner == l.Owner {
		return nil
	}
	return l.need(ctx, permissionManage)
}

// actsForUser holds for a personal token whatever else the authority says.
func (l *Limited) actsForUser() bool { return l.ActsForUser || l.Personal }

// need asks for a permission of the user that the caller acts for. A caller with rights of its own needs none.
func (l *Limited) need(ctx context.Context, permission string) error {
	if !l.actsForUser() {
		return nil
	}
	permitted, err := l.permitted(ctx, permission)
	if err == nil && !permitted {
		return forbidden("The user lacks the permission %s.", permission)
	}
	return err
}

func (l *Limited) permitted(ctx context.Context, permissions ...string) (bool, error) {
	if l.Permits == nil {
		return false, nil
	}
	for _, permission := range permissions {
		granted, err := l.Permits(ctx, permission)
		if err != nil {
			if _, ok := errors.AsType[*fault.Fault](err); !ok {
				err = fault.New(fault.Unavailable, "The permissions of the user cannot be checked at the moment.", err)
			}
			return false, err
		}
		if granted {
			return true, nil
		}
	}
	return false, nil
}

// mayGive asks whether the caller may give every one of these scopes to a token.
func (l *Limited) mayGive(ctx context.Context, scopes []string, personal bool) error {
	for _, value := range scopes {
		given, err := l.gives(ctx, value, personal)
		if err != nil {
			return err
		}
		if !given {
			return forbidden("The scope %s is not yours to give: neither does your token hold it, nor do your policies grant it.", value)
		}
	}
	return nil
}

// gives is the rule for one scope. What a caller holds it may hand on, but for one case: a caller that acts for a user
// holds a scope only as far as that user's policies go, and a token that is not personal is free of them.
func (l *Limited) gives(ctx context.Context, value string, personal bool) (bool, error) {
	if l.Administrator {
		return true, nil
	}
	if !l.actsForUser() || personal {
		if l.Holds != nil && l.Holds(value) {
			return true, nil
		}
	}
	if !l.actsForUser() {
		return false, nil
	}
	known, _ := l.service.config.Scopes.Lookup(value)
	return l.permitted(ctx, known.OAuth...)
}

// without are the texts that are not in a sorted list.
func without(texts, sorted []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(text string) bool {
		_, found := slices.BinarySearch(sorted, text)
		return found
	})
}

func forbidden(format string, values ...any) error {
	return fault.New(fault.Forbidden, fmt.Sprintf(format, values...), nil)
}
