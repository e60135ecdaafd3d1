package policytest_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to take tables away from under the gate

	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

const (
	reader      = "reader@example.org"
	openSchema  = "/settings?schema=open"
	otherSchema = "/settings?schema=other"
)

// reading is a gate at which one user may read one schema.
type reading struct {
	office
	gate          *moduletest.Gate
	client        client
	token         string
	group, policy string
}

func newReading(t *testing.T, cache string) reading {
	t.Helper()
	o := newOffice(t)
	r := reading{office: o, group: o.group("readers", reader), policy: o.policy("reading", allowSchema("open"))}
	o.bind(r.policy, r.group)
	r.gate = o.start(scene{cache: cache})
	_, r.token = r.gate.Mint("", personal(reader, readAndWrite...))
	r.client = newClient(t, r.gate.Addr, 1)
	// A policy that came after the token is in force only once the gate has heard of the token too. News of it that came
	// later would make the gate forget what it remembers.
	o.bind(o.policy("followed", allowSchema("followed")), r.group)
	_, err := r.client.until(http.StatusOK, http.MethodGet, "/settings?schema=followed", r.token)
	o.must(err)
	return r
}

func allowSchema(name string) string {
	return fmt.Sprintf("ALLOW settings:objects:read WHERE settings:schemaId = %q;", name)
}

// status asks once.
func (r reading) status(target string) answer {
	r.t.Helper()
	a, err := r.client.ask(http.MethodGet, target, r.token, nil)
	r.must(err)
	return a
}

// expect asks once, and fails unless the answer has this status.
func (r reading) expect(status int, target string) {
	r.t.Helper()
	if a := r.status(target); a.status != status {
		r.t.Errorf("%s: status %d %s, want %d", target, a.status, a.body, status)
	}
}

// settle waits until what was changed so far is in force, which a binding that came last shows.
func (r reading) settle() {
	r.t.Helper()
	r.bind(r.office.policy("settled", allowSchema("settled")), r.group)
	_, err := r.client.until(http.StatusOK, http.MethodGet, "/settings?schema=settled", r.token)
	r.must(err)
}

// Attack: somebody's right is taken away by another process, in any of the ways there are, and the gate goes on answering
// from memory. Invariant: it refuses within the bound.
func TestTakenAwayElsewhere(t *testing.T) {
	ctx, level := t.Context(), pap.AccountLevel(account)
	ways := []struct {
		name string
		take func(r reading) error
	}{
		{"policy edited", func(r reading) error { r.edit(r.policy, "reading", allowSchema("other")); return nil }},
		{"denied", func(r reading) error {
			r.bind(r.office.policy("no", "DENY settings:objects:read;"), r.group)
			return nil
		}},
		{"policy deleted", func(r reading) error { return r.Policies.DeletePolicy(ctx, actor, level, r.policy, true) }},
		{"unbound", func(r reading) error {
			_, err := r.Policies.Unbind(ctx, actor, pap.UnbindRequest{Level: level, Policy: r.policy, Group: r.group})
			return err
		}},
		{"boundary attached", func(r reading) error {
			b, _, err := r.Policies.CreateBoundary(ctx, actor, account, "", pap.BoundaryAttributes{Name: "b", Query: `settings:schemaId = "x";`})
			r.must(err)
			_, err = r.Policies.SetGroupBindings(ctx, actor, level, r.group,
				[]pap.PolicyTerms{{Policy: r.policy, Terms: pap.Terms{Boundaries: []string{b.UUID}}}})
			return err
		}},
		{"boundary edited", func(r reading) error {
			limit := pap.BoundaryAttributes{Name: "b", Query: `settings:schemaId = "open";`}
			b, _, err := r.Policies.CreateBoundary(ctx, actor, account, "", limit)
			r.must(err)
			_, err = r.Policies.SetGroupBindings(ctx, actor, level, r.group,
				[]pap.PolicyTerms{{Policy: r.policy, Terms: pap.Terms{Boundaries: []string{b.UUID}}}})
			r.must(err)
			r.edit(r.policy, "reading", "ALLOW settings:objects:read;")
			r.settle()
			limit.Query = `settings:schemaId = "x";`
			_, err = r.Policies.UpdateBoundary(ctx, actor, account, b.UUID, limit)
			return err
		}},
		{"left the group", func(r reading) error {
			return r.Policies.RemoveFromGroups(ctx, actor, account, reader, []string{r.group})
		}},
		{"group deleted", func(r reading) error { return r.Policies.DeleteGroup(ctx, actor, account, r.group) }},
		{"user deleted", func(r reading) error { return r.Policies.DeleteUser(ctx, actor, account, reader) }},
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			r := newReading(t, "")
			r.expect(http.StatusOK, openSchema)
			r.must(way.take(r))
			committed := time.Now()
			refused, err := r.client.until(http.StatusForbidden, http.MethodGet, openSchema, r.token)
			r.must(err)
			if took := refused.Sub(committed); took > honoured {
				t.Errorf("refused after %v, want at most %v", took, honoured)
			}
		})
	}
}

// A change of a policy is honoured also while other things change without pause: where robots issue tokens all the time,
// which has nothing to do with policies.
//
// Attack: whoever may issue tokens does so in a loop, and no reading of the policies ever finds the store at rest; a right
// that is taken away stays. Invariant: what is not about policies does not delay them.
func TestHonouredWhileTokensAreIssued(t *testing.T) {
	o := newOffice(t)
	c := newCrowd(o, 3) // so many statements that a token is issued while they are read
	g := o.start(scene{})
	_, token := g.Mint("", personal(crowdUser, readAndWrite...))
	asker := newClient(t, g.Addr, 1)
	_, err := asker.until(http.StatusOK, http.MethodGet, "/settings?schema=always", token)
	o.must(err)

	issuer := g.Administration()
	stop, issuedMeanwhile := make(chan struct{}), make(chan int)
	go func() { issuedMeanwhile <- issueUntil(t, issuer.Tokens, stop) }()
	for turn := 1; turn <= 3; turn++ {
		c.turn(turn)
		committed := time.Now()
		inForce, err := asker.until(http.StatusOK, http.MethodGet, "/settings?schema="+turnSchema(turn), token)
		if err != nil {
			t.Error(err)
			break
		}
		t.Logf("in force after %v", inForce.Sub(committed).Round(time.Millisecond))
	}
	close(stop)
	t.Logf("%d tokens were issued meanwhile", <-issuedMeanwhile)
	o.must(issuer.Close())
}

// issueUntil issues tokens one after the other.
func issueUntil(t *testing.T, service *tokens.Service, stop <-chan struct{}) (n int) {
	attributes := personal(reader, readAndWrite...)
	attributes.Name = "robot"
	for {
		select {
		case <-stop:
			return n
		default:
		}
		if _, err := service.Create(t.Context(), actor, tokens.CreateRequest{Attributes: attributes}); err != nil {
			t.Error(err)
			return n
		}
		n++
	}
}

// The store cannot be read. Who is known goes on as before, until what is known of them is too old; then they are told
// that nothing can be decided, and not that they may not.
func TestStoreAway(t *testing.T) {
	const lifetime, staleFor = 100 * time.Millisecond, 1500 * time.Millisecond // as in the cache's options below
	for name, tables := range map[string][]string{
		"memberships": {"memberships"},
		"users":       {"users"},
		"everything":  {"memberships", "users", "tokens", "policies", "bindings", "boundaries", "changes"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReading(t, "cache {\nlifetime 100ms\nstale_for 1500ms\n}")
			loaded := r.status(openSchema) // the groups were read at most a lifetime before
			r.expect(http.StatusForbidden, otherSchema)
			back := r.takeAway(tables...)
			gone := time.Now()
			for {
				a := r.status(openSchema)
				if a.status == http.StatusOK {
					if a.sent.After(gone.Add(staleFor)) {
						t.Fatalf("still permitted %v after the store went", a.sent.Sub(gone))
					}
					continue
				}
				if a.status != http.StatusServiceUnavailable || a.received.Before(loaded.sent.Add(staleFor-lifetime)) {
					t.Errorf("status %d %s after %v, want 503 after %v at least", a.status, a.body, a.received.Sub(loaded.sent), staleFor-lifetime)
				}
				break
			}
			r.expect(http.StatusServiceUnavailable, otherSchema)
			back()
			_, err := r.client.until(http.StatusOK, http.MethodGet, openSchema, r.token)
			r.must(err)
			r.expect(http.StatusForbidden, otherSchema)
		})
	}
}

// Attack: spoil one policy, or the way to the policies, so that the gate starts over with none, or with those it can still
// read, and a denial is lost. Invariant: the running policies stay in force, whole, until all can be read again; then those
// count.
func TestUnreadablePolicies(t *testing.T) {
	for name, spoil := range map[string]func(r reading) (back func()){
		"a text that is no policy": func(r reading) func() {
			r.overwrite("ALLOW settings:objects:read WHERE")
			return func() { r.overwrite(allowSchema("other")) }
		},
		"no bindings": func(r reading) func() {
			r.overwrite(allowSchema("other"))
			return r.takeAway("bindings")
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReading(t, "")
			r.bind(r.office.policy("secret", `DENY settings:objects:read WHERE settings:schemaId = "secret";`), r.group)
			r.edit(r.policy, "reading", allowSchema("open")+allowSchema("secret"))
			r.settle()
			binding := r.bindingOf(r.policy)
			back := spoil(r)
			r.announce("policy", r.policy) // makes the gate read
			r.announce("binding", binding)
			noticed := func() bool { return strings.Contains(r.gate.Logs(), "the ones before stay in force") }
			for deadline := time.Now().Add(10 * time.Second); !noticed() && time.Now().Before(deadline); {
				r.expect(http.StatusOK, openSchema)
			}
			if !noticed() {
				t.Fatal("nothing in the log says that the policies could not be read")
			}
			r.expect(http.StatusOK, openSchema)
			r.expect(http.StatusForbidden, otherSchema)
			r.expect(http.StatusForbidden, "/settings?schema=secret")

			back()
			returned := time.Now()
			granted, err := r.client.until(http.StatusOK, http.MethodGet, otherSchema, r.token)
			r.must(err)
			r.expect(http.StatusForbidden, openSchema)
			r.expect(http.StatusForbidden, "/settings?schema=secret")
			// It is tried again after a second.
			if took := granted.Sub(returned); took > time.Second+honoured {
				t.Errorf("taken up %v after they could be read, want at most %v", took, time.Second+honoured)
			}
		})
	}
}

// takeAway renames tables through a connection of its own, so that every statement about them fails, until back is called.
func (r reading) takeAway(tables ...string) (back func()) {
	r.t.Helper()
	db := r.open()
	rename := func(suffixBefore, suffixAfter string) {
		r.t.Helper()
		for _, table := range tables {
			// Without legacy_alter_table the tables that refer to this one would be changed too.
			_, err := db.ExecContext(r.t.Context(), "PRAGMA legacy_alter_table = ON; ALTER TABLE "+
				table+suffixBefore+" RENAME TO "+table+suffixAfter)
			r.must(err)
		}
	}
	rename("", "_gone")
	return func() { rename("_gone", "") }
}

// overwrite gives the reading's policy a text that nobody has checked, and tells nobody.
func (r reading) overwrite(text string) {
	r.t.Helper()
	_, err := r.open().ExecContext(r.t.Context(), "UPDATE policies SET statement = ? WHERE uuid = ?", text, r.policy)
	r.must(err)
}

// announce writes that something has changed, as whoever changes it does.
func (r reading) announce(kind, id string) {
	r.t.Helper()
	db := r.open()
	for _, statement := range []string{
		"UPDATE store_state SET revision = revision + 1",
		"INSERT INTO changes (revision, kind, id) SELECT revision, '" + kind + "', '" + id + "' FROM store_state",
	} {
		_, err := db.ExecContext(r.t.Context(), statement)
		r.must(err)
	}
}

// bindingOf is a binding of a policy.
func (r reading) bindingOf(policy string) (id string) {
	r.t.Helper()
	r.must(r.open().QueryRowContext(r.t.Context(), "SELECT id FROM bindings WHERE policy_uuid = ?", policy).Scan(&id))
	return id
}

// open opens the store's file as another program does.
func (r reading) open() *sql.DB {
	r.t.Helper()
	db, err := sql.Open("sqlite", r.database+"?_pragma=busy_timeout(5000)")
	r.must(err)
	r.t.Cleanup(func() { _ = db.Close() })
	return db
}
