package tokens

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/seal"
)

// TenantsConfig is what Tenants work with.
type TenantsConfig struct {
	Store  Store            // required
	Sealer *seal.Sealer     // nil: every method is fault.Unavailable
	Random io.Reader        // default crypto/rand.Reader
	Now    func() time.Time // default time.Now

	// OnChange hears the name of every environment whose token was, or may have been, changed, after the store has
	// answered and before the caller does. It must not block.
	OnChange func(environment string)
}

// Tenants keep the tenant tokens: the secret of each environment that its agents report data with. It has to be shown
// again and again, so it is kept, sealed. Tenants are safe for concurrent use; every error of their methods is a
// *fault.Fault. They do not ask whether the actor may see or rotate the token: their callers have.
type Tenants struct {
	config TenantsConfig
}

// Rotation is an environment's tenant token at one moment. Both texts are good while a rotation runs.
type Rotation struct {
	Active   Secret
	Old      Secret // the one that Active replaces, or has just replaced; zero: none
	Rotating bool
}

// tenantText is how long the text is; 160 random bits.
const tenantText = 32

// NewTenants returns Tenants over config.
func NewTenants(config TenantsConfig) *Tenants {
	if config.Random == nil {
		config.Random = rand.Reader
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.OnChange == nil {
		config.OnChange = func(string) {}
	}
	return &Tenants{config: config}
}

// Current is the text that new agents get. It is made at the first call.
func (t *Tenants) Current(ctx context.Context, actor, environment string) (Secret, error) {
	if err := t.usable(environment); err != nil {
		return Secret{}, err
	}
	stored, err := t.config.Store.TenantToken(ctx, environment)
	if errors.Is(err, ErrNotFound) {
		return t.first(ctx, actor, environment)
	}
	if err != nil {
		return Secret{}, storeFault(err)
	}
	return t.open(environment, stored.Active)
}

// Start makes a new text beside the old one. fault.Invalid when a rotation runs already. An environment without a token
// gets its first one, which is then the old one.
func (t *Tenants) Start(ctx context.Context, actor, environment string) (Rotation, error) {
	if _, err := t.Current(ctx, actor, environment); err != nil {
		return Rotation{}, err
	}
	return t.take(ctx, actor, environment, stepStart)
}

// Finish ends the rotation: the old text is no longer good, but shown once more. fault.Invalid when none runs.
func (t *Tenants) Finish(ctx context.Context, actor, environment string) (Rotation, error) {
	return t.take(ctx, actor, environment, stepFinish)
}

// Cancel ends the rotation: the old text is the active one again, the new one is no longer good. fault.Invalid when none
// runs.
func (t *Tenants) Cancel(ctx context.Context, actor, environment string) (Rotation, error) {
	return t.take(ctx, actor, environment, stepCancel)
}

// Rotating reports whether a rotation runs.
func (t *Tenants) Rotating(ctx context.Context, environment string) (bool, error) {
	if err := t.usable(environment); err != nil {
		return false, err
	}
	stored, err := t.config.Store.TenantToken(ctx, environment)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return stored.Rotating(), storeFault(err)
}

func (t *Tenants) usable(environment string) error {
	if t.config.Sealer == nil {
		return fault.New(fault.Unavailable, "Tenant tokens cannot be kept: no encryption_key is configured.", nil)
	}
	var wrong findings
	wrong.environment(environment)
	return wrong.err()
}

// first makes the environment's first text, unless somebody else has just done so.
func (t *Tenants) first(ctx context.Context, actor, environment string) (Secret, error) {
	fresh, err := t.mint(environment)
	if err != nil {
		return Secret{}, err
	}
	text := fresh.text
	err = t.update(ctx, actor, environment, "create", func(stored *TenantToken, _ *audit.Event) (err error) {
		if len(stored.Active) > 0 {
			if text, err = t.open(environment, stored.Active); err == nil {
				err = errUnchanged
			}
			return err
		}
		stored.Active, stored.ActiveDigest, stored.Created = fresh.sealed, fresh.digest, t.now()
		text = fresh.text
		return nil
	})
	if err != nil {
		return Secret{}, err
	}
	return text, nil
}

// take takes one step of the state machine. What is to be shown is opened within the transaction: a rotation whose texts
// nobody would get to see does not happen.
func (t *Tenants) take(ctx context.Context, actor, environment string, by step) (Rotation, error) {
	if err := t.usable(environment); err != nil {
		return Rotation{}, err
	}
	fresh, err := t.mint(environment)
	if err != nil {
		return Rotation{}, err
	}
	var answer Rotation
	err = t.update(ctx, actor, environment, string(by), func(stored *TenantToken, e *audit.Event) error {
		before := *stored
		if err := stored.rotate(by, fresh); err != nil {
			return err
		}
		stored.Modified = t.now()
		if e.Patch, err = patch(rotationOf(before), rotationOf(*stored)); err != nil {
			return err
		}
		answer, err = t.show(before, *stored, by)
		return err
	})
	if err != nil {
		return Rotation{}, err
	}
	return answer, nil
}

// update changes the stored token, with its audit event and word to OnChange.
func (t *Tenants) update(ctx context.Context, actor, environment, verb string, change func(*TenantToken, *audit.Event) error) error {
	defer t.config.OnChange(environment) // whatever the store answers, as with tokens
	e := audit.Event{Time: t.now(), Actor: cmp.Or(Mask(actor), "unknown"), Action: "tenanttoken." + verb, Object: environment}
	err := t.config.Store.UpdateTenantToken(ctx, environment, &e, func(stored *TenantToken) error { return change(stored, &e) })
	if errors.Is(err, errUnchanged) {
		return nil
	}
	return storeFault(err)
}

// show is the answer to a step.
func (t *Tenants) show(before, after TenantToken, by step) (r Rotation, err error) {
	r.Rotating = after.Rotating()
	if r.Active, err = t.open(after.Environment, after.Active); err != nil || by == stepCancel {
		return r, err
	}
	old := after.Old
	if by == stepFinish {
		old = before.Old
	}
	r.Old, err = t.open(after.Environment, old)
	return r, err
}

// sealedText is a new text with what is stored of it.
type sealedText struct {
	text   Secret
	sealed []byte
	digest Digest
}

func (t *Tenants) mint(environment string) (sealedText, error) {
	text, err := randomText(t.config.Random, tenantText)
	if err != nil {
		return sealedText{}, fault.New(fault.Internal, "The tenant token could not be made.", err)
	}
	sealed := t.config.Sealer.Seal([]byte(text), purpose(environment))
	return sealedText{text: NewSecret(text), sealed: sealed, digest: DigestOf(text)}, nil
}

func (t *Tenants) open(environment string, sealed []byte) (Secret, error) {
	text, err := t.config.Sealer.Open(sealed, purpose(environment))
	if err != nil {
		return Secret{}, fault.New(fault.Internal, "The tenant token could not be read.",
			fmt.Errorf("tenant token of %s, with the configured encryption_key: %w", environment, err))
	}
	return NewSecret(string(text)), nil
}

// purpose binds a text to its environment, not to being the active or the old one: a rotation moves it as it is.
func purpose(environment string) string { return "tenant token of " + environment }

// now has the precision that stores keep.
func (t *Tenants) now() time.Time { return t.config.Now().UTC().Truncate(time.Millisecond) }
