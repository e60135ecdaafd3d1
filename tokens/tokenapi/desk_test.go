package tokenapi_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
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
	"github.com/doorward/doorward/internal/seal"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/scope"
	"github.com/doorward/doorward/tokens/tokenapi"
	"github.com/doorward/doorward/tokens/tokenstest"
)

// start is when every desk opens.
var start = time.Date(2026, time.March, 31, 13, 45, 30, 123_000_000, time.UTC)

// desk serves the whole API over a store in memory, to callers that have passed a gate. It is safe for concurrent use.
type desk struct {
	t       testing.TB
	store   *tokenstest.Memory
	service *tokens.Service
	mux     *http.ServeMux
	callers map[string]rest.Caller

	mu     sync.Mutex
	now    time.Time
	random *rand.ChaCha8
}

// grants are the permissions that the policies of users give.
var grants = map[string][]string{
	"viewer@example.org":  {"environment:roles:viewer"},
	"manager@example.org": {"environment:roles:viewer", "environment:roles:manage-settings", "environment-api:metrics:read"},
	"robot":               {"storage:metrics:read"},
}

func newDesk(t testing.TB) *desk {
	d := &desk{t: t, store: &tokenstest.Memory{}, mux: http.NewServeMux(), now: start, random: rand.NewChaCha8([32]byte{1})}
	formats, err := tokens.NewFormats()
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := seal.New(bytes.Repeat([]byte{7}, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	d.service = tokens.NewService(tokens.ServiceConfig{Store: d.store, Formats: formats, Scopes: catalog(t), Random: d, Now: d.clock})
	config := tokenapi.Config{
		Tokens:    d.service,
		Tenants:   tokens.NewTenants(tokens.TenantsConfig{Store: d.store, Sealer: sealer, Random: d, Now: d.clock}),
		Now:       d.clock,
		Endpoints: func(base string) []string { return []string{base + "/communication"} },
	}
	for _, o := range slices.Concat(tokenapi.Operations(config), tokenapi.PlatformOperations(config)) {
		d.mux.HandleFunc(o.Method+" "+o.Path, func(w http.ResponseWriter, r *http.Request) { d.serve(w, r, o) })
	}
	d.hire(formats)
	return d
}

// catalog has scopes of every kind there is.
func catalog(t testing.TB) *scope.Catalog {
	all := []scope.Scope{
		{Value: "apiTokens.read", Creatable: true, Personal: true, OAuth: []string{"environment-api:api-tokens:read"}},
		{Value: "apiTokens.write", Creatable: true, Personal: true, OAuth: []string{"environment-api:api-tokens:write"}},
		{Value: "metrics.read", Creatable: true, Personal: true, OAuth: []string{"environment-api:metrics:read"}},
		{Value: "events.read", Creatable: true, Personal: true},
		{Value: "logs.ingest", Creatable: true},
		{Value: "InstallerDownload", Creatable: true},
		{Value: "TenantTokenManagement", Creatable: true},
		{Value: "ViewReport"},
		{Value: "NodeControl", Cluster: true},
	}
	c, err := scope.NewCatalog(all...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// hire makes the callers, each with a token in the store.
func (d *desk) hire(formats *tokens.Formats) {
	d.callers = map[string]rest.Caller{
		"admin":    {Administrator: true, Scopes: []string{"TenantTokenManagement", "apiTokens.read", "apiTokens.write"}},
		"clerk":    {User: "clerk@example.org", Scopes: []string{"apiTokens.read", "apiTokens.write", "metrics.read"}},
		"person":   {User: "viewer@example.org", Personal: true, ActsForUser: true, Scopes: []string{"apiTokens.read", "apiTokens.write", "metrics.read"}},
		"manager":  {User: "manager@example.org", ActsForUser: true, Scopes: []string{"apiTokens.read", "apiTokens.write", "events.read"}},
		"bearer":   {Kind: "jwt", User: "viewer@example.org", ActsForUser: true, Scopes: []string{"platform-token:tokens:manage", "storage:logs:read"}},
		"robot":    {User: "robot", Kind: "dt0s16", ActsForUser: true, Scopes: []string{"platform-token:tokens:manage"}},
		"stranger": {Environment: "elsewhere", Administrator: true, Scopes: []string{"apiTokens.read", "apiTokens.write"}},
	}
	for name, caller := range d.callers {
		if caller.Environment == "" {
			caller.Environment = "prod"
		}
		caller.TokenName, caller.Kind, caller.Address = name, cmp.Or(caller.Kind, "dt0c01"), "192.0.2.1"
		presented, err := formats.Parse(secretOf(name))
		if err != nil {
			d.t.Fatal(err)
		}
		caller.TokenID = presented.ID
		d.callers[name] = caller
		if caller.Kind != "dt0c01" {
			continue // is in no store, or not looked for there
		}
		d.store.Put(tokens.Record{
			ID: presented.ID, Digest: presented.Digest(), Name: name, Owner: caller.User, Environment: caller.Environment, Personal: caller.Personal,
			Administrator: caller.Administrator, Enabled: true, Scopes: caller.Scopes, Created: start.Add(-24 * time.Hour),
		})
	}
}

// secretOf is the whole text of a caller's token.
func secretOf(caller string) string {
	public := strings.ToUpper(caller)
	return "dt0c01." + public + strings.Repeat("2", 24-len(public)) + "." + strings.Repeat(public[:1], 64)
}

func (d *desk) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *desk) wait(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

// Read gives random bytes that are the same in every run.
func (d *desk) Read(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.random.Read(b)
}

// serve is what the gate does around an operation.
func (d *desk) serve(w http.ResponseWriter, r *http.Request, o rest.Operation) {
	name := r.Header.Get("Caller")
	caller := d.callers[name]
	ctx := audit.WithOrigin(r.Context(), audit.Origin{Environment: caller.Environment, Address: caller.Address})
	err := o.Serve(w, &rest.Call{
		Request: r.WithContext(ctx), Caller: caller, Account: "acme", BaseURL: "https://gate.example.org", Param: r.PathValue,
		Reaches: func(environment string) bool {
			return environment == caller.Environment || name == "bearer" && environment == "test"
		},
		Permits: func(_ context.Context, permission string) (bool, error) {
			return caller.ActsForUser && slices.Contains(grants[caller.User], permission), nil
		},
	})
	if err != nil {
		rest.WriteError(w, rest.Envelope, rest.Of(err))
	}
}

// call asks the desk and gives status and body. No answer may be kept by a cache.
func (d *desk) call(caller, method, target, body string, header ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Caller", caller)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	d.mux.ServeHTTP(w, r)
	if w.Header().Get("Cache-Control") != "no-store" {
		d.t.Errorf("%s %s: a cache may keep the answer", method, tokens.Mask(target))
	}
	return w
}

// want calls and expects a status.
func (d *desk) want(status int, caller, method, target, body string, header ...string) string {
	d.t.Helper()
	w := d.call(caller, method, target, body, header...)
	if w.Code != status {
		d.t.Fatalf("%s %s: %d, want %d: %s", method, tokens.Mask(target), w.Code, status, tokens.Mask(w.Body.String()))
	}
	return w.Body.String()
}

// noSecrets holds the audit trail against the secrets that were given out or sent.
func (d *desk) noSecrets(secrets ...string) {
	d.t.Helper()
	events := fmt.Sprint(d.store.Events())
	for _, secret := range secrets {
		if _, hidden, ok := strings.Cut(secret[len("dt0c01."):], "."); ok && strings.Contains(events, hidden) {
			d.t.Error("the audit trail has a secret in it")
		}
	}
}

var _ io.Reader = (*desk)(nil)
