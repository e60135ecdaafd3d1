package oauth2

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
)

// Created is a client as it was stored, and its secret, which exists nowhere else.
type Created struct {
	Client Client
	Secret tokens.Secret // the whole text, "<id>.<secret>"
}

// view is what an audit record says of a client.
type view struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Owner       string   `json:"owner"`
	Account     string   `json:"account"`
	Scopes      []string `json:"scopes"`
	Enabled     bool     `json:"enabled"`
}

func viewOf(c Client) view {
	return view{c.Name, c.Description, c.Owner, c.Account, c.Scopes, c.Enabled}
}

// CreateClient makes a client with a new secret. fault.Invalid says what is wrong with the attributes, or that the account
// is full.
func (s *Service) CreateClient(ctx context.Context, actor, account string, a Attributes) (Created, error) {
	if err := checkAccount(account); err != nil {
		return Created{}, err
	}
	a, err := s.checked(a)
	if err != nil {
		return Created{}, err
	}
	minted, err := formats.Mint(prefix, s.config.Random)
	if err != nil {
		return Created{}, fault.New(fault.Internal, "The OAuth2 client could not be made.", err)
	}
	c := Client{
		ID: minted.ID, Digest: minted.Digest, Account: account, Enabled: true, Created: s.now(),
		Name: a.Name, Description: a.Description, Owner: a.Owner, Scopes: a.Scopes,
	}
	e := s.event(actor, "oauthclient.create", c.ID, viewOf(c))
	if err := s.config.Store.CreateClient(ctx, c, s.config.MaxClients, e); err != nil {
		return Created{}, storeFault(err)
	}
	return Created{Client: c, Secret: minted.Secret}, nil
}

// ShowClient returns a client of an account. fault.NotFound when there is none.
func (s *Service) ShowClient(ctx context.Context, account, id string) (Client, error) {
	c, err := s.config.Store.Client(ctx, id)
	if err == nil && c.Account != account {
		err = ErrNotFound
	}
	if err != nil {
		return Client{}, storeFault(err)
	}
	return c, nil
}

// ListClients returns a page of clients.
func (s *Service) ListClients(ctx context.Context, q ClientQuery) ([]Client, error) {
	page, err := s.config.Store.Clients(ctx, q)
	return page, storeFault(err)
}

// Change is what is to be different about a client. What is nil stays as it is.
type Change struct {
	Name        *string
	Description *string
	Owner       *string
	Scopes      []string
	Enabled     *bool
}

// UpdateClient changes a client. A change that takes something away (disabling, another owner, fewer scopes) revokes the
// tokens that the client has. One that changes nothing leaves an event without a patch. fault.NotFound when there is no
// such client.
//
// Allow, if not nil, sees the client before and after, and its error ends the change.
func (s *Service) UpdateClient(ctx context.Context, actor, account, id string, change Change, allow func(before, after Client) error) (Client, error) {
	e := s.event(actor, "oauthclient.update", id, nil)
	var after Client
	var revocation *Revocation
	err := s.config.Store.UpdateClient(ctx, id, &e, func(c *Client) (*Revocation, error) {
		if c.Account != account {
			return nil, ErrNotFound
		}
		before := c.detached()
		revocation = nil
		if err := s.apply(c, change); err != nil {
			return nil, err
		}
		if allow != nil {
			if err := allow(before, *c); err != nil {
				return nil, err
			}
		}
		c.Modified = e.Time
		if takesAway(before, *c) {
			revocation = c.revokeAt(e.Time)
		}
		after = c.detached()
		return revocation, patch(&e, before, *c)
	})
	if err != nil {
		return Client{}, storeFault(err)
	}
	s.tell(revocation)
	return after, nil
}

func (s *Service) apply(c *Client, change Change) error {
	a := Attributes{Name: c.Name, Description: c.Description, Owner: c.Owner, Scopes: c.Scopes}
	replace(&a.Name, change.Name)
	replace(&a.Description, change.Description)
	replace(&a.Owner, change.Owner)
	replace(&c.Enabled, change.Enabled)
	if change.Scopes != nil {
		a.Scopes = change.Scopes
	}
	a, err := s.checked(a)
	if err != nil {
		return err
	}
	c.Name, c.Description, c.Owner, c.Scopes = a.Name, a.Description, a.Owner, a.Scopes
	return nil
}

func replace[T any](value, with *T) {
	if with != nil {
		*value = *with
	}
}

// takesAway reports whether a token from before may do what none from now on may.
func takesAway(before, after Client) bool {
	return before.Enabled && !after.Enabled || before.Owner != after.Owner ||
		slices.ContainsFunc(before.Scopes, func(scope string) bool { return !after.holds(scope) })
}

// patch fills in what is different. A value that cannot be written down is a defect, and nothing is changed then.
func patch(e *audit.Event, before, after Client) error {
	text, err := audit.Patch(viewOf(before), viewOf(after))
	if err != nil {
		return fault.New(fault.Internal, "The change could not be recorded.", err)
	}
	e.Patch = tokens.Mask(text)
	return nil
}

// DeleteClient removes a client for good and revokes its tokens. fault.NotFound when there is none.
func (s *Service) DeleteClient(ctx context.Context, actor, account, id string) error {
	c, err := s.ShowClient(ctx, account, id) // the account of a client never changes
	if err != nil {
		return err
	}
	e := s.event(actor, "oauthclient.delete", id, nil)
	if e.Patch, err = audit.Patch(viewOf(c), nil); err != nil {
		return fault.New(fault.Internal, "The change could not be recorded.", err)
	}
	revocation := c.revokeAt(e.Time)
	if err := s.config.Store.DeleteClient(ctx, id, *revocation, e); err != nil {
		return storeFault(err)
	}
	s.tell(revocation)
	return nil
}

// MaxOverlap bounds how long a replaced secret stays good.
const MaxOverlap = 30 * 24 * time.Hour

// Rotation says what becomes of the old secret and of the tokens it brought.
type Rotation struct {
	Overlap      time.Duration // the old secret stays good as long; default 0, at most MaxOverlap
	RevokeTokens bool          // tokens issued so far are revoked
}

// rotated is the audit detail of a rotation.
type rotated struct {
	OverlapSeconds int64 `json:"overlapSeconds"`
	TokensRevoked  bool  `json:"tokensRevoked"`
}

// RotateSecret gives a client another secret. While an earlier rotation still overlaps, that older secret is dropped.
// fault.NotFound when there is no such client. Allow, if not nil, sees the client, and its error ends the change.
func (s *Service) RotateSecret(ctx context.Context, actor, account, id string, r Rotation, allow func(Client) error) (Created, error) {
	if r.Overlap < 0 || r.Overlap > MaxOverlap {
		return Created{}, fault.InvalidFields(fault.Field{
			Name: "overlapSeconds", Message: fmt.Sprintf("The old secret may stay good for 0 to %d seconds.", MaxOverlap/time.Second),
		})
	}
	e := s.event(actor, "oauthclient.rotate", id, rotated{int64(r.Overlap / time.Second), r.RevokeTokens})
	var created Created
	var revocation *Revocation
	err := s.config.Store.UpdateClient(ctx, id, &e, func(c *Client) (*Revocation, error) {
		if c.Account != account {
			return nil, ErrNotFound
		}
		if allow != nil {
			if err := allow(*c); err != nil {
				return nil, err
			}
		}
		secret, err := s.replaceSecret(c, r.Overlap, e.Time)
		if err != nil {
			return nil, err
		}
		revocation = nil
		if r.RevokeTokens {
			revocation = c.revokeAt(e.Time)
		}
		created = Created{Client: c.detached(), Secret: secret}
		return revocation, nil
	})
	if err != nil {
		return Created{}, storeFault(err)
	}
	s.tell(revocation)
	return created, nil
}

// replaceSecret mints a secret for an identifier that exists: of what is minted, only the secret part is used.
func (s *Service) replaceSecret(c *Client, overlap time.Duration, now time.Time) (tokens.Secret, error) {
	minted, err := formats.Mint(prefix, s.config.Random)
	if err != nil {
		return tokens.Secret{}, fault.New(fault.Internal, "The secret could not be made.", err)
	}
	c.OldDigest, c.OldUntil = tokens.Digest{}, time.Time{}
	if overlap > 0 {
		c.OldDigest, c.OldUntil = c.Digest, now.Add(overlap).Truncate(time.Millisecond)
	}
	c.Digest, c.Modified = minted.Digest, now
	return tokens.NewSecret(c.ID + minted.Secret.Reveal()[len(minted.ID):]), nil
}
