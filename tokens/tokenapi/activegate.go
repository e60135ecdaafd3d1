package tokenapi

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens"
)

// activeGateOperations are the ActiveGate tokens API. Unlike that of access tokens, its 404 has a body.
func activeGateOperations(c Config) []rest.Operation {
	const (
		all        = "/api/v2/activeGateTokens"
		identifier = "activeGateTokenIdentifier"
		one        = all + "/{" + identifier + "}"
	)
	return []rest.Operation{
		{Method: http.MethodGet, Path: all, Serve: c.listActiveGates},
		{Method: http.MethodPost, Path: all, Action: "activegatetoken.create", Serve: c.createActiveGate},
		{Method: http.MethodGet, Path: one, Serve: func(w http.ResponseWriter, call *rest.Call) error {
			return c.showActiveGate(w, call, call.Param(identifier))
		}},
		{Method: http.MethodDelete, Path: one, Action: "activegatetoken.delete", Object: identifier, Serve: func(w http.ResponseWriter, call *rest.Call) error {
			return c.deleteActiveGate(w, call, call.Param(identifier))
		}},
	}
}

// activeGateToken is an ActiveGate token in an answer.
type activeGateToken struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	Owner    string  `json:"owner"`
	Type     string  `json:"activeGateType"`
	Created  *string `json:"creationDate"`
	Expires  *string `json:"expirationDate,omitempty"` // absent: never
	LastUsed *string `json:"lastUsedDate,omitempty"`   // absent: never
	Seed     bool    `json:"seedToken"`
}

func activeGateView(r tokens.Record) activeGateToken {
	return activeGateToken{
		ID: r.ID, Name: r.Name, Owner: r.Owner, Type: r.ActiveGate,
		Created: date(r.Created), Expires: date(r.Expires), LastUsed: date(r.LastUsed), Seed: r.Seed,
	}
}

// activeGateCreation is the body of a creation.
type activeGateCreation struct {
	Name    string          `json:"name"`
	Type    string          `json:"activeGateType"`
	Seed    bool            `json:"seedToken"`
	Expires json.RawMessage `json:"expirationDate"` // a text, or a number of milliseconds
}

func (c Config) createActiveGate(w http.ResponseWriter, call *rest.Call) error {
	var body activeGateCreation
	if err := call.Read(&body); err != nil {
		return err
	}
	request := tokens.ActiveGateRequest{Name: body.Name, Type: body.Type, Seed: body.Seed}
	expires, wrong := expiry(body.Expires, c.now())
	if request.Expires = expires; wrong != nil {
		request.Expires = time.Unix(0, 0) // long past: refused in any case, with all else that is wrong
	}
	created, err := c.within(call).CreateActiveGate(call.Context(), request)
	if err != nil {
		return explained(err, wrong)
	}
	return rest.Write(w, http.StatusCreated, tokenCreated{
		ID: created.Record.ID, Token: created.Secret.Reveal(), Expires: date(created.Record.Expires),
	})
}

// explained says of a date that could not be read why it could not, in the place of what the service says of the one that
// it was shown instead.
func explained(refusal, wrong error) error {
	if wrong == nil {
		return refusal
	}
	e := rest.Of(refusal)
	for i := range e.Violations {
		if e.Violations[i].Path == fieldExpiry {
			e.Violations[i].Message = fault.Public(wrong)
		}
	}
	return e
}

func (c Config) showActiveGate(w http.ResponseWriter, call *rest.Call, id string) error {
	r, err := c.within(call).ShowActiveGate(call.Context(), id)
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, activeGateView(r))
}

func (c Config) deleteActiveGate(w http.ResponseWriter, call *rest.Call, id string) error {
	if err := c.within(call).DeleteActiveGate(call.Context(), id); err != nil {
		return err
	}
	rest.Empty(w, http.StatusNoContent)
	return nil
}
