package module

import (
	"github.com/doorward/doorward/module/endpoint"
)

// row is what the gate keeps ready for a row of its table, so that no request has to make it.
type row struct {
	token, oauth scopeRefusal // for a missing scope, by class of the credential
	used         scopeGroups
	own          bool // Doorward's own API answers it
}

// readRows makes them for the whole table.
func (h *Handler) readRows() error {
	shapes, err := ownShapes()
	if err != nil {
		return err
	}
	h.rows = make(map[*endpoint.Endpoint]row, h.table.Len())
	for _, e := range h.table.All() {
		h.rows[e] = row{
			token: newScopeRefusal(e.ScopeParameter, h.missingScope(e, false)),
			oauth: newScopeRefusal(e.OAuthScopeParameter, h.missingScope(e, true)),
			used:  h.scopeGroups(e),
			own:   h.api != nil && shapes[servedAs(e)],
		}
	}
	return nil
}
