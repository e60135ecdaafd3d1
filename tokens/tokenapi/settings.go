package tokenapi

import (
	"net/http"

	"github.com/doorward/doorward/internal/rest"
)

// settingsOperations are what holds for the tokens of an environment. The catalogue has them as objects of a settings
// schema, which are the upstream's and not read here, so they have a path of their own.
func settingsOperations(c Config) []rest.Operation {
	const path = "/api/doorward/v1/tokenSettings"
	return []rest.Operation{
		{Method: http.MethodGet, Path: path, Serve: c.showSettings},
		{Method: http.MethodPut, Path: path, Action: "tokensettings.update", Serve: c.updateSettings},
	}
}

// tokenSettings is both the answer and the body, in which nothing may be left out: what is written is all there is.
type tokenSettings struct {
	PersonalTokens *bool `json:"personalAccessTokens"`
}

func (c Config) showSettings(w http.ResponseWriter, call *rest.Call) error {
	settings, err := c.Tokens.Settings(call.Context(), call.Caller.Environment)
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, tokenSettings{&settings.PersonalTokens})
}

func (c Config) updateSettings(w http.ResponseWriter, call *rest.Call) error {
	var body tokenSettings
	if err := call.Read(&body); err != nil {
		return err
	}
	if body.PersonalTokens == nil {
		return rest.Invalid("personalAccessTokens", "Expected true or false.")
	}
	err := c.Tokens.SetPersonalTokens(call.Context(), actor(call.Caller), call.Caller.Environment, *body.PersonalTokens)
	if err != nil {
		return err
	}
	rest.Empty(w, http.StatusNoContent)
	return nil
}
