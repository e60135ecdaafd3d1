package tokenapi

import (
	"context"
	"net/http"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens"
)

// tenantOperations are the rotation of the tenant token. None of them takes a body.
func tenantOperations(c Config) []rest.Operation {
	const rotation = "/api/v2/tenantTokenRotation/"
	return append([]rest.Operation{
		{Method: http.MethodPost, Path: rotation + "start", Action: "tenanttoken.start", Serve: c.rotate((*tokens.Tenants).Start)},
		{Method: http.MethodPost, Path: rotation + "finish", Action: "tenanttoken.finish", Serve: c.rotate((*tokens.Tenants).Finish)},
		{Method: http.MethodPost, Path: rotation + "cancel", Action: "tenanttoken.cancel", Serve: c.rotate((*tokens.Tenants).Cancel)},
		{Method: http.MethodGet, Path: rotation + "status", Serve: c.rotationStatus},
	}, connectionOperations(c)...)
}

// rotationAnswer is the tenant token after a step of its rotation.
type rotationAnswer struct {
	Active tenantText `json:"active"`
	Old    tenantText `json:"old"`
}

// tenantText is null where there is no text.
type tenantText struct {
	Value *string `json:"value"`
}

func textOf(s tokens.Secret) tenantText {
	if text := s.Reveal(); text != "" {
		return tenantText{&text}
	}
	return tenantText{}
}

// rotate serves a step of the rotation. A step that the state does not allow is 400.
func (c Config) rotate(step func(*tokens.Tenants, context.Context, string, string) (tokens.Rotation, error)) func(http.ResponseWriter, *rest.Call) error {
	return func(w http.ResponseWriter, call *rest.Call) error {
		r, err := step(c.Tenants, call.Context(), actor(call.Caller), call.Caller.Environment)
		if err != nil {
			return err
		}
		return rest.Write(w, http.StatusOK, rotationAnswer{Active: textOf(r.Active), Old: textOf(r.Old)})
	}
}

// rotationState says whether a rotation runs: ACTIVE or INACTIVE.
type rotationState struct {
	Status string `json:"status"`
}

func (c Config) rotationStatus(w http.ResponseWriter, call *rest.Call) error {
	rotating, err := c.Tenants.Rotating(call.Context(), call.Caller.Environment)
	if err != nil {
		return err
	}
	answer := rotationState{"INACTIVE"}
	if rotating {
		answer.Status = "ACTIVE"
	}
	return rest.Write(w, http.StatusOK, answer)
}
