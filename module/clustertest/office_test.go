package clustertest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/oauth2"
)

// Who is in these tests.
const (
	account = "acme"
	actor   = "test"
	katie   = "katie.novak@example.com" // an administrator
	ann     = "ann@example.com"         // a user whose policies change
	john    = "john.smith@example.com"  // of the remote support staff
)

// office is what was there before the gateways: an administrator's token, a client that administers policies, a user with one policy,
// and somebody of the support staff.
type office struct {
	*module.Administration
	t        testing.TB
	admin    string // may make and end tokens and grants
	client   oauth2.Created
	policy   string // gives ann what her token asks for
	personal string // of ann
	badge    string // of john
}

func (c *cluster) newOffice() *office {
	c.t.Helper()
	a, err := module.OpenAdministration(c.t.Context(), module.AdministrationOptions{Store: c.dsn})
	must(c.t, err)
	o := &office{Administration: a, t: c.t}
	c.t.Cleanup(func() { _ = a.Close() })
	ctx := c.t.Context()
	must(c.t, a.Tokens.SetPersonalTokens(ctx, actor, "default", true))
	o.admin = o.mint(tokens.Attributes{Owner: katie, Cluster: true, AllowUncreatable: true,
		Scopes: []string{"ServiceProviderAPI", "apiTokens.read", "apiTokens.write", "metrics.read"}})
	o.badge = o.mint(tokens.Attributes{Owner: john, Staff: true, Scopes: []string{"metrics.read"}})
	o.personal = o.mint(tokens.Attributes{Owner: ann, Personal: true, Scopes: []string{"settings.read"}})
	o.client, err = a.OAuth2.CreateClient(ctx, actor, account, oauth2.Attributes{Name: "policies", Owner: katie,
		Scopes: []string{"iam-policies-management", "iam:policies:write", "iam:policies:read"}})
	must(c.t, err)
	group, err := a.Policies.CreateGroup(ctx, actor, account, pap.GroupAttributes{Name: "readers"})
	must(c.t, err)
	_, err = a.Policies.CreateUser(ctx, actor, account, pap.UserAttributes{Email: ann})
	must(c.t, err, a.Policies.AddToGroups(ctx, actor, account, ann, []string{group.UUID}))
	policy, _, err := a.Policies.CreatePolicy(ctx, actor, pap.AccountLevel(account), "", pap.PolicyAttributes{Name: policyName, Statement: allowed})
	must(c.t, err)
	_, _, err = a.Policies.Bind(ctx, actor, pap.BindRequest{Level: pap.AccountLevel(account), Policy: policy.UUID, Groups: []string{group.UUID}})
	must(c.t, err)
	o.policy = policy.UUID
	return o
}

// reopenOffice has the office work on the database where it is now.
func (c *cluster) reopenOffice() {
	c.t.Helper()
	a, err := module.OpenAdministration(c.t.Context(), module.AdministrationOptions{Store: c.dsn})
	must(c.t, err)
	c.t.Cleanup(func() { _ = a.Close() })
	c.office.Administration = a
}

// The policy of ann, and what it is changed to.
const (
	policyName = "reading"
	allowed    = "ALLOW settings:objects:read;"
	withdrawn  = `ALLOW settings:objects:read WHERE settings:schemaId = "another";`
)

// settings is what ann asks for.
func (o *office) settings() call {
	return call{path: "/api/v2/settings/objects?schemaIds=one", token: o.personal}
}

// mint makes a token, past the gateways.
func (o *office) mint(a tokens.Attributes) string {
	o.t.Helper()
	a.Name, a.Environment = "test", "default"
	created, err := o.Tokens.Create(context.WithoutCancel(o.t.Context()), actor, tokens.CreateRequest{Attributes: a})
	must(o.t, err)
	return created.Secret.Reveal()
}

// ordinary makes a token that is good for /plain.
func (o *office) ordinary() string {
	o.t.Helper()
	return o.mint(tokens.Attributes{Owner: katie, Scopes: []string{"metrics.read"}})
}

// access is an access token of the client, by a gateway.
func (o *office) access(g *gateway) string {
	o.t.Helper()
	form := "grant_type=client_credentials&client_id=" + o.client.Client.ID + "&client_secret=" + o.client.Secret.Reveal()
	request, err := http.NewRequestWithContext(o.t.Context(), http.MethodPost, "http://"+g.address+"/sso/oauth2/token", strings.NewReader(form))
	must(o.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := g.client.Do(request)
	must(o.t, err)
	defer response.Body.Close()
	var made struct {
		Token string `json:"access_token"`
	}
	must(o.t, json.NewDecoder(response.Body).Decode(&made))
	if made.Token == "" {
		o.t.Fatalf("gateway %s gives no access token: %d", g.name, response.StatusCode)
	}
	return made.Token
}

// setPolicy changes the policy of ann at a gateway.
func (o *office) setPolicy(g *gateway, access, statement string) answer {
	body, err := json.Marshal(map[string]string{"name": policyName, "statementQuery": statement})
	must(o.t, err)
	return g.ask(call{"PUT", "/iam/v1/repo/account/" + account + "/policies/" + o.policy, access, string(body)})
}

// grant lets john in, by a gateway, and gives the identifier of the grant.
func (o *office) grant(g *gateway) string {
	o.t.Helper()
	body := fmt.Sprintf(`{"userId":%q,"reason":"SUP-1 looking at it","requestedDays":1,"role":"devops-viewer"}`, john)
	a := g.ask(call{path: "/api/doorward/v1/remoteAccess/grants", token: o.admin, body: body})
	var made struct {
		ID string `json:"requestId"`
	}
	if a.status != http.StatusCreated || json.Unmarshal([]byte(a.body), &made) != nil {
		o.t.Fatalf("granting: %d %s", a.status, a.body)
	}
	return made.ID
}

// revoke ends a grant, by a gateway.
func (o *office) revoke(g *gateway, id string) answer {
	return g.ask(call{"PUT", "/api/cluster/v2/remoteaccess/requests/" + id + "/state", o.admin, `{"state":"EXPIRED"}`})
}

// disable and remove end a token, by a gateway.
func (o *office) disable(g *gateway, id string) answer {
	return g.ask(call{"PUT", "/api/v2/apiTokens/" + id, o.admin, `{"enabled":false}`})
}

func (o *office) remove(g *gateway, id string) answer {
	return g.ask(call{"DELETE", "/api/v2/apiTokens/" + id, o.admin, ""})
}

// create makes a token by a gateway.
func (o *office) create(g *gateway, name string) (id, text string, a answer) {
	a = g.ask(call{path: "/api/v2/apiTokens", token: o.admin, body: fmt.Sprintf(`{"name":%q,"scopes":["metrics.read"]}`, name)})
	var made struct{ ID, Token string }
	_ = json.Unmarshal([]byte(a.body), &made) // the caller looks at the status
	return made.ID, made.Token, a
}
