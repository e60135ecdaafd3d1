package tokens

import (
	"cmp"
	"context"
	"time"

	"github.com/doorward/doorward/internal/fault"
)

// Attributes is what a caller decides about a new token.
type Attributes struct {
	Name        string    // 1 … 100 characters; need not be unique
	Owner       string    // user; required for a personal token, at most 250 characters
	Environment string    // 1 … 64 of A-Z a-z 0-9 . _ -
	Scopes      []string  // at least one
	Expires     time.Time // zero: never; else in the future, cut to the millisecond
	Personal    bool      // acts as Owner
	Cluster     bool      // may hold cluster scopes, and uses scopes of both realms in both

	// AllowUncreatable lets scopes in that are otherwise only read on existing tokens. For the first administrator's
	// token, which gets every scope there is.
	AllowUncreatable bool
}

// CreateRequest asks for a new token.
type CreateRequest struct {
	Attributes
	Prefix string // kind of token; default "dt0c01"
}

// Created is a token as it was stored, and its text, which exists nowhere else.
type Created struct {
	Record Record
	Secret Secret
}

// defaultPrefix is that of an access token.
const defaultPrefix = "dt0c01"

// Create mints a token. fault.Invalid says what is wrong with the request.
func (s *Service) Create(ctx context.Context, actor string, request CreateRequest) (Created, error) {
	prefix := cmp.Or(request.Prefix, defaultPrefix)
	format, known := s.config.Formats.Lookup(prefix)
	if !known || !format.Mintable {
		return Created{}, invalid("Tokens with the prefix %.40q are not made here.", Mask(prefix))
	}
	r, err := s.record(request.Attributes, format.Class)
	if err != nil {
		return Created{}, err
	}
	minted, err := s.config.Formats.Mint(prefix, s.config.Random)
	if err != nil {
		return Created{}, fault.New(fault.Internal, "The token could not be made.", err)
	}
	r.ID, r.Digest = minted.ID, minted.Digest
	if err := s.add(ctx, actor, "token.create", r); err != nil {
		return Created{}, err
	}
	return Created{Record: r, Secret: minted.Secret}, nil
}

// add stores a new token with its audit event.
func (s *Service) add(ctx context.Context, actor, action string, r Record) error {
	defer s.config.OnChange(r.ID) // its absence may be remembered
	return storeFault(s.config.Store.CreateToken(ctx, r, s.event(actor, action, r.ID, newDetail(r))))
}

// creation is the audit detail of a new token.
type creation struct {
	Name        string   `json:"name"`
	Owner       string   `json:"owner,omitempty"`
	Environment string   `json:"environment"`
	Scopes      []string `json:"scopes"`
	Expires     string   `json:"expires,omitempty"`
	Personal    bool     `json:"personal,omitempty"`
	Cluster     bool     `json:"cluster,omitempty"`
	Legacy      bool     `json:"legacy,omitempty"`
}

func newDetail(r Record) creation {
	d := creation{
		Name: r.Name, Owner: r.Owner, Environment: r.Environment, Scopes: r.Scopes,
		Personal: r.Personal, Cluster: r.Cluster, Legacy: r.Legacy,
	}
	if !r.Expires.IsZero() {
		d.Expires = r.Expires.Format(time.RFC3339Nano)
	}
	return d
}
