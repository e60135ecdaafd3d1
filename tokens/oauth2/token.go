package oauth2

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/rest"
)

// tokenAnswer is that of RFC 6749 section 5.1; resource is what clients of the catalogue's APIs read beside it.
type tokenAnswer struct {
	Scope       string `json:"scope"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	AccessToken string `json:"access_token"`
	Resource    string `json:"resource"` // with spaces between, where there are several
}

// token gives a client an access token.
func (s *server) token(w http.ResponseWriter, c *rest.Call) error {
	now := s.config.Now()
	client, f, err := s.authenticate(c, now)
	if err != nil {
		return err
	}
	switch f.get("grant_type") {
	case "client_credentials":
	case "":
		return refuse(invalidRequest, "The parameter grant_type is missing.")
	default:
		return refuse(unsupportedGrant, "The only grant_type is client_credentials.")
	}
	scopes, err := granted(client, f.get("scope"))
	if err != nil {
		return err
	}
	resources, err := s.resources(client, f["resource"])
	if err != nil {
		return err
	}
	id, err := newTokenID(s.config.Random)
	if err != nil {
		return err
	}
	text, err := s.config.Keys.issue(client, s.issuer(c), id, scopes, resources, now)
	if err != nil {
		return err
	}
	s.config.Service.used(c.Context(), client, now)
	w.Header().Set("Pragma", "no-cache")
	return rest.Write(w, http.StatusOK, tokenAnswer{
		Scope: strings.Join(scopes, " "), TokenType: "Bearer", ExpiresIn: int(Lifetime / time.Second),
		AccessToken: text, Resource: strings.Join(resources, " "),
	})
}

// newTokenID is 128 random bits. It has no dot, so that it is never the identifier of a client.
func newTokenID(random io.Reader) (string, error) {
	var raw [16]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", fault.New(fault.Internal, "The token could not be made.", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw[:]), nil
}
