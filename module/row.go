package module

import (
	"github.com/doorward/doorward/module/endpoint"
)

// row is what the gate keeps ready for a row of its table, so that no request has to make it.
type row struct {
	token, oauth scopeRefusal // for a missing scope, by class of the credential
	used         scopeGroups
	served       string // the shape under which Doorward's own API serves such a row, wherever that stands; "": not at all
	own          bool   // the API is behind this gate and answers it
}

// readRows makes them for the whole table.
func (h *Handler) readRows() error {
	shapes, err := ownShapes()
	if err != nil {
		return err
	}
	h.rows = make(map[*endpoint.Endpoint]row, h.table.Len())
	for _, e := range h.table.All() {
		served := servedAs(e)
		if !shapes[served] {
			served = ""
		}
		h.rows[e] = row{
			token:  newScopeRefusal(e.ScopeParameter, h.missingScope(e, false)),
			oauth:  newScopeRefusal(e.OAuthScopeParameter, h.missingScope(e, true)),
			used:   h.scopeGroups(e),
			served: served,
			own:    h.api != nil && served != "",
		}
	}
	return nil
}
