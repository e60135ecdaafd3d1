package module_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/doorward/doorward/module/moduletest"
)

// collector takes spans over OTLP as a tracing system does. Texts stand in the messages as they are, so nothing has to be decoded
// to see that one is there, or that one is not.
type collector struct {
	mu       sync.Mutex
	received strings.Builder
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.received.WriteString(r.URL.Path)
	c.received.Write(body)
	w.WriteHeader(http.StatusOK)
}

func (c *collector) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.received.String()
}

// Caddy's own directive is all that has to be in the config.
//
// Attack: spans leave the machine, and whoever reads them looks for credentials. Invariant: there is neither the text of a token
// nor a part of its secret in them, be it sent in the header, in the path or in the query.
func TestTracing(t *testing.T) {
	var c collector
	server := httptest.NewServer(&c)
	defer server.Close()
	for name, value := range map[string]string{
		"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_ENDPOINT": server.URL,
	} {
		t.Setenv(name, value)
	}
	g := moduletest.Start(t, strings.Replace(plainSite, "\tdoorward\n", "\ttracing {\n\t\tspan gateway\n\t}\n\tdoorward\n", 1))
	_, token := g.MintScopes("metrics.read")
	if got := status(t, g, token); got != http.StatusOK {
		t.Fatalf("status %d, want 200", got)
	}
	send(t, g, "GET", "/api/v2/apiTokens/"+token+"?api-token="+token, "Authorization: Api-Token "+token)
	g.Load(plainSite) // what is not sent yet is sent when nobody traces any more
	eventually(t, "the spans have come", func() bool { return strings.Contains(c.text(), "doorward remote") })
	text := c.text()
	for _, want := range []string{
		"/v1/traces", "gateway", "doorward target", "doorward credential", "doorward principal", "doorward endpoint", "doorward scopes",
		"doorward policies", "doorward.reason", "allowed", "doorward.endpoint", "GET /api/v2/metrics/query", "ambiguous_credentials",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the spans lack %q", want)
		}
	}
	secret := token[strings.LastIndexByte(token, '.')+1:]
	for begin := 0; begin+16 <= len(secret); begin += 8 {
		if strings.Contains(text, secret[begin:begin+16]) {
			t.Fatal("a part of the secret is in the spans")
		}
	}
}
