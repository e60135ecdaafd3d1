package tokens

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens/scope"
)

// ServiceConfig is what a Service works with.
type ServiceConfig struct {
	Store   Store          // required
	Formats *Formats       // required
	Scopes  *scope.Catalog // the scopes that tokens of ClassToken may hold; nil: none
	OAuth   *scope.Catalog // the scopes that tokens of ClassOAuth may hold; nil: any well-formed one

	Random io.Reader        // default crypto/rand.Reader
	Now    func() time.Time // default time.Now

	// OnChange hears the identifier of every token that was, or may have been, changed, after the store has answered
	// and before the caller does. It must not block.
	OnChange func(id string)
	// OnSettings hears the name of every environment whose settings were, or may have been, changed, under the same rules.
	OnSettings func(environment string)
}

// Service administers tokens. It is safe for concurrent use. Every error of its methods is a *fault.Fault. It does not
// ask whether the actor may do what it does: its callers have.
//
// The actor of a change goes into the audit event: the identifier of a token, a user, or "cli:<system user>".
type Service struct {
	config ServiceConfig
}

// NewService returns a service over config.
func NewService(config ServiceConfig) *Service {
	if config.Random == nil {
		config.Random = rand.Reader
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.OnChange == nil {
		config.OnChange = func(string) {}
	}
	if config.OnSettings == nil {
		config.OnSettings = func(string) {}
	}
	return &Service{config: config}
}

// Show returns the token with this identifier. fault.NotFound when there is none.
func (s *Service) Show(ctx context.Context, id string) (Record, error) {
	r, err := s.config.Store.Token(ctx, id)
	return r, storeFault(err)
}

// List returns a page of tokens. fault.Invalid when its limit is out of range.
func (s *Service) List(ctx context.Context, q Query) ([]Record, error) {
	page, err := s.config.Store.Tokens(ctx, q)
	return page, storeFault(err)
}

// Count is the number of tokens that q selects on all pages together.
func (s *Service) Count(ctx context.Context, q Query) (int, error) {
	n, err := s.config.Store.CountTokens(ctx, q)
	return n, storeFault(err)
}

// Lookup returns the token whose whole text this is, whether or not it is still good for anything. A wrong secret is
// fault.NotFound, as an unknown token is.
func (s *Service) Lookup(ctx context.Context, text Secret) (Record, error) {
	if legacyShape(text.Reveal()) {
		r, err := s.config.Store.LegacyToken(ctx, DigestOf(text.Reveal()))
		return r, storeFault(err)
	}
	presented, err := s.config.Formats.Parse(text.Reveal())
	if err != nil {
		return Record{}, storeFault(ErrNotFound)
	}
	r, err := s.config.Store.Token(ctx, presented.ID)
	if err != nil {
		return Record{}, storeFault(err)
	}
	if !r.Digest.Equal(presented.Digest()) {
		return Record{}, storeFault(ErrNotFound)
	}
	return r, nil
}

// Delete removes a token for good. fault.NotFound when there is none.
func (s *Service) Delete(ctx context.Context, actor, id string) error {
	defer s.config.OnChange(id)
	return storeFault(s.config.Store.DeleteToken(ctx, id, s.event(actor, actionOn(id, "delete"), id, nil)))
}

// event is the audit record of a change that happens now. Detail, if not nil, is stored as JSON.
func (s *Service) event(actor, action, id string, detail any) audit.Event {
	e := audit.Event{Time: s.now(), Actor: cmp.Or(Mask(actor), "unknown"), Action: action, Object: Mask(id)}
	if detail != nil {
		text, err := json.Marshal(detail)
		if err == nil {
			e.Detail = Mask(string(text))
		}
	}
	return e
}

// now has the precision that stores keep.
func (s *Service) now() time.Time { return s.config.Now().UTC().Truncate(time.Millisecond) }

// storeFault is what an error of the store comes to.
func storeFault(err error) error {
	return fault.OfStore(err, "The token store did not answer.",
		fault.Meaning{Err: ErrNotFound, Kind: fault.NotFound, Public: "There is no such token."},
		fault.Meaning{Err: ErrFull, Kind: fault.Invalid, Public: fullOfPlatformTokens},
		fault.Meaning{Err: ErrExists, Kind: fault.Conflict, Public: "There is such a token already."},
	)
}

var fullOfPlatformTokens = fmt.Sprintf("The user has %d platform tokens, as many as a user may have. Delete one first.", MaxPlatformTokens)
