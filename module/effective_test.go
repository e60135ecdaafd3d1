package module

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/policyengine/papapi"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/scope"
)

// desk administers through the services that the API has, over a gate that decides.
type desk struct {
	*gate
	services
	t     testing.TB
	group string
}

const deskUser = "user@example.com"

func newDesk(t testing.TB, g *gate) desk {
	t.Helper()
	scopes, err := scope.NewCatalog(scope.Scope{Value: "settings.read", Creatable: true, Personal: true})
	if err != nil {
		t.Fatal(err)
	}
	d := desk{gate: g, services: g.services(scopes, scopes, time.Now), t: t}
	group, err := d.policies.CreateGroup(t.Context(), "test", DefaultAccount, pap.GroupAttributes{Name: "group"})
	d.must(err)
	d.group = group.UUID
	_, err = d.policies.CreateUser(t.Context(), "test", DefaultAccount, pap.UserAttributes{Email: deskUser})
	d.must(err)
	return d
}

func (d desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d desk) granting(name, statement string) {
	d.t.Helper()
	p, _, err := d.policies.CreatePolicy(d.t.Context(), "test", pap.AccountLevel(DefaultAccount), "", pap.PolicyAttributes{Name: name, Statement: statement})
	d.must(err)
	_, _, err = d.policies.Bind(d.t.Context(), "test", pap.BindRequest{Level: pap.AccountLevel(DefaultAccount), Policy: p.UUID, Groups: []string{d.group}})
	d.must(err)
}

// allows asks the engine once, for a member of the group.
func (d desk) allows(permission string) bool {
	d.t.Helper()
	v, err := d.rules.engine.Decide(d.t.Context(), policyengine.Request{
		Subject: policyengine.Subject{User: deskUser, Groups: []string{d.group}}, Account: DefaultAccount,
		Environment: DefaultEnvironment, Permission: permission, Now: time.Now(),
	})
	if err != nil {
		d.t.Error(err)
	}
	return v.Allow
}

// Attack: use what has just been taken away, in the moment before the gate has heard of it. Invariant: after settle has returned
// the policies in force are those that were stored when it was called, however many write at once; members are forgotten
// when the service returns.
func TestSettle(t *testing.T) {
	d := newDesk(t, testGate(t).gate)
	const writers = 20
	before := d.rules.count.done.Load()
	var writing sync.WaitGroup
	for i := range writers {
		writing.Go(func() {
			permission := fmt.Sprintf("storage:w%d:read", i)
			d.granting(permission, "ALLOW settings:objects:read WHERE settings:schemaId = \""+permission+"\";")
			d.settle(t.Context())
			v, err := d.rules.engine.Decide(t.Context(), policyengine.Request{
				Subject: policyengine.Subject{User: deskUser, Groups: []string{d.group}}, Account: DefaultAccount,
				Environment: DefaultEnvironment, Permission: "settings:objects:read", Now: time.Now(),
				Attributes: []policyengine.Attribute{{Name: "settings:schemaId", Values: []string{permission}, Known: true}},
			})
			if err != nil || !v.Allow {
				t.Errorf("%s: %v, %v", permission, v, err)
			}
		})
	}
	writing.Wait()
	if n := d.rules.count.done.Load() - before; n > 3*writers {
		t.Errorf("%d publications for %d writers", n, writers)
	}
	d.granting("closing", "DENY settings:objects:read;")
	d.settle(t.Context())
	if d.allows("settings:objects:read") {
		t.Error("what is denied was granted after settle")
	}

	groups, err := d.rules.groupsOf(t.Context(), deskUser, time.Now())
	d.must(err)
	d.must(d.policies.AddToGroups(t.Context(), "test", DefaultAccount, deskUser, []string{d.group}))
	again, err := d.rules.groupsOf(t.Context(), deskUser, time.Now())
	d.must(err)
	if len(groups) != 0 || len(again) != 1 {
		t.Errorf("groups %v, then %v", groups, again)
	}
}

// A change that has been published is not published again when the store tells of it, and nothing is published where nothing
// has changed.
func TestSettleOnce(t *testing.T) {
	d := newDesk(t, testGate(t).gate)
	d.granting("p", "ALLOW settings:objects:read;")
	d.settle(t.Context())
	before := d.rules.count.done.Load()
	for range 10 {
		d.settle(t.Context())
	}
	if n := d.rules.count.done.Load() - before; n != 0 {
		t.Errorf("%d publications of nothing new", n)
	}
}

// resolve answers with what the policies in force say of whom the caller acts for, and with nothing for all others.
func TestResolve(t *testing.T) {
	h, g := benchmarkHandler(t)
	d := newDesk(t, g.gate)
	d.must(g.service.SetPersonalTokens(t.Context(), "test", DefaultEnvironment, true))
	d.gate.applyOne(t.Context(), "token_settings", DefaultEnvironment)
	d.granting("p", `ALLOW storage:buckets:read; ALLOW storage:logs:read WHERE storage:bucket-name = "a"; ALLOW settings:objects:read; DENY settings:objects:read WHERE settings:schemaId = "a";`)
	d.must(d.policies.AddToGroups(t.Context(), "test", DefaultAccount, deskUser, []string{d.group}))
	d.settle(t.Context())
	mint := func(personal bool) string {
		created, err := d.services.tokens.Create(t.Context(), "test", tokens.CreateRequest{Attributes: tokens.Attributes{
			Name: "t", Owner: deskUser, Environment: DefaultEnvironment, Scopes: []string{"settings.read"}, Personal: personal,
		}})
		d.must(err)
		return created.Secret.Reveal()
	}
	ask := func(token, permission, value string) (papapi.Grant, error) {
		x := verifiedExchange(t, h, token)
		x.leash.Context = x.r.Context()
		q := papapi.Question{Permission: permission}
		if value != "" {
			q.Attributes = map[string][]string{"storage:bucket-name": {value}, "settings:schemaId": {value}}
		}
		call := &rest.Call{Request: x.r.WithContext((*gated)(x))}
		return d.resolve(call.Context(), call, q)
	}
	personal, own := mint(true), mint(false)
	for _, test := range []struct {
		permission, value string
		want              papapi.Grant
	}{
		{"storage:buckets:read", "", papapi.Granted},
		{"storage:buckets:write", "", papapi.Refused},
		{"storage:logs:read", "", papapi.Conditional},
		{"storage:logs:read", "a", papapi.Granted},
		{"storage:logs:read", "b", papapi.Refused},
		{"settings:objects:read", "", papapi.Conditional},
		{"settings:objects:read", "a", papapi.Refused},
		{"settings:objects:read", "b", papapi.Granted},
		{"nothing:of:this", "", papapi.Refused},
	} {
		if got, err := ask(personal, test.permission, test.value); err != nil || got != test.want {
			t.Errorf("%s of %q: %v, %v; want %v", test.permission, test.value, got, err, test.want)
		}
		if got, err := ask(own, test.permission, test.value); err != nil || got != papapi.Refused {
			t.Errorf("%s for a token that acts for itself: %v, %v", test.permission, got, err)
		}
	}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://a.test/", nil)
	if got, err := d.resolve(t.Context(), &rest.Call{Request: r}, papapi.Question{Permission: "storage:buckets:read"}); err != nil || got != papapi.Refused {
		t.Errorf("for a request that passed no gate: %v, %v", got, err)
	}
}
