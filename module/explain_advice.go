package module

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/module/endpoint"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/tokens"
)

// explainer is told of one decision and puts it into words while all that led to it is still there.
type explainer struct {
	ctx     context.Context //nolint:containedctx // of the one call of Explain
	assumed bool            // the credential was made up for a user
	result  Explanation
}

func (e *explainer) settled(x *exchange) {
	e.result.Record = x.record()
	e.result.Record.ID = "" // nobody will find it anywhere
	if x.reason.decision() != verdictAllow {
		e.result.Message = x.message()
	}
	if e.assumed && x.principal != nil {
		r := &e.result.Record
		r.TokenID, r.Kind, r.Scopes = "", "", nil
		e.because("The token is made up: a personal one of the user, with every scope.")
	}
	switch x.reason {
	case reasonBadCredential:
		e.credential(x)
	case reasonMethod:
		if x.h.methods[x.r.Method] {
			e.because("Doorward serves the path itself, and not by this method.")
		} else {
			e.because("No row of any path has the method.")
		}
		e.change("use one of %s", x.ResponseWriter.Header().Get("Allow"))
	case reasonNoEndpoint:
		e.noEndpoint(x)
	case reasonDerivedEndpoint:
		e.because("The scopes of the row %s are an inference that no documentation states, so it is refused until you allow it.", x.endpoint.Pattern)
		e.change("allow the row: `allow_derived %s`", rowToWrite(x.endpoint))
	case reasonPersonalToken:
		e.because("The row %s takes no personal tokens.", x.endpoint.Pattern)
		e.change("use a token that is not personal")
	case reasonScope:
		e.scopes(x)
	case reasonPolicy:
		e.policies(x)
	case reasonRemote:
		e.remote(x)
	case reasonFault:
		e.because("It could not be decided: %s.", strings.TrimSuffix(faultOf(x), "."))
	}
}

func (e *explainer) because(format string, values ...any) {
	e.result.Why = append(e.result.Why, fmt.Sprintf(format, values...))
}

func (e *explainer) change(format string, values ...any) {
	e.result.Changes = append(e.result.Changes, fmt.Sprintf(format, values...))
}

func faultOf(x *exchange) string {
	if x.fault == nil {
		return fault.Public(nil)
	}
	return x.fault.Error()
}

// credential tells what clients are never told.
func (e *explainer) credential(x *exchange) {
	switch x.refusal {
	case tokens.Unknown:
		e.because("There is no such token in this store.")
		e.change("use a token of this store, or name the store that has it")
	case tokens.WrongSecret:
		e.because("There is a token with this identifier, and its secret is another.")
		e.change("use the whole text of the token, as it was shown when it was made")
	case tokens.Disabled:
		e.because("The token is switched off.")
		e.change("switch it on")
	case tokens.Expired:
		e.because("The token has expired.")
		e.change("make another token")
	case tokens.WrongEnvironment:
		e.because("The request is for the environment %s, and the token is good for another one only.", x.environment)
		e.change("ask for the environment of the token, such as by /e/{environment} before the path, or use a token of %s", x.environment)
	case tokens.WrongNetwork:
		e.because("The token is good in some networks only, and the request comes from %s.", cmp.Or(x.clientIP(), "an unknown address"))
		e.change("say where the request comes from, ask from a network of the token, or give the token another network")
	case tokens.LegacyOff:
		e.because("The token is of the old format, which is not taken.")
		e.change("set the global option `legacy_tokens`, or use a token with a prefix")
	case tokens.NotAccepted:
		e.because("Tokens of this kind are of no use here.")
		e.change("use an access token or a platform token")
	case tokens.PersonalOff:
		e.because("Personal tokens are switched off in the environment %s.", x.environment)
		e.change("switch them on: `doorward token personal on --environment %s`", x.environment)
		e.change("use a token that is not personal")
	default:
		e.because("This is no token that the gate can read.")
		e.change("use the whole text of a token, of a kind that the config knows")
	}
}

func (e *explainer) scopes(x *exchange) {
	wanted, held := x.endpoint.Scopes, x.principal.Scopes.String()
	if x.isOAuth() {
		wanted = x.endpoint.OAuthScopes
	} else if x.endpoint.ClusterRealm && !x.principal.Cluster {
		wanted = x.endpoint.ClusterScopes
		e.because("The row %s belongs to the cluster, and the token is one of an environment.", x.endpoint.Pattern)
	}
	if held == "" {
		held = "none"
	}
	e.because("The token holds: %s.", held)
	if len(wanted) == 0 {
		e.because("The row %s has no scope for tokens of this kind.", x.endpoint.Pattern)
		e.change("use a token of another kind")
		return
	}
	e.change("give the token one of: %s", strings.Join(wanted, ", "))
}

// remote tells what an administrator can do for a member of the support staff.
func (e *explainer) remote(x *exchange) {
	v := x.visit.verdict
	e.because("The token belongs to remote support staff: %s. The setting is %s.", x.visit.user, v.Setting)
	e.because("%s", v.Reason.Sentence())
	if v.Missing != 0 && v.Reason != remote.NotMapped {
		e.because("What is missing: %s.", v.Missing)
	}
	switch {
	case v.Reason == remote.NotMapped:
		e.change("say what remote staff need on the row, in its block: `remote env.read`")
	case v.Reason == remote.SwitchedOff:
		e.change("let staff in who are approved: `doorward remote setting approved`")
	case v.Would != remote.NoRole:
		e.change("grant the role: `doorward remote grant %s --role %s --days 1 --reason …`", x.visit.user, v.Would)
	}
}

func (e *explainer) noEndpoint(x *exchange) {
	path := tokens.Mask(x.endpointURI)
	if methods := x.h.table.Allow(x.endpointURI); len(methods) > 0 {
		e.because("No row has the method %s for this path; %s has.", x.r.Method, strings.Join(methods, ", "))
		e.change("use one of %s, or add the row: `endpoint %s %s <scope>`", strings.Join(methods, ", "), x.r.Method, path)
		return
	}
	e.because("No row covers the path.")
	for _, near := range nearestRows(x.h.table, x.r.Method, x.endpointURI) {
		e.change("ask for %s", near.Pattern)
	}
	e.change("add the row: `endpoint %s %s <scope>`", x.r.Method, path)
}

// rowToWrite is a row as the options of a Caddyfile name it; an alias goes by the row that it repeats.
func rowToWrite(row *endpoint.Endpoint) string {
	if row.AliasOf != "" {
		return row.AliasOf
	}
	return row.Pattern
}
