package tokens

import (
	"context"
	"errors"
)

// Settings are those of an environment; the zero Settings where nobody has chosen any.
func (s *Service) Settings(ctx context.Context, environment string) (Settings, error) {
	all, err := s.config.Store.Settings(ctx)
	return all[environment], storeFault(err)
}

// settingsView is the Settings in the words of the API.
type settingsView struct {
	PersonalTokens bool `json:"personalAccessTokens"`
}

// SetPersonalTokens switches personal tokens on or off in an environment. Off, none are made and the existing ones are not
// taken until they are on again. Doing so twice is fine, and leaves one audit event.
func (s *Service) SetPersonalTokens(ctx context.Context, actor, environment string, on bool) error {
	var wrong findings
	wrong.environment(environment)
	if err := wrong.err(); err != nil {
		return err
	}
	defer s.config.OnSettings(environment) // whatever the store answers, as with tokens
	e := s.event(actor, "tokensettings.update", environment, nil)
	err := s.config.Store.UpdateSettings(ctx, environment, &e, func(settings *Settings) error {
		changes, err := patch(settingsView(*settings), settingsView{PersonalTokens: on})
		if err != nil {
			return err
		}
		e.Patch, settings.PersonalTokens = changes, on
		return nil
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	return storeFault(err)
}
