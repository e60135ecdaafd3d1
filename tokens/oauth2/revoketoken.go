package oauth2

import (
	"context"
	"fmt"
	"time"

	"github.com/doorward/doorward/internal/fault"
)

// revokedToken is the audit detail of a token that was taken back.
type revokedToken struct {
	Client string `json:"client"`
	Owner  string `json:"owner"`
}

// revokeToken takes one token back, on behalf of its client. A token that is revoked already stays so. There is an end to
// how many can be: they are held in memory.
func (s *Service) revokeToken(ctx context.Context, said claims) error {
	if s.config.Revoked != nil && s.config.Revoked.Len() >= MaxRevocations {
		return fault.New(fault.Unavailable, "Too many tokens are revoked at the moment.", fmt.Errorf("%d revocations", MaxRevocations))
	}
	revocation := Revocation{ID: said.ID, Until: time.Unix(said.Expires, 0).UTC().Add(margin)}
	e := s.event(said.ClientID, "oauthtoken.revoke", said.ID, revokedToken{said.ClientID, said.Subject})
	if err := s.config.Store.Revoke(ctx, revocation, e); err != nil {
		return storeFault(err)
	}
	s.tell(&revocation)
	return nil
}
