package oauthtest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/doorward/doorward/tokens"
)

const (
	allowsReading = "ALLOW settings:objects:read;"
	clientsOfAcme = "/iam/v1/accounts/acme/oauth2-clients"
	clientsOfAlly = "/iam/v1/accounts/other/oauth2-clients"
)

// TestTokenActsForOwner: a token is had by Basic and by form, and may do what the policies of the client's owner permit,
// within its scopes.
func TestTokenActsForOwner(t *testing.T) {
	d := open(t, "")
	c := d.client("acme", "orders:read", "account-idm-read")
	byBasic := d.token(c)
	byForm := d.tokenOf(d.do(http.MethodPost, "/sso/oauth2/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {c.id}, "client_secret": {c.secret}, "scope": {"orders:read"},
	}, nil))
	d.expect("before the policy", http.StatusForbidden, d.get("/orders", byBasic))
	d.permit("acme", allowsReading)
	d.Upstream.Seen()
	for _, token := range []string{byBasic, byForm} {
		d.soon("with the policy", http.StatusOK, func() answer { return d.get("/orders", token) })
		seen := d.Upstream.Seen()
		if len(seen) != 1 {
			t.Fatalf("the upstream saw %d requests, want 1", len(seen))
		}
		h := seen[0].Header
		if h.Get("X-Doorward-User") != owner || !strings.HasPrefix(h.Get("X-Doorward-Token-Id"), "jwt:") || h.Get("Authorization") != "" {
			t.Errorf("the upstream got %v", h)
		}
	}
	d.expect("an account row", http.StatusOK, d.get(clientsOfAcme, byBasic))
	d.expect("a scope that was not asked for", http.StatusForbidden, d.get(clientsOfAcme, byForm))
	d.expect("a scope that the client lacks", http.StatusForbidden, d.do(http.MethodPost, clientsOfAcme, nil, bearer(byBasic)))
	// No secret that was minted has a 0 in it.
	d.expect("a wrong secret", http.StatusUnauthorized, d.form("/sso/oauth2/token", credentials{c.id, c.secret[:len(c.secret)-1] + "0"}, url.Values{"grant_type": {"client_credentials"}}))
	d.expect("nothing at all", http.StatusUnauthorized, d.do(http.MethodPost, "/sso/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, nil))
	d.expect("told about", http.StatusOK, d.form("/sso/oauth2/tokeninfo", c, url.Values{"token": {byBasic}}))
	if len(d.Upstream.Seen()) != 0 {
		t.Error("a call of the API reached the upstream")
	}
}

// Attack: a token of one customer is used on what belongs to another, or one that was asked for with less reach than its
// client has, for more. Fix: the audience is compared with the account and the environment of each request. Invariant: a
// token for an account is good in that account; one for an environment in that environment, and for no account.
func TestTokenReach(t *testing.T) {
	d := open(t, "")
	d.permit("acme", allowsReading)
	d.permit("other", allowsReading)
	acme, other := d.client("acme", "orders:read", "account-idm-read"), d.client("other", "orders:read", "account-idm-read")
	account, environment, foreign := d.token(acme), d.token(acme, "urn:dtenvironment:prod"), d.token(other)
	d.soon("the policies are there", http.StatusOK, func() answer { return d.get("/orders", account) })
	d.soon("the other's as well", http.StatusOK, func() answer { return d.get("/e/lab/orders", foreign) })
	tests := []struct {
		target                        string
		account, environment, foreign int
	}{
		{"/orders", 200, 401, 401},
		{"/e/prod/orders", 200, 200, 401},
		{"/e/lab/orders", 401, 401, 200},
		{"/e/unlisted/orders", 200, 401, 401},
		{clientsOfAcme, 200, 401, 403},
		{"/e/prod" + clientsOfAcme, 200, 403, 403},
		{"/e/lab" + clientsOfAcme, 200, 401, 403},
		{clientsOfAlly, 403, 401, 200},
		{"/e/prod" + clientsOfAlly, 403, 403, 200},
		{"/iam/v1/accounts/nobody/oauth2-clients", 403, 401, 403},
	}
	for _, test := range tests {
		d.expect("account, "+test.target, test.account, d.get(test.target, account))
		d.expect("environment, "+test.target, test.environment, d.get(test.target, environment))
		d.expect("foreign, "+test.target, test.foreign, d.get(test.target, foreign))
	}
	for _, resource := range []string{"urn:dtaccount:other", "urn:dtenvironment:lab", "urn:dtaccount:", "prod"} {
		a := d.form("/sso/oauth2/token", acme, url.Values{"grant_type": {"client_credentials"}, "resource": {resource}})
		if a.status != http.StatusBadRequest || !strings.Contains(a.body, "invalid_target") {
			t.Errorf("%s: %d %s", resource, a.status, a.body)
		}
	}
}

// TestClientsByREST: an administrator's API token makes a client, whose tokens work, and end with it.
func TestClientsByREST(t *testing.T) {
	d := open(t, "")
	_, administrator := d.Mint("", tokens.Attributes{
		Owner: "root@example.com", Scopes: []string{"ServiceProviderAPI"}, Administrator: true, AllowUncreatable: true,
	})
	call := func(method, target, body string) answer {
		return d.do(method, target, nil, func(r *http.Request) {
			r.Header.Set("Authorization", "Api-Token "+administrator)
			r.Header.Set("Content-Type", "application/json")
			r.Body, r.ContentLength = http.NoBody, 0
			if body != "" {
				r.Body, r.ContentLength = readCloser(body), int64(len(body))
			}
		})
	}
	made := call(http.MethodPost, clientsOfAcme, `{"name":"ci","owner":"`+owner+`","scopes":["account-idm-read"]}`)
	d.expect("create", http.StatusCreated, made)
	var c struct{ ClientID, ClientSecret string }
	d.must(json.Unmarshal([]byte(made.body), &c))
	d.secrets = append(d.secrets, c.ClientSecret)
	d.expect("another account", http.StatusForbidden, call(http.MethodPost, clientsOfAlly, `{"name":"ci","owner":"`+owner+`","scopes":["account-idm-read"]}`))
	d.expect("a scope that there is not", http.StatusBadRequest, call(http.MethodPost, clientsOfAcme, `{"name":"ci","owner":"`+owner+`","scopes":["account-idm-reed"]}`))
	token := d.token(credentials{c.ClientID, c.ClientSecret})
	d.expect("its token", http.StatusOK, d.get(clientsOfAcme, token))
	d.expect("its token changes nothing", http.StatusForbidden, d.do(http.MethodDelete, clientsOfAcme+"/"+c.ClientID, nil, bearer(token)))
	d.expect("delete", http.StatusNoContent, call(http.MethodDelete, clientsOfAcme+"/"+c.ClientID, ""))
	d.expect("its token, at once", http.StatusUnauthorized, d.get(clientsOfAcme, token))
	d.expect("its secret", http.StatusUnauthorized, d.form("/sso/oauth2/token", credentials{c.ClientID, c.ClientSecret}, url.Values{"grant_type": {"client_credentials"}}))
}
