package tokens

import (
	"context"
	"errors"
	"time"
)

// IsLive asks the store, not the cache, whether the token with this identifier would still be accepted for environment
// at now. It is for what was begun with a token and goes on after it: whoever holds a response open has shown the
// secret already. An error says that the store could not be asked.
func (v *Verifier) IsLive(ctx context.Context, id, environment string, now time.Time) (bool, error) {
	r, err := v.config.Store.Token(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	found := entry{principal: v.config.Formats.principalOf(r), digest: r.Digest, enabled: r.Enabled}
	return v.judge(&found, environment, now) == "", nil
}
