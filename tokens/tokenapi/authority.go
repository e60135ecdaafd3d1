package tokenapi

import (
	"cmp"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens"
)

// kindJWT is the kind of a caller whose credential is a JWT, which no administrator of tokens knows by an identifier.
const kindJWT = "jwt"

// within is the service with the rights of the caller. It is the one place where a caller becomes an authority.
func (c Config) within(call *rest.Call) *tokens.Limited {
	caller := call.Caller
	return c.Tokens.Within(tokens.Authority{
		Actor:         actor(caller),
		Token:         caller.TokenID,
		Environment:   caller.Environment,
		Owner:         caller.User,
		Personal:      caller.Personal,
		ActsForUser:   caller.ActsForUser,
		Administrator: caller.Administrator,
		Staff:         caller.Staff != "",
		Holds:         caller.Holds,
		Permits:       call.Permits,
		Reaches:       call.Reaches,
	})
}

// actor is who the audit trail names.
func actor(caller rest.Caller) string {
	if caller.Kind == kindJWT {
		return cmp.Or(caller.User, caller.TokenID)
	}
	return cmp.Or(caller.TokenID, caller.User)
}
