package oauth2_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/rest"
)

const clientsPath = "/iam/v1/accounts/" + account + "/oauth2-clients"

func (o *office) json(method, path, body string) *httptest.ResponseRecorder {
	o.t.Helper()
	return o.send(method, path, http.Header{"Content-Type": {"application/json"}}, body)
}

// decoded is a JSON object, with a status to go with it.
func decoded(t testing.TB, w *httptest.ResponseRecorder, status int) (object map[string]any) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &object); err != nil || w.Code != status {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return object
}

// TestClientStory is the life of a client over HTTP.
func TestClientStory(t *testing.T) {
	o := newOffice(t)
	body := `{"name":"ci","description":"builds","owner":"Ann@example.org","scopes":["iam:policies:read","account-idm-read"],"enabled":null}`
	created := decoded(t, o.json(http.MethodPost, clientsPath, body), http.StatusCreated)
	id, _ := created["clientId"].(string)
	secret, _ := created["clientSecret"].(string)
	delete(created, "clientSecret")
	want := map[string]any{
		"clientId": id, "name": "ci", "description": "builds", "owner": owner, "accountUuid": account,
		"scopes": []any{"account-idm-read", "iam:policies:read"}, "enabled": true, "createdAt": "2026-11-22T12:00:00.700Z",
		"updatedAt": nil, "lastUsedAt": nil, "oldSecretValidUntil": nil,
	}
	same(t, want, created)
	same(t, want, decoded(t, o.json(http.MethodGet, clientsPath+"/"+id, ""), http.StatusOK))
	same(t, map[string]any{"count": 1.0, "items": []any{want}}, decoded(t, o.json(http.MethodGet, clientsPath, ""), http.StatusOK))
	if w := o.form("/sso/oauth2/token", basic(id, secret), "grant_type=client_credentials"); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}

	o.now = start.Add(time.Minute)
	rotated := decoded(t, o.json(http.MethodPost, clientsPath+"/"+id+"/rotate", `{"overlapSeconds":60,"revokeTokens":true}`), http.StatusOK)
	if rotated["clientSecret"] == secret || rotated["oldSecretValidUntil"] != "2026-11-22T12:02:00.700Z" {
		t.Errorf("rotated: valid until %v", rotated["oldSecretValidUntil"])
	}
	rotated = decoded(t, o.send(http.MethodPost, clientsPath+"/"+id+"/rotate", nil, ""), http.StatusOK)
	again, _ := rotated["clientSecret"].(string)
	if rotated["oldSecretValidUntil"] != nil || len(again) != len(secret) {
		t.Error("rotated without a body")
	}
	want["name"], want["enabled"], want["updatedAt"], want["lastUsedAt"] = "nightly", false, "2026-11-22T12:01:00.700Z", "2026-11-22T12:00:00.700Z"
	same(t, want, decoded(t, o.json(http.MethodPut, clientsPath+"/"+id, `{"name":"nightly","enabled":false}`), http.StatusOK))
	if w := o.json(http.MethodDelete, clientsPath+"/"+id, ""); w.Code != http.StatusNoContent || w.Body.Len() > 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		if w := o.json(method, clientsPath+"/"+id, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d %s", method, w.Code, w.Body)
		}
	}
	same(t, map[string]any{"count": 0.0, "items": []any{}}, decoded(t, o.json(http.MethodGet, clientsPath, ""), http.StatusOK))
	var actions []string
	for _, e := range o.store.Events() {
		if e.Actor == "dt0c01.ADMIN" && e.Object == id {
			actions = append(actions, e.Action)
		}
	}
	same(t, []string{"oauthclient.create", "oauthclient.rotate", "oauthclient.rotate", "oauthclient.update", "oauthclient.delete"}, actions)
	o.answers = nil // they had secrets, for once
	o.leaks(secret[len(id)+1:], again[len(id)+1:])
}

// Attack: with the right to administer clients, but no administrator, get a client that may do more than oneself: make it,
// change it, or take over its secret; or reach into another account. Invariant: refused, and nothing changed.
func TestNoDelegationOfMore(t *testing.T) {
	o := newOffice(t)
	hers, broad := o.client(account, "account-idm-read"), o.client(account)
	foreign := o.client(otherAccount)
	her := rest.Caller{TokenID: "dt0c01.HERS", User: owner, Scopes: []string{"account-idm-read"}}
	path := func(id string) string { return clientsPath + "/" + id }
	before := len(o.store.Changes())
	for name, tt := range map[string]struct {
		caller       rest.Caller
		method, path string
		body         string
		status       int
		want         string
	}{
		"create, more scopes":     {her, "POST", clientsPath, `{"name":"a","scopes":["account-idm-read","account-idm-write"]}`, 403, "You cannot delegate more than you hold: the scope account-idm-write."},
		"create, other owner":     {her, "POST", clientsPath, `{"name":"a","owner":"bob@example.org","scopes":["account-idm-read"]}`, 403, "somebody else than you"},
		"create, for nobody":      {rest.Caller{TokenID: "x", Scopes: nine}, "POST", clientsPath, `{"name":"a","owner":"bob@example.org","scopes":["account-idm-read"]}`, 403, "somebody else"},
		"create, no such scope":   {her, "POST", clientsPath, `{"name":"a","scopes":["nosuch"]}`, 400, `"path":"scopes[0]"`},
		"create, disabled":        {her, "POST", clientsPath, `{"name":"a","enabled":false,"scopes":["account-idm-read"]}`, 400, "A new client is enabled"},
		"create, wrong type":      {her, "POST", clientsPath, `{"name":1}`, 400, "Expected a text"},
		"create, twice":           {her, "POST", clientsPath, `{"name":"a","name":"b"}`, 400, "there twice"},
		"update, more scopes":     {her, "PUT", path(hers.Client.ID), `{"scopes":["account-idm-read","account-idm-write"]}`, 403, "more than you hold"},
		"update, other owner":     {her, "PUT", path(hers.Client.ID), `{"owner":"bob@example.org"}`, 403, "somebody else"},
		"update, take over":       {her, "PUT", path(broad.Client.ID), `{"owner":"eve@example.org"}`, 403, "somebody else"},
		"rotate, broader":         {her, "POST", path(broad.Client.ID) + "/rotate", ``, 403, "more than you hold"},
		"rotate, somebody else's": {rest.Caller{User: "bob@example.org", Scopes: nine}, "POST", path(hers.Client.ID) + "/rotate", ``, 403, "somebody else"},
		"rotate, long overlap":    {her, "POST", path(hers.Client.ID) + "/rotate", `{"overlapSeconds":9223372036854775807}`, 400, "Expected a number from 0 to"},
		"foreign client":          {o.caller, "GET", path(foreign.Client.ID), ``, 404, "no such OAuth2 client"},
		"foreign client, delete":  {o.caller, "DELETE", path(foreign.Client.ID), ``, 404, "no such OAuth2 client"},
		"foreign client, rotate":  {o.caller, "POST", path(foreign.Client.ID) + "/rotate", ``, 404, "no such OAuth2 client"},
		"foreign account":         {o.caller, "GET", "/iam/v1/accounts/" + otherAccount + "/oauth2-clients", ``, 403, "not one that you may administer"},
		"foreign account, create": {o.caller, "POST", "/iam/v1/accounts/" + otherAccount + "/oauth2-clients", `{}`, 403, "not one that you may administer"},
		"foreign account, delete": {o.caller, "DELETE", "/iam/v1/accounts/" + otherAccount + "/oauth2-clients/" + foreign.Client.ID, ``, 403, "not one that"},
		"foreign account, change": {o.caller, "PUT", "/iam/v1/accounts/" + otherAccount + "/oauth2-clients/" + foreign.Client.ID, `{}`, 403, "not one that"},
		"foreign account, show":   {o.caller, "GET", "/iam/v1/accounts/" + otherAccount + "/oauth2-clients/" + foreign.Client.ID, ``, 403, "not one that"},
		"foreign account, rotate": {o.caller, "POST", "/iam/v1/accounts/" + otherAccount + "/oauth2-clients/" + foreign.Client.ID + "/rotate", ``, 403, "not one that"},
	} {
		t.Run(name, func(t *testing.T) {
			o := *o
			o.t, o.caller = t, tt.caller
			if w := o.json(tt.method, tt.path, tt.body); w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	if after := len(o.store.Changes()); after != before {
		t.Errorf("%d changes", after-before)
	}
	o.caller = her
	decoded(t, o.json(http.MethodPost, clientsPath, `{"name":"mine","scopes":["account-idm-read"]}`), http.StatusCreated)
	decoded(t, o.json(http.MethodPut, clientsPath+"/"+broad.Client.ID, `{"enabled":false}`), http.StatusOK)
	if w := o.json(http.MethodPut, clientsPath+"/"+broad.Client.ID, `{"enabled":true}`); w.Code != http.StatusForbidden {
		t.Errorf("switched on what is more than hers: %d", w.Code)
	}
}

// TestOperations: whatever changes something has a name in the audit trail, and none of the paths is there twice.
func TestOperations(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range newOffice(t).operations {
		name := o.Method + " " + o.Path
		changes := strings.HasPrefix(o.Path, "/iam/") && o.Method != http.MethodGet
		if seen[name] || o.Serve == nil || changes != (o.Action != "") || o.Object != "" && !strings.Contains(o.Path, "{"+o.Object+"}") {
			t.Error(name)
		}
		seen[name] = true
	}
	if len(seen) != 13 {
		t.Errorf("%d operations", len(seen))
	}
}
