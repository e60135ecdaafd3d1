package tokens_test

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/seal"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/tokenstest"
)

// estate is tenant tokens over a store in memory.
type estate struct {
	*tokens.Tenants
	store   *tokenstest.Memory
	changed []string
}

func newEstate(t testing.TB, edit func(*tokens.TenantsConfig)) *estate {
	t.Helper()
	e := &estate{store: &tokenstest.Memory{}}
	config := tokens.TenantsConfig{
		Store: e.store, Sealer: sealer(t, 1), Now: func() time.Time { return now },
		OnChange: func(environment string) { e.changed = append(e.changed, environment) },
	}
	if edit != nil {
		edit(&config)
	}
	e.Tenants = tokens.NewTenants(config)
	return e
}

func sealer(t testing.TB, key byte) *seal.Sealer {
	t.Helper()
	s, err := seal.New(bytes.Repeat([]byte{key}, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var tenantShape = regexp.MustCompile(`^[A-Z2-7]{32}$`)

func TestTenantTokenIsMadeOnce(t *testing.T) {
	e := newEstate(t, nil)
	if rotating, err := e.Rotating(t.Context(), "prod"); rotating || err != nil {
		t.Errorf("before: %v, %v", rotating, err)
	}
	first, err := e.Current(t.Context(), "alice", "prod")
	if err != nil || !tenantShape.MatchString(first.Reveal()) {
		t.Fatalf("%d characters, %v", len(first.Reveal()), err)
	}
	again, err := e.Current(t.Context(), "bob", "prod")
	other, _ := e.Current(t.Context(), "bob", "test")
	if err != nil || again.Reveal() != first.Reveal() || other.Reveal() == first.Reveal() {
		t.Errorf("%v: the same %v, in another environment the same %v", err, again.Reveal() == first.Reveal(), other.Reveal() == first.Reveal())
	}
	stored, err := e.store.TenantToken(t.Context(), "prod")
	if err != nil || !stored.ActiveDigest.Equal(tokens.DigestOf(first.Reveal())) || stored.Rotating() || !stored.Created.Equal(now) || !stored.Modified.IsZero() {
		t.Errorf("stored %v, %v", stored.Created, err)
	}
	want := []audit.Event{
		{ID: 1, Time: now, Actor: "alice", Action: "tenanttoken.create", Object: "prod", Revision: 1},
		{ID: 2, Time: now, Actor: "bob", Action: "tenanttoken.create", Object: "test", Revision: 2},
	}
	if diff := cmp.Diff(want, e.store.Events()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"prod", "test"}, e.changed); diff != "" || e.store.Events()[0].Category() != audit.CategoryTenant {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

// Two first calls at the same time get the same text: who got the other one would be locked out.
func TestTenantTokenIsMadeOnceByMany(t *testing.T) {
	e := newEstate(t, func(c *tokens.TenantsConfig) { c.OnChange = nil })
	var together, callers sync.WaitGroup
	together.Add(4)
	e.store.Before = func(_ context.Context, method string) error {
		if method == "UpdateTenantToken" { // everybody has found that there is none
			together.Done()
			together.Wait()
		}
		return nil
	}
	texts := make([]string, 4)
	for i := range texts {
		callers.Go(func() {
			text, err := e.Current(context.Background(), "alice", "prod")
			if err != nil {
				t.Error(err)
			}
			texts[i] = text.Reveal()
		})
	}
	callers.Wait()
	for _, text := range texts {
		if text != texts[0] || text == "" {
			t.Error("two callers were given different texts")
		}
	}
	if n := len(e.store.Events()); n != 1 {
		t.Errorf("%d events", n)
	}
}

// Property: the tenant token is what a model of one variable or two says; a step that the state does not allow changes
// nothing; digests always belong to the texts; no event ever holds a text.
func TestTenantRotationModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		e := newEstate(t, nil)
		ctx := t.Context()
		var active, old string // of the model
		for range rapid.IntRange(1, 15).Draw(rt, "steps") {
			step := rapid.SampledFrom([]string{"current", "start", "finish", "cancel", "status"}).Draw(rt, "step")
			var r tokens.Rotation
			var err error
			possible := true
			switch step {
			case "current":
				r.Active, err = e.Current(ctx, "alice", "prod")
				r.Old, r.Rotating = tokens.NewSecret(old), old != ""
				if active == "" {
					active = r.Active.Reveal()
				}
			case "start":
				r, err = e.Start(ctx, "alice", "prod")
				if possible = old == ""; possible {
					if active == "" {
						active = r.Old.Reveal()
					}
					old, active = active, r.Active.Reveal()
				}
			case "finish":
				r, err = e.Finish(ctx, "alice", "prod")
				if possible = old != ""; possible {
					if r.Old.Reveal() != old || r.Rotating {
						rt.Fatal("the old text is not shown once more")
					}
					old, r.Old = "", tokens.Secret{}
				}
			case "cancel":
				r, err = e.Cancel(ctx, "alice", "prod")
				if possible = old != ""; possible {
					active, old = old, ""
				}
			case "status":
				rotating, err := e.Rotating(ctx, "prod")
				if err != nil || rotating != (old != "") {
					rt.Fatalf("rotating %v, %v", rotating, err)
				}
				continue
			}
			if possible != (err == nil) || err != nil && fault.KindOf(err) != fault.Invalid {
				rt.Fatalf("%s: %v", step, err)
			}
			if possible && (r.Active.Reveal() != active || r.Old.Reveal() != old || r.Rotating != (old != "")) {
				rt.Fatalf("%s: another text than the model's", step)
			}
			if active != old && active != "" && !tenantShape.MatchString(active) {
				rt.Fatalf("%s: a text of %d characters", step, len(active))
			}
			agree(rt, e, active, old)
		}
		for _, event := range e.store.Events() {
			said := event.Object + event.Detail + event.Patch + event.Message
			if active != "" && strings.Contains(said, active) || old != "" && strings.Contains(said, old) {
				rt.Fatal("the audit trail has the secret")
			}
		}
	})
}

// agree compares what is stored with the texts.
func agree(t *rapid.T, e *estate, active, old string) {
	stored, err := e.store.TenantToken(context.Background(), "prod")
	if active == "" {
		if !errors.Is(err, tokens.ErrNotFound) {
			t.Fatalf("a token is there: %v", err)
		}
		return
	}
	want := tokens.Digest{}
	if old != "" {
		want = tokens.DigestOf(old)
	}
	if err != nil || !stored.ActiveDigest.Equal(tokens.DigestOf(active)) || !stored.OldDigest.Equal(want) || stored.Rotating() != (old != "") {
		t.Fatalf("stored digests are of other texts: %v", err)
	}
}

func TestTenantRotationEvents(t *testing.T) {
	e := newEstate(t, nil)
	ctx := t.Context()
	for _, step := range []func(context.Context, string, string) (tokens.Rotation, error){e.Start, e.Cancel, e.Start, e.Finish} {
		if _, err := step(ctx, "alice", "prod"); err != nil {
			t.Fatal(err)
		}
	}
	var said []string
	for _, event := range e.store.Events() {
		said = append(said, event.Action+" "+event.Type()+" "+event.Patch)
	}
	on := ` UPDATE [{"op":"replace","path":"/status","oldValue":"INACTIVE","value":"ACTIVE"}]`
	off := ` UPDATE [{"op":"replace","path":"/status","oldValue":"ACTIVE","value":"INACTIVE"}]`
	want := []string{
		"tenanttoken.create CREATE ", "tenanttoken.start" + on, "tenanttoken.cancel" + off, "tenanttoken.start" + on, "tenanttoken.finish" + off,
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// Attack: the store is copied into a gateway with another key, or the key is lost; or a sealed text is copied from one
// environment to another. Invariant: nothing is shown, nothing is changed, and only the operator learns why.
func TestTenantTextThatDoesNotOpen(t *testing.T) {
	e := newEstate(t, nil)
	if _, err := e.Start(t.Context(), "alice", "prod"); err != nil {
		t.Fatal(err)
	}
	before, _ := e.store.TenantToken(t.Context(), "prod")
	var moved audit.Event
	if err := e.store.UpdateTenantToken(t.Context(), "test", &moved, func(t *tokens.TenantToken) error {
		t.Active, t.ActiveDigest = before.Active, before.ActiveDigest
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	other := newEstate(t, func(c *tokens.TenantsConfig) { c.Store, c.Sealer = e.store, sealer(t, 2) })
	for what, err := range map[string]error{
		"Current, other key": second(other.Current(t.Context(), "alice", "prod")),
		"Finish, other key":  second(other.Finish(t.Context(), "alice", "prod")),
		"Cancel, other key":  second(other.Cancel(t.Context(), "alice", "prod")),
		"Current, moved":     second(e.Current(t.Context(), "alice", "test")),
		"Start, moved":       second(e.Start(t.Context(), "alice", "test")),
	} {
		if fault.KindOf(err) != fault.Internal || fault.Public(err) != "The tenant token could not be read." {
			t.Errorf("%s: %v", what, err)
		}
		if !errors.Is(err, seal.ErrKey) && !errors.Is(err, seal.ErrDamaged) {
			t.Errorf("%s: the operator is not told: %v", what, err)
		}
	}
	after, _ := e.store.TenantToken(t.Context(), "prod")
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func TestTenantsWithoutKey(t *testing.T) {
	e := newEstate(t, func(c *tokens.TenantsConfig) { c.Sealer = nil })
	for what, err := range map[string]error{
		"Current":  second(e.Current(t.Context(), "alice", "prod")),
		"Start":    second(e.Start(t.Context(), "alice", "prod")),
		"Finish":   second(e.Finish(t.Context(), "alice", "prod")),
		"Cancel":   second(e.Cancel(t.Context(), "alice", "prod")),
		"Rotating": second(e.Rotating(t.Context(), "prod")),
	} {
		if fault.KindOf(err) != fault.Unavailable || !strings.Contains(fault.Public(err), "no encryption_key is configured") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestTenantsFaults(t *testing.T) {
	dry := newEstate(t, func(c *tokens.TenantsConfig) { c.Random = iotest.ErrReader(errors.New("dry")) })
	if _, err := dry.Current(t.Context(), "alice", "prod"); fault.KindOf(err) != fault.Internal || err == nil || len(dry.store.Events()) != 0 {
		t.Errorf("without randomness: %v", err)
	}
	down := newEstate(t, nil)
	down.store.Before = func(context.Context, string) error { return errDown }
	for what, err := range map[string]error{
		"Current": second(down.Current(t.Context(), "alice", "prod")), "Start": second(down.Start(t.Context(), "alice", "prod")),
		"Finish": second(down.Finish(t.Context(), "alice", "prod")), "Rotating": second(down.Rotating(t.Context(), "prod")),
	} {
		if fault.KindOf(err) != fault.Unavailable || !errors.Is(err, errDown) {
			t.Errorf("%s without a store: %v", what, err)
		}
	}
	// A rotation may have been committed although the store could not say so.
	if diff := cmp.Diff([]string{"prod"}, down.changed); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if _, err := newEstate(t, nil).Start(t.Context(), "alice", "no/where"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("malformed environment: %v", err)
	}
}
