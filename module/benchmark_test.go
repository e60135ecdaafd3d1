package module

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/scope"
)

// unitGate is a gate over a real store, without a running Caddy.
type unitGate struct {
	*gate
	service *tokens.Service
}

func testGate(t testing.TB) unitGate {
	t.Helper()
	g, release, err := acquireGate(gateConfig{Store: "sqlite:" + filepath.Join(t.TempDir(), "doorward.db")}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := release(); err != nil {
			t.Error(err)
		}
	})
	return unitGate{g, serviceOf(t, g.store)}
}

func serviceOf(t testing.TB, s store.Store) *tokens.Service {
	t.Helper()
	formats, err := tokenFormats(nil)
	if err != nil {
		t.Fatal(err)
	}
	scopes, err := scope.NewCatalog(scope.Scope{Value: "metrics.read", Creatable: true}, scope.Scope{Value: "logs.read", Creatable: true})
	if err != nil {
		t.Fatal(err)
	}
	return tokens.NewService(tokens.ServiceConfig{Store: s, Formats: formats, Scopes: scopes})
}

func (g unitGate) mint(t testing.TB, scopes ...string) (id, text string) {
	t.Helper()
	created, err := g.service.Create(t.Context(), "test", tokens.CreateRequest{
		Attributes: tokens.Attributes{Name: "unit", Owner: "alice@example.com", Environment: DefaultEnvironment, Scopes: scopes},
	})
	if err != nil {
		t.Fatal(err)
	}
	return created.Record.ID, created.Secret.Reveal()
}

func (g unitGate) disable(t testing.TB, id string) {
	t.Helper()
	if err := g.service.SetEnabled(t.Context(), "test", id, false); err != nil {
		t.Fatal(err)
	}
}

// verifiedExchange is a request up to and with verifyPrincipal, which must succeed.
func verifiedExchange(t testing.TB, h *Handler, token string) *exchange {
	t.Helper()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://a.test/", nil)
	r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), nil, nil)
	x := &exchange{h: h, r: r, now: h.now(), environment: DefaultEnvironment}
	x.credential = tokens.Credential{Scheme: tokens.APIToken, Text: token}
	if !x.verifyPrincipal() {
		t.Fatalf("refused: %s %v", x.refusal, x.fault)
	}
	return x
}

// benchmarkHandler is provisioned as in a config with nothing in it but a store, and with a log that goes nowhere.
func benchmarkHandler(b testing.TB) (*Handler, unitGate) {
	b.Helper()
	app, _ := json.Marshal(App{
		Store:                 "sqlite:" + filepath.Join(b.TempDir(), "doorward.db"),
		FailedAuthentications: &FailedAuthentications{Off: true}, // what is measured are refusals, and not the limit on them
	})
	ctx, err := caddy.ProvisionContext(&caddy.Config{
		Admin:   &caddy.AdminConfig{Disabled: true},
		AppsRaw: caddy.ModuleMap{"doorward": app},
		Logging: &caddy.Logging{Logs: map[string]*caddy.CustomLog{
			"default": {BaseLog: caddy.BaseLog{WriterRaw: json.RawMessage(`{"output":"discard"}`)}},
		}},
	})
	if err != nil {
		b.Fatal(err)
	}
	h := new(Handler)
	if err := h.Provision(ctx); err != nil {
		b.Fatal(err)
	}
	loaded, err := ctx.App("doorward")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = loaded.(*App).Cleanup() })
	return h, unitGate{h.gate, serviceOf(b, h.gate.store)}
}

// benchmarkRequest is one request that is sent over and over: what the gate changes about it is put back each time.
type benchmarkRequest struct {
	r             *http.Request
	w             *discard
	authorization []string
	replacer      *caddy.Replacer
	fresh         caddy.Replacer
	identity      [identityHeaderCount]string
}

func newBenchmarkRequest(h *Handler, token string) *benchmarkRequest {
	s := &benchmarkRequest{
		w: &discard{header: http.Header{}}, authorization: []string{"Api-Token " + token},
		replacer: caddy.NewReplacer(), identity: h.identityNames,
	}
	r, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://a.test/api/v2/metrics/query?metricSelector=cpu", nil)
	r.Header = http.Header{
		"Accept": {"application/json"}, "Accept-Encoding": {"gzip"}, "User-Agent": {"client/1.0"},
		"X-Request-Id": {"0123456789"}, "Content-Type": {"application/json"},
	}
	r.RemoteAddr = "127.0.0.1:1234"
	s.r = caddyhttp.PrepareRequest(r, s.replacer, s.w, nil)
	s.fresh = *s.replacer // as a server hands it over: with the placeholders of HTTP, and room for more
	return s
}

func (s *benchmarkRequest) reset() {
	s.r.Header["Authorization"] = s.authorization
	for _, name := range s.identity {
		delete(s.r.Header, name)
	}
	clear(s.w.header)
	*s.replacer = s.fresh
}

// discard is a ResponseWriter that remembers the status alone.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }

// answerNothing is the next handler: it has an empty answer of known length.
var answerNothing = caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
	w.Header()["Content-Length"] = noBytes
	w.WriteHeader(http.StatusOK)
	return nil
})

var noBytes = []string{"0"}

func BenchmarkCanonicalise(b *testing.B) {
	for _, test := range []struct{ name, path string }{
		{"plain", "/api/v2/metrics/query"},
		{"long", "/api/v2/environments/abc12345/settings/objects/vu9U3hXa3q0AAAABABhidWlsdGluOm1hbmFnZW1lbnQtem9uZXM"},
		{"escaped", "/api/v2/entities/HOST%20NAME/t%C3%A4gs"},
	} {
		b.Run(test.name, func(b *testing.B) {
			u, err := url.Parse(test.path)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := canonicalise(u); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkHeaderFates(b *testing.B) {
	fates := newHeaderFates(defaultIdentityHeaders)
	names := []string{
		"Accept", "Accept-Encoding", "Accept-Language", "Cache-Control", "Content-Type", "Cookie", "Referer", "Sec-Fetch-Mode",
		"User-Agent", "X-Forwarded-For", "X-Doorward-User", "X_Doorward_User",
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, name := range names {
			_ = fates.of(name)
		}
	}
}
