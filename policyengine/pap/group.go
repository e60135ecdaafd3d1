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
	Permissions     []GroupPermission // kept for clients; they grant nothing here; in the order given; empty is nil
	Created         time.Time
	Modified        time.Time // zero: never
}

// GroupPermission is a role-based permission of a group, from before there were policies. Clients write such permissions
// and read them back. They are kept, and decide nothing: what a group may do follows from its bindings alone.
type GroupPermission struct {
	Name      string // "tenant-viewer"
	Scope     string // account, environment, or environment:management-zone, by ScopeType
	ScopeType string // "account", "tenant" or "management-zone"
	Created   time.Time
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
	// CountGroups is the number of groups that q selects, whatever its Page.
	CountGroups(ctx context.Context, q GroupQuery) (int, error)
	// CreateGroup adds a group. ErrExists when the identifier, or the name in this account, is taken; ErrFull when the
	// account has limit groups or more.
	CreateGroup(ctx context.Context, g Group, limit int, e audit.Event) error
	// CreateGroups adds all of these groups, or none, each with the event of the same index. ErrExists when an identifier,
	// or a name in its account, is taken, be it by another one of them; ErrFull when an account would have more than limit
	// groups.
	CreateGroups(ctx context.Context, groups []Group, limit int, events []audit.Event) error
	// UpdateGroup hands the current record to change and stores what change left in it; UUID, AccountID and Created stay as
	// they were whatever change does to them. With the record goes the event that [GroupEvent] makes. ErrNotFound when there
	// is no such group, ErrExists when the new name is taken.
	UpdateGroup(ctx context.Context, uuid string, e audit.Event, change func(*Group) error) error
	// DeleteGroup removes a group, its bindings and its memberships, in the order: bindings by identifier, memberships by
	// user, the group. ErrNotFound when there is none.
	DeleteGroup(ctx context.Context, uuid string, e audit.Event) error
}
