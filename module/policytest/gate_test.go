// Package policytest_test asks a whole gateway what it asks of policies: stored, bound, published and decided as in
// production, over HTTP.
package policytest_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

// The places of testdata/Caddyfile, and who does everything that is administered here.
const (
	account     = "account"
	environment = "env"
	actor       = "test"
)

// honoured is how late a change by another process may take effect, as the design promises.
const honoured = time.Second

var readAndWrite = []string{"policytest.read", "policytest.write"}

// office administers the store of a gate, as another process does. It can work before the gate starts.
type office struct {
	*module.Administration
	t        testing.TB
	database string
}

// scene is what a test's gate is started with. Empty fields stand for testdata/settings.yaml, the default cache, and a log
// of faults only.
type scene struct{ catalog, cache, level string }

func newOffice(t testing.TB) office {
	t.Helper()
	database := filepath.Join(t.TempDir(), "policies.db")
	a, err := module.OpenAdministration(t.Context(), module.AdministrationOptions{Store: "sqlite:" + database})
	o := office{a, t, database}
	o.must(err)
	t.Cleanup(func() { _ = a.Close() })
	o.must(a.Tokens.SetPersonalTokens(t.Context(), actor, environment, true))
	return o
}

// start opens the gate over the office's store.
func (o office) start(s scene) *moduletest.Gate {
	o.t.Helper()
	caddyfile, err := os.ReadFile("testdata/Caddyfile")
	o.must(err)
	if s.catalog == "" {
		s.catalog = "testdata/settings.yaml"
	}
	if s.level == "" {
		s.level = "ERROR"
	}
	return moduletest.Start(o.t, strings.NewReplacer("{CATALOG}", s.catalog, "{CACHE}", s.cache, "{LEVEL}", s.level,
		"{POLICIES}", o.database).Replace(string(caddyfile)))
}

func (o office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// group makes a group with members, who become users if they are none.
func (o office) group(name string, members ...string) string {
	o.t.Helper()
	made, err := o.Policies.CreateGroup(o.t.Context(), actor, account, pap.GroupAttributes{Name: name})
	o.must(err)
	for _, member := range members {
		if _, err := o.Policies.User(o.t.Context(), account, member); err != nil {
			_, err = o.Policies.CreateUser(o.t.Context(), actor, account, pap.UserAttributes{Email: member})
			o.must(err)
		}
		o.must(o.Policies.AddToGroups(o.t.Context(), actor, account, member, []string{made.UUID}))
	}
	return made.UUID
}

// policy stores a policy of the account.
func (o office) policy(name, statement string) string {
	o.t.Helper()
	p, _, err := o.Policies.CreatePolicy(o.t.Context(), actor, pap.AccountLevel(account), "",
		pap.PolicyAttributes{Name: name, Statement: statement})
	o.must(err)
	return p.UUID
}

// edit gives a policy of the account another text.
func (o office) edit(policy, name, statement string) {
	o.t.Helper()
	_, err := o.Policies.UpdatePolicy(o.t.Context(), actor, pap.AccountLevel(account), policy,
		pap.PolicyAttributes{Name: name, Statement: statement})
	o.must(err)
}

// bind binds a policy to a group in the account.
func (o office) bind(policy, group string) {
	o.t.Helper()
	_, _, err := o.Policies.Bind(o.t.Context(), actor,
		pap.BindRequest{Level: pap.AccountLevel(account), Policy: policy, Groups: []string{group}})
	o.must(err)
}

// personal is the attributes of a personal token of this user.
func personal(user string, scopes ...string) tokens.Attributes {
	return tokens.Attributes{Owner: user, Personal: true, Environment: environment, Scopes: scopes}
}

// client asks a gate over connections that are kept, at most some at a time.
type client struct {
	http *http.Client
	addr string
}

func newClient(t testing.TB, addr string, connections int) client {
	transport := &http.Transport{
		MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections,
		DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return client{&http.Client{Transport: transport, Timeout: 30 * time.Second}, addr}
}

// answer is what came back, and when the question was sent and answered: the gate read its clock in between.
type answer struct {
	status         int
	body, decision string
	sent, received time.Time
}

func (c client) ask(method, target, token string, header http.Header) (answer, error) {
	request, err := http.NewRequest(method, "http://"+c.addr+target, nil)
	if err != nil {
		return answer{}, err
	}
	for name, lines := range header {
		request.Header[name] = lines
	}
	request.Header.Set("Authorization", "Api-Token "+token)
	a := answer{sent: time.Now()}
	response, err := c.http.Do(request)
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	a.received = time.Now()
	a.status, a.body, a.decision = response.StatusCode, string(body), response.Header.Get("X-Doorward-Decision-Id")
	return a, err
}

// until asks until the answer has this status, and says when it was received. Asking is the waiting.
func (c client) until(status int, method, target, token string) (time.Time, error) {
	for deadline := time.Now().Add(10 * time.Second); ; {
		a, err := c.ask(method, target, token, nil)
		switch {
		case err != nil:
			return a.received, err
		case a.status == status:
			return a.received, nil
		case time.Now().After(deadline):
			return a.received, fmt.Errorf("%s %s: still %d %s, want %d", method, target, a.status, a.body, status)
		}
	}
}
