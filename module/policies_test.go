package module_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

// office is an administration with two groups and somebody in each.
type office struct {
	*module.Administration
	t      *testing.T
	groups map[string]string
}

func newOffice(t *testing.T, g *moduletest.Gate) office {
	t.Helper()
	o := office{g.Administration(), t, map[string]string{}}
	t.Cleanup(func() { _ = o.Close() })
	for group, member := range map[string]string{"IT": "it@example.com", "Sales": "sales@example.com"} {
		made, err := o.Policies.CreateGroup(t.Context(), "test", o.Account, pap.GroupAttributes{Name: group})
		o.check(err)
		o.groups[group] = made.UUID
		_, err = o.Policies.CreateUser(t.Context(), "test", o.Account, pap.UserAttributes{Email: member})
		o.check(err)
		o.check(o.Policies.AddToGroups(t.Context(), "test", o.Account, member, []string{made.UUID}))
	}
	return o
}

func (o office) check(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o office) policy(name, statement string) string {
	o.t.Helper()
	p, _, err := o.Policies.CreatePolicy(o.t.Context(), "test", pap.AccountLevel(o.Account), "",
		pap.PolicyAttributes{Name: name, Statement: statement})
	o.check(err)
	return p.UUID
}

func (o office) bind(policy string, groups ...string) {
	o.t.Helper()
	r := pap.BindRequest{Level: pap.AccountLevel(o.Account), Policy: policy}
	for _, group := range groups {
		r.Groups = append(r.Groups, o.groups[group])
	}
	_, _, err := o.Policies.Bind(o.t.Context(), "test", r)
	o.check(err)
}

// builtIn is the identifier of a global policy.
func builtIn(t *testing.T, name string) string {
	t.Helper()
	for _, p := range pap.BuiltIn() {
		if p.Name == name {
			return p.UUID
		}
	}
	t.Fatalf("there is no built-in policy %q", name)
	return ""
}

// answersWith asks until the answer is as wanted, for as long as a change may take to arrive.
func answersWith(t *testing.T, want int, ask func() (*http.Response, string)) {
	t.Helper()
	var status int
	var body string
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
		var response *http.Response
		if response, body = ask(); response.StatusCode == want {
			return
		}
		status = response.StatusCode
	}
	t.Errorf("status %d %s, want %d", status, body, want)
}

// The two stories that the policies are made for: IT may read and write settings and Sales may read; then one schema is
// opened to both of them, and nothing else.
func TestPoliciesDecide(t *testing.T) {
	g := moduletest.Start(t, plainSite)
	o := newOffice(t, g)
	scopes := []string{"settings.read", "settings.write"}
	_, it := g.Mint("", tokens.Attributes{Owner: "it@example.com", Personal: true, Scopes: scopes})
	_, sales := g.Mint("", tokens.Attributes{Owner: "sales@example.com", Personal: true, Scopes: scopes})
	_, stranger := g.Mint("", tokens.Attributes{Owner: "nobody@example.com", Personal: true, Scopes: scopes})
	_, api := g.Mint("", tokens.Attributes{Owner: "sales@example.com", Scopes: scopes})

	const objects = "/api/v2/settings/objects"
	read := func(token, query string) func() (*http.Response, string) {
		return func() (*http.Response, string) {
			return send(t, g, http.MethodGet, objects+query, "Authorization: Api-Token "+token)
		}
	}
	write := func(token, body string) func() (*http.Response, string) {
		return func() (*http.Response, string) {
			return moduletest.ParseResponse(t, http.MethodPost, g.Raw(postJSON(objects, token, body)))
		}
	}
	const ruleBody = `[{"schemaId":"builtin:rule","scope":"environment","value":{}}]`

	answersWith(t, http.StatusForbidden, read(it, "?schemaIds=builtin:rule")) // nothing is bound yet
	answersWith(t, http.StatusOK, read(api, "?schemaIds=builtin:rule"))       // a token of its own is judged by scopes alone

	o.bind(builtIn(t, "Settings Reader"), "IT", "Sales")
	o.bind(builtIn(t, "Settings Writer"), "IT")
	answersWith(t, http.StatusOK, read(it, "?schemaIds=builtin:rule"))
	answersWith(t, http.StatusOK, write(it, ruleBody))
	answersWith(t, http.StatusOK, read(sales, ""))
	answersWith(t, http.StatusForbidden, write(sales, ruleBody))
	answersWith(t, http.StatusForbidden, read(stranger, "?schemaIds=builtin:rule"))

	deny := o.policy("closed", `DENY settings:objects:read WHERE settings:schemaId = "builtin:secret";`)
	o.bind(deny, "Sales")
	answersWith(t, http.StatusForbidden, read(sales, "?schemaIds=builtin:secret"))
	answersWith(t, http.StatusOK, read(sales, "?schemaIds=builtin:rule"))
	answersWith(t, http.StatusForbidden, read(sales, "?schemaIds=builtin:rule,builtin:secret")) // every one must be permitted
	answersWith(t, http.StatusForbidden, read(sales, ""))                                       // it may be the secret one
	answersWith(t, http.StatusOK, read(it, "?schemaIds=builtin:secret"))
	for _, want := range []string{
		`"permission":"settings:objects:read"`, `"settings:schemaId":["builtin:rule"]`, `"policy_reasons":["ALLOW Settings Reader:1:1"]`,
		`"scopes":["settings.read","settings.write"]`,
	} {
		if !strings.Contains(g.Logs(), want) {
			t.Errorf("the log of decisions lacks %s", want)
		}
	}
}

func TestOnePolicyOpensOneSchema(t *testing.T) {
	g := moduletest.Start(t, plainSite)
	o := newOffice(t, g)
	_, token := g.Mint("", tokens.Attributes{Owner: "sales@example.com", Personal: true, Scopes: []string{"settings.read", "settings.write"}})
	send := func(request string) func() (*http.Response, string) {
		return func() (*http.Response, string) {
			return moduletest.ParseResponse(t, http.MethodPost, g.Raw(request))
		}
	}
	const objects = "/api/v2/settings/objects"
	open := postJSON(objects, token, `[{"schemaId":"builtin:container.monitoring-rule","scope":"environment","value":{}}]`)
	other := postJSON(objects, token, `[{"schemaId":"builtin:container.monitoring-rule","scope":"environment","value":{}},{"schemaId":"builtin:other","scope":"environment","value":{}}]`)
	policy := o.policy("one schema", `ALLOW settings:schemas:read, settings:objects:read, settings:objects:write WHERE settings:schemaId = "builtin:container.monitoring-rule";`)
	o.bind(policy, "Sales")
	answersWith(t, http.StatusOK, send(open))
	answersWith(t, http.StatusForbidden, send(other))
	answersWith(t, http.StatusBadRequest, send(postJSON(objects, token, `[{"schemaId":"builtin:container.monitoring-rule"`)))

	response, body := send(other)()
	if want := "The policies of the user do not permit the request: settings:objects:write"; !strings.Contains(body, want) || response.Header.Get("X-Doorward-Decision-Id") == "" {
		t.Errorf("the refusal should name the permission and the decision: %s", body)
	}
	// A listing with adminAccess asks for two permissions; the refusal names the one that is missing.
	_, body = moduletest.ParseResponse(t, http.MethodGet, g.Raw("GET "+objects+"?schemaIds=builtin:container.monitoring-rule&adminAccess=true HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nAuthorization: Api-Token "+token+"\r\n\r\n"))
	if want := "settings:objects:admin"; !strings.Contains(body, want) {
		t.Errorf("the refusal should name %s: %s", want, body)
	}
	g.Upstream.Seen()
	send(open)()
	if seen := g.Upstream.Seen(); len(seen) != 1 || !strings.HasPrefix(seen[0].Body, `[{"schemaId":`) {
		t.Errorf("a body that was judged arrives as it was sent; the upstream saw %v", seen)
	}
	o.check(o.Policies.RemoveFromGroups(t.Context(), "test", o.Account, "sales@example.com", []string{o.groups["Sales"]}))
	answersWith(t, http.StatusForbidden, send(open))
}

func postJSON(target, token, body string) string {
	return "POST " + target + " HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nAuthorization: Api-Token " + token +
		"\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}
