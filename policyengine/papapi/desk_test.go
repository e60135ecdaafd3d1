package papapi_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/policyengine/pap/paptest"
	"github.com/doorward/doorward/policyengine/papapi"
)

const (
	account     = "12a34567-8901-42bc-93d4-5e6f7a8b9012"
	foreign     = "98b76543-2109-4cba-8d4e-6f7a8b9c0d1e"
	environment = "my_environment_id"
)

var now = time.Date(2026, time.November, 22, 10, 0, 0, 345_000_000, time.UTC)

// estate has two accounts. The first has two environments.
type estate struct{}

func (estate) Accounts() []papapi.Account {
	return []papapi.Account{{ID: account, Name: "Example"}, {ID: foreign, Name: "Foreign"}}
}

func (estate) EnvironmentsOf(id string) []papapi.Environment {
	switch id {
	case account:
		return []papapi.Environment{
			{ID: environment, Name: "Production", URL: "https://my_environment_id.example.com", Active: true},
			{ID: "staging", Name: "Staging", URL: "https://staging.example.com"},
		}
	case foreign:
		return []papapi.Environment{{ID: "elsewhere", Name: "Elsewhere", Active: true}}
	}
	return nil
}

func (e estate) AccountOf(id string) (string, bool) {
	for _, a := range e.Accounts() {
		if slices.ContainsFunc(e.EnvironmentsOf(a.ID), func(e papapi.Environment) bool { return e.ID == id }) {
			return a.ID, true
		}
	}
	return "", false
}

// desk serves the whole API over a store in memory, to callers that have passed a gate. It is safe for concurrent use.
type desk struct {
	*pap.Service
	t       testing.TB
	store   *paptest.Memory
	mux     *http.ServeMux
	settled int

	mu     sync.Mutex
	random *rand.ChaCha8
}

func newDesk(t testing.TB, change ...func(*pap.ServiceConfig)) *desk {
	t.Helper()
	d := &desk{t: t, store: &paptest.Memory{}, mux: http.NewServeMux(), random: rand.NewChaCha8([32]byte{1})}
	config := pap.ServiceConfig{
		Store: d.store, Random: d, Now: func() time.Time { return now },
		Mask: func(text string) string { return strings.ReplaceAll(text, "SECRET", "***") },
	}
	for _, f := range change {
		f(&config)
	}
	d.Service = pap.NewService(config)
	settle := func(context.Context) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.settled++
	}
	for _, o := range papapi.Operations(papapi.Config{Service: d.Service, Environments: estate{}, Resolve: d.resolve, Settle: settle}) {
		d.mux.HandleFunc(o.Method+" "+o.Path, func(w http.ResponseWriter, r *http.Request) { d.serve(w, r, o) })
	}
	return d
}

// Read gives random bytes that are the same in every run.
func (d *desk) Read(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.random.Read(b)
}

// serve is what the gate does around an operation.
func (d *desk) serve(w http.ResponseWriter, r *http.Request, o rest.Operation) {
	call := &rest.Call{
		Request: r.WithContext(audit.WithOrigin(r.Context(), audit.Origin{Address: "192.0.2.1"})), Account: account, Param: r.PathValue,
		Caller: rest.Caller{TokenID: "dt0s02.ADMIN", Kind: "dt0s02", User: "bob@example.org", Environment: environment, ActsForUser: true},
	}
	if r.Header.Get("Caller") == "stranger" {
		call.Account = foreign
	}
	if err := o.Serve(w, call); err != nil {
		rest.WriteError(w, rest.Envelope, rest.Of(err))
	}
}

func (d *desk) call(caller, method, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Caller", caller)
	r.Header.Set("Content-Type", "application/json") // sent with every method, by some clients
	w := httptest.NewRecorder()
	d.mux.ServeHTTP(w, r)
	if w.Header().Get("Cache-Control") != "no-store" {
		d.t.Errorf("%s %s: %d, and a cache may keep the answer", method, target, w.Code)
	}
	return w
}

// want calls as the administrator and expects a status.
func (d *desk) want(status int, method, target, body string) string {
	d.t.Helper()
	w := d.call("admin", method, target, body)
	if w.Code != status {
		d.t.Fatalf("%s %s: %d, want %d: %s", method, target, w.Code, status, w.Body)
	}
	return w.Body.String()
}

// resolve decides by the policies of the caller, as the gate does.
func (d *desk) resolve(ctx context.Context, call *rest.Call, q papapi.Question) (papapi.Grant, error) {
	v, err := d.ask(ctx, call.Caller.User, q)
	switch {
	case err != nil:
		return papapi.Refused, err
	case v.Allow:
		return papapi.Granted, nil
	case len(v.Missing) > 0:
		return papapi.Conditional, nil
	}
	return papapi.Refused, nil
}

func (d *desk) ask(ctx context.Context, user string, q papapi.Question) (policyengine.Verdict, error) {
	groups, err := d.GroupsOf(ctx, user)
	if err != nil {
		return policyengine.Verdict{}, err
	}
	statements, err := d.Statements(ctx, groups, account, environment)
	if err != nil {
		return policyengine.Verdict{}, err
	}
	set, err := policyengine.Compile(statements)
	if err != nil {
		return policyengine.Verdict{}, err
	}
	r := policyengine.Request{
		Permission: q.Permission, Account: account, Environment: environment, Now: now,
		Subject: policyengine.Subject{User: user, Groups: groups},
	}
	for name, values := range q.Attributes {
		r.Attributes = append(r.Attributes, policyengine.Attribute{Name: name, Values: values, Known: true})
	}
	return set.Decide(ctx, r)
}

// statements are what groups may do in the environment.
func (d *desk) statements(groups ...string) string {
	d.t.Helper()
	bound, err := d.Statements(d.t.Context(), groups, account, environment)
	if err != nil {
		d.t.Fatal(err)
	}
	return fmt.Sprint(bound)
}

func (d *desk) group(name string) string {
	d.t.Helper()
	g, err := d.CreateGroup(d.t.Context(), "ann", account, pap.GroupAttributes{Name: name})
	if err != nil {
		d.t.Fatal(err)
	}
	return g.UUID
}

func (d *desk) policy(name, statement string) string {
	d.t.Helper()
	p, _, err := d.CreatePolicy(d.t.Context(), "ann", pap.AccountLevel(account), "", pap.PolicyAttributes{Name: name, Statement: statement})
	if err != nil {
		d.t.Fatal(err)
	}
	return p.UUID
}
