package module

import (
	"fmt"

	"github.com/doorward/doorward/module/endpoint"
	"github.com/doorward/doorward/module/masking"
)

// row is what the gate keeps ready for a row of its table, so that no request has to make it.
type row struct {
	token, oauth scopeRefusal // for a missing scope, by class of the credential
	used         scopeGroups
	served       string        // the shape under which Doorward's own API serves such a row, wherever that stands; "": not at all
	own          bool          // the API is behind this gate and answers it
	masked       *masking.Plan // by which remote staff see answers that they may not see whole; nil: they see none
}

// readRows makes them for the whole table.
func (h *Handler) readRows() error {
	shapes, err := ownShapes()
	if err != nil {
		return err
	}
	h.rows = make(map[*endpoint.Endpoint]row, h.table.Len())
	for _, e := range h.table.All() {
		masked, err := maskingOf(e)
		if err != nil {
			return err
		}
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
			masked: masked,
		}
	}
	return nil
}

func maskingOf(e *endpoint.Endpoint) (*masking.Plan, error) {
	if e.Masked == nil {
		return nil, nil
	}
	if e.WebSocket {
		// Over HTTP/2 such an answer is a 200 whose body never ends, and frames are no JSON.
		return nil, fmt.Errorf("endpoint %s (%s): a WebSocket cannot be masked; remove websocket or masked", e.Pattern, e.Origin)
	}
	plan, err := masking.Compile(e.Masked)
	if err != nil {
		return nil, fmt.Errorf("endpoint %s (%s): masked: %w", e.Pattern, e.Origin, err)
	}
	return plan, nil
}
