// Package rest is what the REST APIs have in common: who calls, how a body and a query are read within bounds, how a
// listing is paged, and the two forms of an error.
//
// A Call has passed the gate: the credential is genuine, and its scopes and policies admit the operation. What is left to
// an operation are the rules about the things it touches.
package rest

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// Operation is one method on one path template, with the function that carries it out.
type Operation struct {
	Method string // upper case
	Path   string // "/api/v2/apiTokens/{id}", in the words of the endpoint table
	// Action is the noun and verb under which attempts at the operation enter the audit trail, "token.create"; "" for one
	// that changes nothing. A change itself is recorded by whoever makes it.
	Action string
	// Object is the path parameter that names what the operation is about; "" where none does.
	Object string
	// Serve answers the call, or returns an error before it has written anything: an *Error, a *fault.Fault, or another
	// error, which is a defect and says nothing to the client.
	Serve func(w http.ResponseWriter, c *Call) error
}

// Call is one request to an operation.
type Call struct {
	*http.Request
	Caller  Caller
	Account string // in which users, groups and policies are administered
	BaseURL string // "https://host[:port]" as the client addressed the gateway, without a slash at the end
	// Param is the unescaped value of a parameter of the path template, "" for one that it does not have.
	Param func(name string) string
	// Permits asks the policies of the user that the caller acts for whether they grant a permission without conditions.
	// It is false for a caller that acts for nobody.
	Permits func(ctx context.Context, permission string) (bool, error)
	// Reaches reports whether the caller's credential is good for requests to an environment. nil: for that of the request
	// only.
	Reaches func(environment string) bool
}

// Caller is who calls. It is the neutral form of the gate's principal, because the APIs of different engines share it.
type Caller struct {
	TokenID       string // identifier of the credential, fit for logs
	TokenName     string
	Kind          string // prefix of the token; "legacy", or "jwt"
	User          string // owner of the token, or subject of the JWT; "" for none
	Environment   string // of the request; the caller acts in it and in no other
	Address       string // of the client
	Personal      bool   // a personal token: acts for User, and on what is User's only
	ActsForUser   bool   // its rights end where the policies of User do
	Administrator bool   // may give rights that it does not hold itself
	Cluster       bool
	Staff         string    // the member of the remote support staff that calls, in the spelling of package remote; "" for everybody else
	Scopes        []string  // sorted
	Expires       time.Time // of the credential; zero: never
}

// Holds reports whether the credential holds exactly this scope.
func (c *Caller) Holds(scope string) bool {
	_, found := slices.BinarySearch(c.Scopes, scope)
	return found
}
