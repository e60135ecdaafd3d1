// Package remoteapi is the REST API of remote access: the requests of support staff, the setting that says which of them get
// in, and what administrators and staff do with both.
//
// The package translates. What may be done is decided by package remote, which knows the rules, and by the gate, which has
// already asked for the scope of the operation before any function here runs.
//
// # Compatibility
//
// The four calls below /api/cluster/v2/remoteaccess and the two of /api/v1.0/onpremise/preferences are those of the original,
// with its status codes and the names of its members. A request has more members than there where there is more to say, and
// the change of a state takes three more, all of which may be left out. What is below /api/doorward/v1/remoteAccess is our
// own. The status 513 of the original does not occur: users of the support staff are looked up in no directory here.
package remoteapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/report"
)

// Config is what the operations work with.
type Config struct {
	Service *remote.Service // required
	// Report tells what was done with a request, from the audit trail. Required. An error is a fault.
	Report func(ctx context.Context, r remote.Request) (report.Report, error)
}

// Operations are all of the API. Their paths are rows of the endpoint table, which says what each asks for.
func Operations(c Config) []rest.Operation {
	return slices.Concat(
		c.requestOperations(),
		c.preferencesOperations(),
		c.administrationOperations(),
		c.staffOperations(),
	)
}

// ownPath is where everything is that the original does not have.
const ownPath = "/api/doorward/v1/remoteAccess"

// The actions under which attempts enter the audit trail are those of the changes that package remote records.
const (
	actionCreate  = "remote_access_request.create"
	actionUpdate  = "remote_access_request.update"
	actionSetting = "remote_access_setting.update"
)

// serve is a function that carries out an operation.
type serve = func(w http.ResponseWriter, call *rest.Call) error

// kindJWT is the kind of a caller whose credential is a JWT, which no administrator knows by an identifier.
const kindJWT = "jwt"

// actor is the caller in the words of package remote.
func actor(call *rest.Call) remote.Actor {
	c := call.Caller
	a := remote.Actor{Name: cmp.Or(c.TokenID, c.User), User: c.User}
	if c.Kind == kindJWT {
		a.Name = cmp.Or(c.User, c.TokenID)
	}
	if c.Staff != "" {
		a.User, a.Remote = c.Staff, true
	}
	return a
}

// maxBody is the largest body here, in bytes. The longest reason fits many times.
const maxBody = 64 << 10

// read decodes a body, whatever it says it is: clients of the original send */*, or nothing.
func read(call *rest.Call, into any) error { return call.ReadAny(into, maxBody) }
