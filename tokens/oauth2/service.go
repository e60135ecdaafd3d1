package oauth2

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"io"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/scope"
)

// MaxClients is how many clients an account has at most, where nothing else is configured.
const MaxClients = 200

// ServiceConfig is what a Service works with.
type ServiceConfig struct {
	Store   Store          // required
	Scopes  *scope.Catalog // the OAuth scopes there are; a client gets no other; nil: none
	Revoked *Revocations   // hears at once what is revoked here; nil: only through the store

	MaxClients int              // in one account; default 200, at most 1,000
	Random     io.Reader        // default crypto/rand.Reader
	Now        func() time.Time // default time.Now

	// OnError hears of bookkeeping that failed. It must not block. nil: nobody hears.
	OnError func(error)
}

// Service administers clients. It is safe for concurrent use. Every error of its methods is a *fault.Fault. It does not
// ask whether the actor may do what it does: its callers have.
//
// The actor of a change goes into the audit event: the identifier of a token, a user, or "cli:<system user>". A client is
// named together with its account; one of another account is as if it were not there.
type Service struct {
	config ServiceConfig
}

// NewService returns a service over config.
func NewService(config ServiceConfig) *Service {
	config.MaxClients = min(cmp.Or(max(config.MaxClients, 0), MaxClients), MaxPage)
	if config.Random == nil {
		config.Random = rand.Reader
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.OnError == nil {
		config.OnError = func(error) {}
	}
	return &Service{config: config}
}

// event is the audit record of a change that happens now. Detail, if not nil, is stored as JSON.
func (s *Service) event(actor, action, id string, detail any) audit.Event {
	e := audit.Event{Time: s.now(), Actor: cmp.Or(tokens.Mask(actor), "unknown"), Action: action, Object: tokens.Mask(id)}
	if detail != nil {
		if text, err := json.Marshal(detail); err == nil {
			e.Detail = tokens.Mask(string(text))
		}
	}
	return e
}

// now has the precision that stores keep.
func (s *Service) now() time.Time { return s.config.Now().UTC().Truncate(time.Millisecond) }

// tell brings a revocation that is committed to this node's own set.
func (s *Service) tell(r *Revocation) {
	if r != nil && s.config.Revoked != nil {
		s.config.Revoked.add(*r)
	}
}

// storeFault is what an error of the store comes to.
func storeFault(err error) error {
	return fault.OfStore(err, "The store of OAuth2 clients did not answer.",
		fault.Meaning{Err: ErrNotFound, Kind: fault.NotFound, Public: "There is no such OAuth2 client."},
		fault.Meaning{Err: ErrExists, Kind: fault.Conflict, Public: "There is such an OAuth2 client already."},
		fault.Meaning{Err: ErrFull, Kind: fault.Invalid, Public: "The account has as many OAuth2 clients as it may have."},
	)
}
