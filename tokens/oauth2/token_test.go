package oauth2_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/tokens/oauth2"
)

// TestWire sends exactly what known clients send, and reads what they read.
func TestWire(t *testing.T) {
	o := newOffice(t)
	c := o.client(account)
	id, secret := c.Client.ID, c.Secret.Reveal()
	all := strings.Join(c.Client.Scopes, " ")
	for name, tt := range map[string]struct {
		contentType, authorization, body string
		scope, resource                  string
	}{
		"Terraform, Monaco, x/oauth2 in the header": {formType, basic(id, secret), "grant_type=client_credentials", all, "urn:dtaccount:" + account},
		"x/oauth2 in parameters": {
			formType, "", "client_id=" + id + "&client_secret=" + secret + "&grant_type=client_credentials", all, "urn:dtaccount:" + account,
		},
		"dtiam": {
			formType, "", "client_id=" + id + "&client_secret=" + secret + "&grant_type=client_credentials&resource=urn%3Adtaccount%3A" + account +
				"&scope=" + url.QueryEscape(strings.Join(nine, " ")), all, "urn:dtaccount:" + account,
		},
		"npm SDK": {
			formType + ";charset=UTF-8", "", "client_id=" + id + "&client_secret=" + secret + "&grant_type=client_credentials&scope=account-idm-read%20iam:policies:read",
			"account-idm-read iam:policies:read", "urn:dtaccount:" + account,
		},
		"the documented request": {
			formType, "", "grant_type=client_credentials&client_id=" + id + "&client_secret=" + secret + "&scope=iam-policies-management&resource=urn%3Adtaccount%3A" + account,
			"iam-policies-management", "urn:dtaccount:" + account,
		},
		"environments": {
			formType, basic(id, secret), "grant_type=client_credentials&resource=urn:dtenvironment:def67890&resource=urn:dtenvironment:abc12345",
			all, "urn:dtenvironment:abc12345 urn:dtenvironment:def67890",
		},
		"identifier twice, scope twice, empty parameters": {
			formType, "basic" + basic(id, secret)[5:], "grant_type=client_credentials&client_id=" + id + "&client_secret=&resource=&scope=account-idm-read++account-idm-read",
			"account-idm-read", "urn:dtaccount:" + account,
		},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{"Content-Type": {tt.contentType}}
			if tt.authorization != "" {
				header.Set("Authorization", tt.authorization)
			}
			w := o.send(http.MethodPost, "/sso/oauth2/token", header, tt.body)
			var got map[string]any
			must(t, json.Unmarshal(w.Body.Bytes(), &got))
			text, _ := got["access_token"].(string)
			delete(got, "access_token")
			same(t, map[string]any{"token_type": "Bearer", "expires_in": 300.0, "scope": tt.scope, "resource": tt.resource}, got)
			same(t, []any{200, "no-store", "no-cache", "application/json; charset=utf-8"},
				[]any{w.Code, w.Header().Get("Cache-Control"), w.Header().Get("Pragma"), w.Header().Get("Content-Type")})
			claims := claimsOf(t, text)
			if jti, _ := claims["jti"].(string); len(jti) != 22 {
				t.Errorf("jti %q", jti)
			}
			delete(claims, "jti")
			aud := []any{}
			for _, one := range strings.Fields(tt.resource) {
				aud = append(aud, one)
			}
			same(t, map[string]any{
				"iss": issuerURL, "sub": owner, "aud": aud, "client_id": id, "scope": tt.scope,
				"iat": float64(start.Unix()), "exp": float64(start.Unix() + 300),
			}, claims)
		})
	}
	if used, err := o.service.ShowClient(t.Context(), account, id); err != nil || !used.LastUsed.Equal(start) {
		t.Errorf("last used %v, %v", used.LastUsed, err)
	}
}

// TestTokenRefusals has every way of not getting a token, most of them an attack: parameters twice or in two places, to have
// two readers read two things; scopes and resources of others; control characters on their way into a log. Invariant: no
// token, one form of answer, and nothing of a secret in it.
func TestTokenRefusals(t *testing.T) {
	o := newOffice(t)
	c := o.client(account, "account-idm-read")
	foreign := o.client(otherAccount)
	disabled := o.client(account)
	no := false
	_, err := o.service.UpdateClient(t.Context(), "cli:root", account, disabled.Client.ID, oauth2.Change{Enabled: &no}, nil)
	must(t, err)
	id, secret := c.Client.ID, c.Secret.Reveal()
	good, grant := basic(id, secret), "grant_type=client_credentials"
	credentials := "&client_id=" + id + "&client_secret=" + secret
	wrong := secret[:len(secret)-1] + string("AB"[boolIndex(secret[len(secret)-1] == 'A')])
	for name, tt := range map[string]struct {
		authorization, body string
		status              int
		want                string // the beginning of error and description
	}{
		"no credentials":            {"", grant, 401, "invalid_client: The client could not"},
		"wrong secret":              {basic(id, wrong), grant, 401, "invalid_client: The client could not"},
		"wrong secret, form":        {"", grant + "&client_id=" + id + "&client_secret=" + wrong, 401, "invalid_client: The client could not"},
		"unknown client":            {basic(unknownOf(id), unknownOf(id)+secret[len(id):]), grant, 401, "invalid_client: The client could not"},
		"disabled":                  {basicOf(disabled), grant, 401, "invalid_client: The client could not"},
		"somebody else's secret":    {basic(id, foreign.Secret.Reveal()), grant, 401, "invalid_client: The client could not"},
		"secret for another name":   {basic(id, unknownOf(id)+secret[len(id):]), grant, 401, "invalid_client: The client could not"},
		"no secret":                 {"", grant + "&client_id=" + id, 401, "invalid_client: The client could not"},
		"malformed secret":          {basic(id, "secret"), grant, 401, "invalid_client: The client could not"},
		"Basic with a newline":      {basic(id, secret+"\n"), grant, 401, "invalid_client: The client could not"},
		"Basic with NUL":            {basic(id+"\x00", secret), grant, 401, "invalid_client: The client could not"},
		"Basic without colon":       {"Basic " + "YWJj", grant, 401, "invalid_client: The client could not"},
		"Basic, bad escape":         {"Basic " + "JTp4", grant, 401, "invalid_client: The client could not"},
		"Basic, not base64":         {"Basic ****", grant, 401, "invalid_client: The client could not"},
		"Bearer":                    {"Bearer " + secret, grant, 401, "invalid_client: The client could not"},
		"both ways":                 {good, grant + credentials, 400, "invalid_request: The client authenticates in"},
		"two identifiers":           {good, grant + "&client_id=" + foreign.Client.ID, 400, "invalid_request: The client_id in the body"},
		"secret twice":              {"", grant + credentials + "&client_secret=x", 400, "invalid_request: The parameter client_secret is there more than once"},
		"grant twice":               {good, grant + "&" + grant, 400, "invalid_request: The parameter grant_type is there more"},
		"scope twice":               {good, grant + "&scope=account-idm-read&scope=", 400, "invalid_request: The parameter scope is there more"},
		"anything twice":            {good, grant + "&x=1&x=2", 400, "invalid_request: The parameter x is there more"},
		"bad escape":                {good, grant + "&scope=%zz", 400, "invalid_request: The parameters are not well"},
		"semicolon":                 {good, grant + ";scope=a", 400, "invalid_request: The parameters are not well"},
		"not UTF-8":                 {good, grant + "&scope=%ff", 400, "invalid_request: The parameter scope is not UTF-8"},
		"many parameters":           {good, grant + strings.Repeat("&a", 100), 400, "invalid_request: There are more than 100"},
		"large":                     {good, grant + "&x=" + strings.Repeat("a", 64<<10), 413, "invalid_request: The body is larger"},
		"no grant":                  {good, "scope=account-idm-read", 400, "invalid_request: The parameter grant_type is missing"},
		"other grant":               {good, "grant_type=password", 400, "unsupported_grant_type: The only"},
		"inflated scope":            {good, grant + "&scope=account-idm-read+account-idm-write", 400, "invalid_scope: The client does not have the scope account-idm-write."},
		"scope in upper case":       {good, grant + "&scope=ACCOUNT-IDM-READ", 400, "invalid_scope: The client does not have the scope ACCOUNT-IDM-READ."},
		"scope after a tab":         {good, grant + "&scope=account-idm-read%09account-idm-write", 400, "invalid_scope: The client does not have the scope account-idm-read?account-idm-write."},
		"scope with quotes":         {good, grant + "&scope=%22%5C%0d%0a", 400, "invalid_scope: The client does not have the scope ????."},
		"a secret as scope":         {good, grant + "&scope=" + secret, 400, "invalid_scope: The client does not have the scope " + id + ".***"},
		"foreign account":           {good, grant + "&resource=urn:dtaccount:" + otherAccount, 400, "invalid_target: The resource urn:dtaccount:" + otherAccount + " is not one"},
		"foreign beside own":        {good, grant + "&resource=urn:dtaccount:" + account + "&resource=urn:dtaccount:" + otherAccount, 400, "invalid_target"},
		"foreign environment":       {good, grant + "&resource=urn:dtenvironment:zzz99999", 400, "invalid_target: The resource urn:dtenvironment:zzz99999 is not one of this client's account."},
		"unknown environment":       {good, grant + "&resource=urn:dtenvironment:nosuch", 400, "invalid_target: The resource urn:dtenvironment:nosuch is not one of this client's account."},
		"resource in upper case":    {good, grant + "&resource=URN:dtaccount:" + account, 400, "invalid_target"},
		"resource with a fragment":  {good, grant + "&resource=urn:dtaccount:" + account + "%23x", 400, "invalid_target"},
		"resources in one":          {good, grant + "&resource=urn:dtaccount:" + account + "+urn:dtaccount:" + otherAccount, 400, "invalid_target"},
		"another kind of resource":  {good, grant + "&resource=https://api.test", 400, "invalid_target"},
		"more resources than there": {good, grant + strings.Repeat("&resource=urn:dtaccount:"+account, 21), 400, "invalid_target: A token is for at most"},
	} {
		t.Run(name, func(t *testing.T) {
			o := *o
			o.operations = oauth2.Operations(oauth2.Config{ // without the failures of the other cases
				Service: o.service, Keys: o.keys, Revoked: o.revoked, Issuer: issuerURL, Now: func() time.Time { return o.now },
				EnvironmentOf: func(e string) (string, bool) { return otherAccount, e == "zzz99999" },
			})
			w := o.form("/sso/oauth2/token", tt.authorization, tt.body)
			var got map[string]string
			must(t, json.Unmarshal(w.Body.Bytes(), &got))
			if text := got["error"] + ": " + got["error_description"]; w.Code != tt.status || !strings.HasPrefix(text, tt.want) || len(got) != 2 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if challenge := w.Header().Get("WWW-Authenticate"); strings.HasPrefix(challenge, "Basic ") != (w.Code == 401) {
				t.Errorf("challenge %q", challenge)
			}
			if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Pragma") != "no-cache" {
				t.Error(w.Header())
			}
			o.leaks(secretPart(c), secretPart(foreign), wrong[len(id)+1:])
		})
	}
}

func boolIndex(b bool) int {
	if b {
		return 1
	}
	return 0
}

// unknownOf is an identifier of the same layout that nobody has.
func unknownOf(id string) string { return id[:len(id)-4] + "9999" }

func TestTokenHeaders(t *testing.T) {
	o := newOffice(t)
	c := o.client(account)
	good := basicOf(c)
	for name, tt := range map[string]struct {
		path   string
		header http.Header
		want   string
	}{
		"no content type":    {"", http.Header{"Authorization": {good}}, "The body has to be"},
		"JSON":               {"", http.Header{"Authorization": {good}, "Content-Type": {"application/json"}}, "The body has to be"},
		"longer type":        {"", http.Header{"Authorization": {good}, "Content-Type": {formType + "x"}}, "The body has to be"},
		"other charset":      {"", http.Header{"Authorization": {good}, "Content-Type": {formType + "; charset=utf-16"}}, "The body has to be"},
		"two content types":  {"", http.Header{"Authorization": {good}, "Content-Type": {formType, formType}}, "The body has to be"},
		"compressed":         {"", http.Header{"Authorization": {good}, "Content-Type": {formType}, "Content-Encoding": {"gzip"}}, "The body has to be"},
		"two authorizations": {"", http.Header{"Authorization": {good, good}, "Content-Type": {formType}}, "There is more than one Authorization"},
		"secret in the URL":  {"?client_secret=x", http.Header{"Authorization": {good}, "Content-Type": {formType}}, "Parameters belong into the body"},
	} {
		t.Run(name, func(t *testing.T) {
			w := o.send(http.MethodPost, "/sso/oauth2/token"+tt.path, tt.header, "grant_type=client_credentials")
			if w.Code != 400 || !strings.Contains(w.Body.String(), `"invalid_request"`) || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}

// Attack: try secrets until one is right; or try until the client itself is locked out. Invariant: an address is slowed
// down, whoever it says it is; a client under attack still gets in from an address that has not failed.
func TestGuessing(t *testing.T) {
	o := newOffice(t)
	c := o.client(account)
	attempt := func(address, authorization string) (int, string) {
		o.caller.Address = address
		w := o.form("/sso/oauth2/token", authorization, "grant_type=client_credentials")
		return w.Code, w.Header().Get("Retry-After")
	}
	wrong := basic(c.Client.ID, unknownOf(c.Secret.Reveal()))
	for i := range 10 {
		if code, _ := attempt("203.0.113.9", wrong); code != 401 {
			t.Fatal(i, code)
		}
	}
	if code, after := attempt("203.0.113.9", wrong); code != 429 || after != "6" {
		t.Errorf("the eleventh for one client: %d, after %s", code, after)
	}
	if code, _ := attempt("198.51.100.1", basicOf(c)); code != 200 {
		t.Errorf("the client itself: %d", code)
	}
	for i := range 40 {
		if code, _ := attempt("203.0.113.9", basic(fmt.Sprint("x", i), "y")); code != 401 {
			t.Fatal(i, code)
		}
	}
	for _, spelling := range []string{"203.0.113.9", "::ffff:203.0.113.9"} {
		if code, after := attempt(spelling, basicOf(c)); code != 429 || after != "1" {
			t.Errorf("the address after fifty, as %s: %d, after %s", spelling, code, after)
		}
	}
	o.now = o.now.Add(time.Minute)
	if code, _ := attempt("203.0.113.9", basicOf(c)); code != 200 {
		t.Errorf("a minute later: %d", code)
	}
	for i := range 50 {
		if code, _ := attempt(fmt.Sprintf("2001:db8::%x", i), basic(fmt.Sprint("y", i), "y")); code != 401 {
			t.Fatal(i, code)
		}
	}
	if code, _ := attempt("2001:db8:0:0:ffff::1", basicOf(c)); code != 429 {
		t.Errorf("another address of the same network: %d", code)
	}
}

// TestStoreDown: a store that is away is a fault, never an answer about the client.
func TestStoreDown(t *testing.T) {
	o := newOffice(t)
	c := o.client(account)
	o.store.Before = refusing("Client")
	for _, path := range []string{"/sso/oauth2/token", "/sso/oauth2/introspect", "/sso/oauth2/tokeninfo", "/sso/oauth2/revoke"} {
		if w := o.form(path, basicOf(c), "grant_type=client_credentials&token=x"); w.Code != 503 || strings.Contains(w.Body.String(), "disk") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
