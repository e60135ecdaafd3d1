package module

import (
	"fmt"

	"github.com/doorward/doorward/module/endpoint"
)

const defaultCatalog = "dynatrace"

// EndpointRow is one row of the endpoint table: which requests it is about, and what they need.
type EndpointRow struct {
	// `METHOD /path/{template}`, such as `GET /orders/{id}`. Literal segments beat parameters.
	Endpoint string `json:"endpoint"`
	// Token scopes of which the credential must hold one.
	Scopes []string `json:"scopes,omitempty"`
	// OAuth scopes of which the credential must hold one, where it is a platform token or an OAuth2 access token.
	OAuthScopes []string `json:"oauth_scopes,omitempty"`
	// Any genuine token will do.
	AnyToken bool `json:"any_token,omitempty"`
	// No credential is needed. One that is sent must be good all the same.
	Public bool `json:"public,omitempty"`
	// The request may be upgraded to a WebSocket.
	WebSocket bool `json:"websocket,omitempty"`
	// Parameters of the path may hold `%2F`.
	EncodedSlash bool `json:"encoded_slash,omitempty"`
	// The path may hold `;`.
	Semicolon bool `json:"semicolon,omitempty"`
	// The path may hold text beyond ASCII, in valid UTF-8.
	NonASCII bool `json:"non_ascii,omitempty"`
	// Refuse personal access tokens.
	NoPersonalTokens bool `json:"no_personal_tokens,omitempty"`
	// Where the row was written, for error messages.
	Origin string `json:"origin,omitempty"`
}

// row turns the configured form into the table's.
func (r EndpointRow) row() (endpoint.Endpoint, error) {
	p, err := endpoint.ParsePattern(r.Endpoint)
	if err != nil {
		return endpoint.Endpoint{}, r.at(err)
	}
	e := endpoint.Endpoint{
		Method: p.Method, Template: p.Template, Origin: r.Origin,
		Scopes: r.Scopes, OAuthScopes: r.OAuthScopes, AnyToken: r.AnyToken, Public: r.Public,
		WebSocket: r.WebSocket, EncodedSlash: r.EncodedSlash, Semicolon: r.Semicolon, NonASCII: r.NonASCII,
	}
	if r.NoPersonalTokens {
		e.Personal = endpoint.No
	}
	return e, nil
}

func (r EndpointRow) at(err error) error {
	if r.Origin == "" {
		return err
	}
	return fmt.Errorf("%s: %w", r.Origin, err)
}
