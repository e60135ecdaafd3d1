package oauth2

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/rest"
)

// metadata is the document of RFC 8414 section 2. There is no authorization endpoint and hence no response type; the
// same document stands at the place where OpenID Connect looks, although no ID tokens are issued, because that is where
// most software looks for keys.
type metadata struct {
	Issuer                   string   `json:"issuer"`
	TokenEndpoint            string   `json:"token_endpoint"`
	Keys                     string   `json:"jwks_uri"`
	IntrospectionEndpoint    string   `json:"introspection_endpoint"`
	RevocationEndpoint       string   `json:"revocation_endpoint"`
	Scopes                   []string `json:"scopes_supported,omitempty"`
	ResponseTypes            []string `json:"response_types_supported"`
	GrantTypes               []string `json:"grant_types_supported"`
	TokenAuthMethods         []string `json:"token_endpoint_auth_methods_supported"`
	IntrospectionAuthMethods []string `json:"introspection_endpoint_auth_methods_supported"`
	RevocationAuthMethods    []string `json:"revocation_endpoint_auth_methods_supported"`
}

// metadataAge is how long the document may be kept by others.
const metadataAge = 15 * time.Minute

func (s *server) metadata(w http.ResponseWriter, c *rest.Call) error {
	issuer := s.issuer(c)
	base := issuer
	if s.config.FollowCaller {
		base = c.BaseURL
	}
	methods := []string{"client_secret_basic", "client_secret_post"}
	document := metadata{
		Issuer: issuer, TokenEndpoint: base + "/sso/oauth2/token", Keys: base + "/.well-known/jwks.json",
		IntrospectionEndpoint: base + "/sso/oauth2/introspect", RevocationEndpoint: base + "/sso/oauth2/revoke",
		ResponseTypes: []string{}, GrantTypes: []string{"client_credentials"},
		TokenAuthMethods: methods, IntrospectionAuthMethods: methods, RevocationAuthMethods: methods,
	}
	for _, known := range s.config.Scopes.All() {
		document.Scopes = append(document.Scopes, known.Value)
	}
	text, err := json.Marshal(document)
	if err != nil {
		return fault.New(fault.Internal, "The metadata could not be written.", err)
	}
	publish(w, text, metadataAge)
	return nil
}

// keys answers with the public keys. A node that has none yet is not ready: an empty set would be kept by others.
func (s *server) keys(w http.ResponseWriter, _ *rest.Call) error {
	state := s.config.Keys.state.Load()
	if state == nil || len(state.keys) == 0 {
		return fault.New(fault.Unavailable, "The keys are not to be had at the moment.", errNoKey)
	}
	publish(w, state.text, s.config.Keys.config.CacheFor)
	return nil
}

// publish answers with a document that everybody may have and keep.
func publish(w http.ResponseWriter, text []byte, age time.Duration) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(text)))
	header.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(age/time.Second)))
	header.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(text) // a client that has gone needs no answer
}
