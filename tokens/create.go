package tokens

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/doorward/doorward/internal/fault"
)

// Attributes is what a caller decides about a new token.
type Attributes struct {
	Name         string    // 1 … 100 characters, of a platform token 1 … 255; need not be unique
	Owner        string    // user; required for a personal and for a platform token, at most 250 characters
	Environment  string    // 1 … 64 of A-Z a-z 0-9 . _ -
	Environments []string  // of a platform token, that it is good for besides Environment; at most 20 with that one
	Scopes       []string  // at least one
	Networks     []string  // addresses and prefixes that the token may be used from, at most 100; none: from everywhere
	Expires      time.Time // zero: never; else in the future, cut to the millisecond
	Personal     bool      // acts as Owner
	Cluster      bool      // may hold cluster scopes, and uses scopes of both realms in both

	// Administrator lets the token give scopes to others that it does not hold itself. Never of a personal token.
	Administrator bool

	// Staff says that the token belongs to a member of remote support staff, its Owner, and puts it under the remote-access
	// ceiling for good. Never of an administrator's token.
	Staff bool

	// AllowUncreatable lets scopes in that are otherwise only read on existing tokens. For the first administrator's
	// token, which gets every scope there is.
	AllowUncreatable bool
}

// CreateRequest asks for a new token.
type CreateRequest struct {
	Attributes
	Prefix   string // kind of token; default "dt0c01"
	Disabled bool   // made, but switched off
}

// Created is a token as it was stored, and its text, which exists nowhere else.
type Created struct {
	Record Record
	Secret Secret
}

// defaultPrefix is that of an access token.
const defaultPrefix = "dt0c01"

// mintAttempts bounds how often an identifier is drawn anew because it is taken. The shortest ones have 40 random bits,
// so that even with a million of them a second attempt is rare, and a last one means that the randomness is none.
const mintAttempts = 8

// Create mints a token. fault.Invalid says what is wrong with the request, part by part, or that the owner has as many
// platform tokens as a user may have.
func (s *Service) Create(ctx context.Context, actor string, request CreateRequest) (Created, error) {
	r, err := s.prepare(request)
	if err != nil {
		return Created{}, err
	}
	return s.issue(ctx, actor, cmp.Or(request.Prefix, defaultPrefix), r)
}

// prepare checks a request and makes a record of it that lacks only identifier and digest.
func (s *Service) prepare(request CreateRequest) (Record, error) {
	prefix := cmp.Or(request.Prefix, defaultPrefix)
	format, known := s.config.Formats.Lookup(prefix)
	if !known || !format.Mintable || len(format.Schemes) == 0 {
		return Record{}, invalid("Tokens with the prefix %.40q are not made here.", Mask(prefix))
	}
	r, err := s.record(request.Attributes, prefix, format.Class)
	r.Enabled = err == nil && !request.Disabled
	return r, err
}

// issue mints a token for a record that lacks only identifier and digest, and stores it.
func (s *Service) issue(ctx context.Context, actor, prefix string, r Record) (Created, error) {
	var err error
	for range mintAttempts {
		var minted Minted
		if minted, err = s.config.Formats.Mint(prefix, s.config.Random); err != nil {
			break
		}
		r.ID, r.Digest = minted.ID, minted.Digest
		err = s.add(ctx, actor, "create", r)
		if err == nil {
			return Created{Record: r, Secret: minted.Secret}, nil
		}
		if !errors.Is(err, ErrExists) {
			return Created{}, err
		}
	}
	return Created{}, fault.New(fault.Internal, "The token could not be made.", err)
}

// add stores a new token with its audit event. It is the one way into the store, so there is none past the limit.
func (s *Service) add(ctx context.Context, actor, verb string, r Record) error {
	defer s.config.OnChange(r.ID) // its absence may be remembered
	e := s.event(actor, actionOn(r.ID, verb), r.ID, newDetail(r))
	if kindOf(r.ID) == KindPlatform {
		return storeFault(s.config.Store.CreateLimitedToken(ctx, r, MaxPlatformTokens, e))
	}
	return storeFault(s.config.Store.CreateToken(ctx, r, e))
}

// creation is the audit detail of a new token.
type creation struct {
	Name          string   `json:"name"`
	Owner         string   `json:"owner,omitempty"`
	Environment   string   `json:"environment"`
	Environments  []string `json:"furtherEnvironments,omitempty"`
	Scopes        []string `json:"scopes,omitempty"`
	Networks      []string `json:"allowedNetworks,omitempty"`
	Expires       string   `json:"expires,omitempty"`
	ActiveGate    string   `json:"activeGateType,omitempty"`
	Seed          bool     `json:"seedToken,omitempty"`
	Personal      bool     `json:"personal,omitempty"`
	Cluster       bool     `json:"cluster,omitempty"`
	Administrator bool     `json:"administrator,omitempty"`
	Staff         bool     `json:"staff,omitempty"`
	Legacy        bool     `json:"legacy,omitempty"`
	Disabled      bool     `json:"disabled,omitempty"`
}

func newDetail(r Record) creation {
	d := creation{
		Name: r.Name, Owner: r.Owner, Environment: r.Environment, Environments: r.Environments, Scopes: r.Scopes, Networks: r.Networks,
		ActiveGate: r.ActiveGate, Seed: r.Seed, Personal: r.Personal, Cluster: r.Cluster, Administrator: r.Administrator,
		Staff: r.Staff, Legacy: r.Legacy, Disabled: !r.Enabled,
	}
	if !r.Expires.IsZero() {
		d.Expires = r.Expires.Format(time.RFC3339Nano)
	}
	return d
}
