package tokenapi_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/internal/seal"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/tokenapi"
	"github.com/doorward/doorward/tokens/tokenstest"
)

// learnTenants names the tenant tokens of an answer in the order in which they show up.
func (s *story) learnTenants(body []byte) {
	var answer struct {
		TenantToken string
		Active, Old struct{ Value string }
	}
	_ = json.Unmarshal(body, &answer) // a list or a text has none
	for _, text := range []string{answer.Old.Value, answer.Active.Value, answer.TenantToken} {
		n := 1
		for ; s.values[tenantName(n)] != "" && s.values[tenantName(n)] != text; n++ {
		}
		if text != "" {
			s.values[tenantName(n)] = text
		}
	}
}

func tenantName(n int) string { return fmt.Sprintf("<tenant %d>", n) }

// Attack: the audit log, which more people read than may have the tenant token, is searched for it. Fix: events say what
// was done and to which environment. Invariant: no text of a tenant token in any event, and none in the store in clear.
func TestTenantTokensStayOutOfTheTrail(t *testing.T) {
	d := newDesk(t)
	var texts []string
	for _, step := range []string{"start", "cancel", "start", "finish"} {
		var answer struct{ Active, Old struct{ Value string } }
		body := d.want(200, "admin", "POST", "/api/v2/tenantTokenRotation/"+step, "")
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, answer.Active.Value, answer.Old.Value)
	}
	stored, err := d.store.TenantToken(t.Context(), "prod")
	if err != nil {
		t.Fatal(err)
	}
	kept := fmt.Sprint(d.store.Events()) + string(stored.Active) + string(stored.Old)
	for _, text := range texts {
		if text != "" && (len(text) != 32 || strings.Contains(kept, text)) {
			t.Error("a tenant token is in the audit trail, in the store, or has the wrong length")
		}
	}
}

// TestTenantOfAnotherEnvironment: each environment has a token of its own and a rotation of its own.
func TestTenantOfAnotherEnvironment(t *testing.T) {
	d := newDesk(t)
	const path = "/api/v1/deployment/installer/gateway/connectioninfo"
	prod, elsewhere := d.want(200, "admin", "GET", path, ""), d.want(200, "stranger", "GET", path, "")
	if prod == elsewhere || !strings.Contains(elsewhere, `"tenantUUID":"elsewhere"`) {
		t.Error("two environments have one tenant token")
	}
	d.want(200, "admin", "POST", "/api/v2/tenantTokenRotation/start", "")
	if body := d.want(200, "stranger", "GET", "/api/v2/tenantTokenRotation/status", ""); body != `{"status":"INACTIVE"}` {
		t.Error(body)
	}
	d.want(400, "stranger", "POST", "/api/v2/tenantTokenRotation/finish", "")
	if after := d.want(200, "stranger", "GET", path, ""); after != elsewhere {
		t.Error("a rotation has reached another environment")
	}
}

// TestFirstTenantTokenIsOne: of agents that ask at the same time for a token that is yet to be made, all get the same one.
func TestFirstTenantTokenIsOne(t *testing.T) {
	d := newDesk(t)
	answers := make([]string, 16)
	var wait sync.WaitGroup
	for i := range answers {
		wait.Go(func() {
			answers[i] = d.call("admin", "GET", "/api/v1/deployment/installer/agent/connectioninfo", "").Body.String()
		})
	}
	wait.Wait()
	for _, answer := range answers {
		if answer != answers[0] || !strings.Contains(answer, "tenantToken") {
			t.Fatal("two answers differ")
		}
	}
	if events := d.store.Events(); len(events) != 1 || events[0].Action != "tenanttoken.create" {
		t.Errorf("%d events", len(events))
	}
}

// TestWithoutEncryptionKey: what has to be shown again is not kept in clear, so without a key it is not kept at all.
func TestWithoutEncryptionKey(t *testing.T) {
	d := newDesk(t)
	store := &tokenstest.Memory{}
	config := tokenapi.Config{Tokens: d.service, Tenants: tokens.NewTenants(tokens.TenantsConfig{Store: store, Now: d.clock}), Now: d.clock}
	for _, o := range tokenapi.Operations(config) {
		if !strings.Contains(o.Path, "tenantTokenRotation") && !strings.HasSuffix(o.Path, "/connectioninfo") {
			continue
		}
		r := httptest.NewRequest(o.Method, o.Path, nil)
		err := o.Serve(httptest.NewRecorder(), &rest.Call{Request: r, Caller: d.callers["admin"]})
		if e := rest.Of(err); err == nil || e.Status != 503 || e.RetryAfter == 0 {
			t.Errorf("%s %s: %v", o.Method, o.Path, err)
		}
	}
	if len(store.Events()) != 0 {
		t.Error("something was stored")
	}
}

// TestSeveralEndpoints: the agents' form has semicolons, that of ActiveGates commas, and the order is kept.
func TestSeveralEndpoints(t *testing.T) {
	d := newDesk(t)
	config := tokenapi.Config{Tokens: d.service, Tenants: d.tenants(), Now: d.clock, Endpoints: func(base string) []string {
		return []string{"https://b.example.org:9999/communication", base + "/communication"}
	}}
	got := map[string]string{}
	for _, o := range tokenapi.Operations(config) {
		if strings.Contains(o.Path, "/connectioninfo") {
			w := httptest.NewRecorder()
			c := &rest.Call{Request: httptest.NewRequest(o.Method, o.Path, nil), Caller: d.callers["admin"], BaseURL: "https://a.example.org"}
			if err := o.Serve(w, c); err != nil {
				t.Fatal(err)
			}
			got[strings.TrimPrefix(o.Path, "/api/v1/deployment/installer/")] = w.Body.String()
		}
	}
	const b, a = "https://b.example.org:9999/communication", "https://a.example.org/communication"
	for path, want := range map[string]string{
		"agent/connectioninfo":           `"communicationEndpoints":["` + b + `","` + a + `"],"formattedCommunicationEndpoints":"` + b + `;` + a + `"}`,
		"agent/connectioninfo/endpoints": b + ";" + a,
		"gateway/connectioninfo":         `"communicationEndpoints":"` + b + `,` + a + `"}`,
	} {
		if !strings.HasSuffix(got[path], want) {
			t.Errorf("%s: no %s", path, want)
		}
	}
}

// tenants is the part of the desk that keeps tenant tokens, over a store of its own.
func (d *desk) tenants() *tokens.Tenants {
	sealer, err := seal.New(make([]byte, seal.KeySize))
	if err != nil {
		d.t.Fatal(err)
	}
	return tokens.NewTenants(tokens.TenantsConfig{Store: &tokenstest.Memory{}, Sealer: sealer, Random: d, Now: d.clock})
}
