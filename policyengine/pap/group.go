package pap

import (
	"context"
	"time"

	"github.com/doorward/doorward/internal/audit"
)

// Group is what policies are bound to.
type Group struct {
	UUID            string // RFC 9562 version 4, lower case
	AccountID       string
	Name            string // one of its kind in its account
	Description     string
	FederatedValues []string // by which an identity provider names the group; in the order given; empty is nil
	Owner           Owner
	Created         time.Time
	Modified        time.Time // zero: never
}

// Owner says who looks after a group's members.
type Owner string

// The published owners.
const (
	OwnerLocal    Owner = "LOCAL" // administered here
	OwnerSCIM     Owner = "SCIM"
	OwnerSAML     Owner = "SAML"
	OwnerDCS      Owner = "DCS"
	OwnerAllUsers Owner = "ALL_USERS"
)

// GroupQuery selects groups for a listing. The zero GroupQuery selects all.
type GroupQuery struct {
	AccountID string // exact; "" for any
	Name      string // exact; "" for any
	Page
}

// GroupStore is the part of a Store about groups.
type GroupStore interface {
	// Group returns the group with this identifier. ErrNotFound when there is none.
	Group(ctx context.Context, uuid string) (Group, error)
	// Groups returns a page of groups.
	Groups(ctx context.Context, q GroupQuery) ([]Group, error)
	// CreateGroup adds a group. ErrExists when the identifier, or the name in this account, is taken; ErrFull when the
	// account has limit groups or more.
	CreateGroup(ctx context.Context, g Group, limit int, e audit.Event) error
	// UpdateGroup hands the current record to change and stores what change left in it; UUID, AccountID and Created stay as
	// they were whatever change does to them. ErrNotFound when there is no such group, ErrExists when the new name is taken.
	UpdateGroup(ctx context.Context, uuid string, e audit.Event, change func(*Group) error) error
	// DeleteGroup removes a group, its bindings and its memberships, in the order: bindings by identifier, memberships by
	// user, the group. ErrNotFound when there is none.
	DeleteGroup(ctx context.Context, uuid string, e audit.Event) error
}
