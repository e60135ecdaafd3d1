package pap

import (
	"context"
	"time"

	"github.com/doorward/doorward/internal/audit"
)

// User is a person, or a program that acts like one.
type User struct {
	ID          string // RFC 9562 version 4, lower case
	AccountID   string
	Email       string // lower case ASCII; of one user in the whole store, because credentials name their owners by it
	ServiceUser bool
	Name        string
	Description string // of a service user
	Created     time.Time
	Modified    time.Time // zero: never
}

// UserQuery selects users for a listing. The zero UserQuery selects all.
type UserQuery struct {
	AccountID string // exact; "" for any
	Group     string // members of this group; "" for any
	Kind      UserKind
	Page
}

// UserKind tells people from service users. The zero UserKind stands for both.
type UserKind uint8

// The kinds.
const (
	AnyUser UserKind = iota
	Person
	ServiceUser
)

// UserStore is the part of a Store about users.
type UserStore interface {
	// User returns the user with this identifier. ErrNotFound when there is none.
	User(ctx context.Context, id string) (User, error)
	// UserByEmail returns the user with exactly this address. ErrNotFound when there is none.
	UserByEmail(ctx context.Context, email string) (User, error)
	// Users returns a page of users.
	Users(ctx context.Context, q UserQuery) ([]User, error)
	// CountUsers is the number of users that q selects, whatever its Page.
	CountUsers(ctx context.Context, q UserQuery) (int, error)
	// CreateUser adds a user. ErrExists when the identifier or the address is taken; ErrFull when the account has limit
	// users or more.
	CreateUser(ctx context.Context, u User, limit int, e audit.Event) error
	// UpdateUser hands the current record to change and stores the Name, Description and Modified that change left in it, and
	// with them the event that [UserEvent] makes; everything else stays as it was. ErrNotFound when there is no such user.
	UpdateUser(ctx context.Context, id string, e audit.Event, change func(*User) error) error
	// DeleteUser removes a user and the user's memberships, those first, by group. ErrNotFound when there is none.
	DeleteUser(ctx context.Context, id string, e audit.Event) error
}
