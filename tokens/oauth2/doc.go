// Package oauth2 is an authorization server for programs: it administers OAuth2 clients and gives them access tokens for
// five minutes at a time.
//
// There is one grant, client_credentials (RFC 6749 section 4.4). An access token is a JWT (RFC 9068) whose subject is the
// owner of the client, so that the owner's policies bound what the client may do; the scopes of the client bound it too.
//
//   - Service administers clients and tells a genuine client from another.
//   - Keys signs, publishes and replaces the keys of the tokens, together with other gateways on the same store.
//   - Revocations knows the tokens that were taken back before their time.
//   - Operations are the endpoints over these three.
//
// Nothing here runs in the background: Keys.Maintain and Revocations.Maintain are called by whoever has a ticker.
package oauth2
