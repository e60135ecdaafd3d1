package oauth2

import (
	"context"
	"errors"
	"time"

	"github.com/doorward/doorward/tokens"
)

// Authenticate tells whether this is the secret of that client, and the client enabled. ok is false for every reason
// alike, and for all that concern a client it takes the same work: one read, one hash, two comparisons. An error is a
// fault of the store.
func (s *Service) Authenticate(ctx context.Context, id string, secret tokens.Secret, now time.Time) (c Client, ok bool, err error) {
	presented, wellFormed := parse(secret)
	if !wellFormed || presented.ID != id {
		return Client{}, false, nil // tells nothing: no client has such a secret
	}
	c, err = s.config.Store.Client(ctx, id)
	unknown := errors.Is(err, ErrNotFound)
	if err != nil && !unknown {
		return Client{}, false, storeFault(err)
	}
	digest := presented.Digest()
	current, old := c.Digest.Equal(digest), c.OldDigest.Equal(digest)
	old = old && now.Before(c.OldUntil)
	if unknown || !c.Enabled || !(current || old) {
		return Client{}, false, nil
	}
	return c, true, nil
}

// parse reads a secret as a client shows it. A malformed one is a wrong one, and no fault.
func parse(secret tokens.Secret) (tokens.Presented, bool) {
	presented, err := formats.Parse(secret.Reveal())
	return presented, err == nil
}

// useInterval is how exact Client.LastUsed is: writing it for every token would make every call a write.
const useInterval = time.Minute

// used notes that the client gets a token. That it cannot be noted is no reason to refuse one.
func (s *Service) used(ctx context.Context, c Client, now time.Time) {
	if now.Sub(c.LastUsed) < useInterval {
		return
	}
	if err := s.config.Store.RecordClientUse(ctx, c.ID, now.UTC().Truncate(time.Millisecond)); err != nil {
		s.config.OnError(storeFault(err))
	}
}
