package oauth2

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/rest"
)

// introspection is the answer of RFC 7662 section 2.2. Of a token that is not active nothing else is said.
type introspection struct {
	Active    bool     `json:"active"`
	Scope     string   `json:"scope,omitempty"`
	ClientID  string   `json:"client_id,omitempty"`
	TokenType string   `json:"token_type,omitempty"`
	Expires   int64    `json:"exp,omitempty"`
	IssuedAt  int64    `json:"iat,omitempty"`
	Subject   string   `json:"sub,omitempty"`
	Audience  []string `json:"aud,omitempty"`
	Issuer    string   `json:"iss,omitempty"`
	ID        string   `json:"jti,omitempty"`
}

// introspect tells a client what a token of its own account is good for. Every other text is inactive: expired, revoked,
// of another account, or no token at all.
func (s *server) introspect(w http.ResponseWriter, c *rest.Call) error {
	now := s.config.Now()
	client, f, err := s.authenticate(c, now)
	if err != nil {
		return err
	}
	if f.get("token") == "" {
		return refuse(invalidRequest, "The parameter token is missing.")
	}
	said, live, err := s.live(c.Context(), client, f.get("token"), now)
	if err != nil {
		return err
	}
	w.Header().Set("Pragma", "no-cache")
	if !live {
		return rest.Write(w, http.StatusOK, introspection{})
	}
	return rest.Write(w, http.StatusOK, introspection{
		Active: true, Scope: said.Scope, ClientID: said.ClientID, TokenType: "Bearer", Expires: said.Expires, IssuedAt: said.IssuedAt,
		Subject: said.Subject, Audience: said.Audience, Issuer: said.Issuer, ID: said.ID,
	})
}

// errStale is a gateway that has lost its store.
var errStale = errors.New("the revocations were not loaded lately")

// live reads a token that the asking client may know of. The token's own client is asked for anew, because its tokens
// end with it.
func (s *server) live(ctx context.Context, asking Client, text string, now time.Time) (said claims, live bool, err error) {
	if s.config.Revoked.Stale(now) {
		return claims{}, false, fault.New(fault.Unavailable, "Tokens cannot be checked at the moment.", errStale)
	}
	said, ok := s.config.Keys.read(text, now)
	if !ok || s.config.Revoked.Revoked(said.ID, said.ClientID, time.Unix(said.IssuedAt, 0), now) {
		return claims{}, false, nil
	}
	owner, err := s.config.Service.config.Store.Client(ctx, said.ClientID)
	if errors.Is(err, ErrNotFound) {
		return claims{}, false, nil
	}
	if err != nil {
		return claims{}, false, storeFault(err)
	}
	return said, owner.Enabled && owner.Account == asking.Account, nil
}

// revoke takes a token of the calling client back (RFC 7009). A token that is somebody else's, or none, is none of its
// business: the answer is the same, and nothing is done.
func (s *server) revoke(w http.ResponseWriter, c *rest.Call) error {
	now := s.config.Now()
	client, f, err := s.authenticate(c, now)
	if err != nil {
		return err
	}
	if f.get("token") == "" {
		return refuse(invalidRequest, "The parameter token is missing.")
	}
	said, ok := s.config.Keys.read(f.get("token"), now)
	if ok && said.ClientID == client.ID {
		if wait := s.revocations.Take(client.ID, now); wait > 0 {
			return tooMany(wait)
		}
		if err := s.config.Service.revokeToken(c.Context(), said); err != nil {
			return err
		}
	}
	w.Header().Set("Pragma", "no-cache")
	rest.Empty(w, http.StatusOK)
	return nil
}
