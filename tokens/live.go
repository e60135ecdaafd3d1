package tokens

import (
	"context"
	"errors"
	"time"
)

// IsLive asks the store, not the cache, whether the token with this identifier would still be accepted for environment
// from clientIP at now. It is for what was begun with a token and goes on after it: whoever holds a response open has
// shown the secret already. An error says that the store could not be asked, or not be understood.
//
// A tenant token is never live: its identifier does not say which of two secrets was shown, and after a rotation one of
// them is void. Agents connect again.
//
// Nor is a token of remote support staff: what was begun before it got the mark is under no ceiling. IsLiveUnderCeiling is for
// what was begun under it.
func (v *Verifier) IsLive(ctx context.Context, id, environment, clientIP string, now time.Time) (bool, error) {
	return v.isLive(ctx, id, environment, clientIP, false, now)
}

// IsLiveUnderCeiling is IsLive for what remote support staff have begun. Whether they are still let in, it does not ask.
func (v *Verifier) IsLiveUnderCeiling(ctx context.Context, id, environment, clientIP string, now time.Time) (bool, error) {
	return v.isLive(ctx, id, environment, clientIP, true, now)
}

func (v *Verifier) isLive(ctx context.Context, id, environment, clientIP string, underCeiling bool, now time.Time) (bool, error) {
	r, err := v.config.Store.Token(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	found, err := v.entryOf(r, now)
	if err != nil {
		return false, err
	}
	if found.principal.Staff && !underCeiling {
		return false, nil
	}
	if found.judge(environment, clientIP, now) != "" {
		return false, nil
	}
	if !r.Personal {
		return true, nil
	}
	return v.personalLive(ctx, environment)
}

// personalLive reads the administrator's switch where it is kept. The switch in memory is off for a moment after every
// change, whatever the change was; asking that one would cut the responses of every personal token each time.
func (v *Verifier) personalLive(ctx context.Context, environment string) (bool, error) {
	if v.config.Personal == nil {
		return false, nil
	}
	settings, err := v.config.Store.Settings(ctx)
	return err == nil && settings[environment].PersonalTokens, err
}
