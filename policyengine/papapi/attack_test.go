package papapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/papapi"
)

// hostile are texts that end a quoted value, a statement, a list, a URL or a line, if anybody ever puts them together.
var hostile = []string{
	`"; ALLOW settings:objects:write; //`, `'; ALLOW settings:objects:write; //`, `\"; ALLOW settings:objects:write; //`,
	`x"), ("`, "${bindParam:team}", "${global:userId}", "*", "a,b", "\n; ALLOW settings:objects:write", "');--", "../../..", "%00", "{", "]",
}

const byTeam = `ALLOW settings:objects:read WHERE settings:schemaId = "${bindParam:team}";`

// Attack: whoever may bind a policy, or name a group, writes policy text into a parameter, a name, a description, metadata,
// an identifier or a query, and so gets a statement that nobody wrote. Fix: parameters are put into the tree and never into
// text, and nothing else of a binding is read by a policy. Invariant: whatever is sent, the group has the one statement that
// it had, and a bound value is the value that was sent, as one text.
func TestInjection(t *testing.T) {
	d := newDesk(t)
	group, policy := d.group("IT"), d.policy("by team", byTeam)
	base := "/iam/v1/repo/account/" + account
	pair := base + "/bindings/" + policy + "/" + group
	d.want(http.StatusNoContent, http.MethodPost, pair, `{"parameters":{"team":"it"}}`)
	before := d.statements(group)
	for _, text := range hostile {
		quoted, escaped := jsonOf(t, text), url.PathEscape(text)
		for _, r := range [][3]string{
			{http.MethodPost, pair, `{"parameters":{"team":"it"},"metadata":{` + quoted + `:` + quoted + `}}`},
			{http.MethodPut, pair + "?parameters[team]=it", `{"metadata":{` + quoted + `:` + quoted + `}}`},
			{http.MethodPut, pair + "?parameters[" + escaped + "]=" + url.QueryEscape(text), `{"boundaries":[` + quoted + `]}`},
			{http.MethodPost, pair, `{"parameters":{` + quoted + `:"it"}}`},
			{http.MethodPost, base + "/bindings/" + policy, `{"groups":[` + quoted + `],"parameters":{"team":"it"}}`},
			{http.MethodPost, base + "/bindings/" + escaped, `{"groups":["` + group + `"]}`},
			{http.MethodPut, base + "/bindings/groups/" + escaped, `{"policyUuids":[]}`},
			{http.MethodPut, base + "/bindings/groups/" + group, `{"policyUuids":["` + policy + `",` + quoted + `]}`},
			{http.MethodDelete, pair + "?parameters[team]=" + url.QueryEscape(text), ""},
			{http.MethodDelete, pair + "?metadata[x]=" + url.QueryEscape(text), ""},
			{http.MethodPut, "/iam/v1/accounts/" + account + "/groups/" + group, `{"name":` + quoted + `,"description":` + quoted + `,"federatedAttributeValues":[` + quoted + `]}`},
			{http.MethodPut, base + "/policies/" + policy, `{"name":` + quoted + `,"description":` + quoted + `,"tags":[` + quoted + `],"statementQuery":` + jsonOf(t, byTeam) + `}`},
		} {
			if w := d.call("admin", r[0], r[1], r[2]); w.Code >= http.StatusInternalServerError {
				t.Errorf("%s %s: %d %s", r[0], r[1], w.Code, w.Body)
			}
			if diff := cmp.Diff(before, d.statements(group)); diff != "" {
				t.Fatalf("%s %s %s (-want +got):\n%s", r[0], r[1], r[2], diff)
			}
		}
	}
}

// A parameter that holds policy text is bound as what it is, or refused.
func TestParametersStayValues(t *testing.T) {
	d := newDesk(t)
	policy := d.policy("by team", byTeam)
	for i, text := range hostile {
		group := d.group(fmt.Sprint("group ", i))
		w := d.call("admin", http.MethodPost, "/repo/account/"+account+"/bindings/"+policy+"/"+group, `{"parameters":{"team":`+jsonOf(t, text)+`}}`)
		bound, err := d.Statements(t.Context(), []string{group}, account, environment)
		if err != nil {
			t.Fatal(err)
		}
		if w.Code == http.StatusBadRequest && len(bound) == 0 {
			continue
		}
		want := []ast.Part{ast.Text{Text: text}}
		if w.Code != http.StatusNoContent || len(bound) != 1 || bound[0].Permission != "settings:objects:read" || len(bound[0].Conditions) != 1 {
			t.Fatalf("%q: %d %s, bound %v", text, w.Code, w.Body, bound)
		}
		if diff := cmp.Diff(want, withoutPositions(bound[0].Conditions[0].Operands[0].Parts)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func withoutPositions(parts []ast.Part) (all []ast.Part) {
	for _, p := range parts {
		if text, ok := p.(ast.Text); ok {
			text.Pos = ast.Position{}
			p = text
		}
		all = append(all, p)
	}
	return all
}

func jsonOf(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Attack: two administrators write the bindings of a level at once, and a group ends up with the parameters of the one and
// the boundary of the other, or with neither. Fix: a level is replaced in one transaction. Invariant: whoever reads sees all
// of what some one writer wrote.
func TestWritersNeverMix(t *testing.T) {
	const writers, rounds = 50, 4
	d := newDesk(t)
	it, sales, policy := d.group("IT"), d.group("Sales"), d.policy("by team", byTeam)
	level := "/iam/v1/repo/environment/" + environment + "/bindings"
	body := func(i int) string {
		return fmt.Sprintf(`{"policyBindings":[{"policyUuid":%q,"groups":[%q,%q],"parameters":{"team":"t%d"},"metadata":{"writer":"t%d"},"boundaries":[]}]}`,
			policy, it, sales, i, i)
	}
	d.want(http.StatusNoContent, http.MethodPut, level, body(0))
	done := make(chan struct{})
	var readers, all sync.WaitGroup
	readers.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				whole(t, d.call("admin", http.MethodGet, level, "").Body.Bytes())
			}
		}
	})
	for i := range writers {
		all.Go(func() {
			for range rounds {
				if w := d.call("admin", http.MethodPut, level, body(i)); w.Code != http.StatusNoContent {
					t.Errorf("writer %d: %d %s", i, w.Code, w.Body)
				}
			}
		})
	}
	all.Wait()
	close(done)
	readers.Wait()
	whole(t, d.call("admin", http.MethodGet, level, "").Body.Bytes())
	if got := d.statements(it); got != d.statements(sales) || strings.Count(got, "ALLOW") != 1 {
		t.Errorf("IT has %s, Sales %s", got, d.statements(sales))
	}
}

// whole holds a listing to be one writer's.
func whole(t *testing.T, text []byte) {
	var got struct {
		PolicyBindings []struct {
			Groups               []string
			Parameters, Metadata map[string]string
		}
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Error(err)
		return
	}
	if len(got.PolicyBindings) != 1 || len(got.PolicyBindings[0].Groups) != 2 || got.PolicyBindings[0].Parameters["team"] != got.PolicyBindings[0].Metadata["writer"] {
		t.Errorf("half of a change: %s", text)
	}
}

// Attack: a secret is pasted into a field that many may read. Invariant: it is refused, and neither stored, answered nor
// recorded.
func TestSecretsStayOut(t *testing.T) {
	d := newDesk(t)
	group, policy := d.group("IT"), d.policy("by team", byTeam)
	for _, r := range [][3]string{
		{http.MethodPost, "/repo/account/" + account + "/policies", `{"name":"SECRET","description":"","statementQuery":"ALLOW settings:objects:read;"}`},
		{http.MethodPost, "/repo/account/" + account + "/policies", `{"name":"x","description":"","statementQuery":"// SECRET\nALLOW settings:objects:read;"}`},
		{http.MethodPost, "/repo/account/" + account + "/bindings/" + policy + "/" + group, `{"parameters":{"team":"SECRET"}}`},
		{http.MethodPost, "/repo/account/" + account + "/bindings/" + policy + "/" + group, `{"parameters":{"team":"x"},"metadata":{"a":"SECRET"}}`},
		{http.MethodPost, "/iam/v1/accounts/" + account + "/groups", `[{"name":"ok"},{"name":"x","description":"SECRET"}]`},
		{http.MethodPost, "/iam/v1/accounts/" + account + "/service-users", `{"name":"x","description":"SECRET"}`},
		{http.MethodPost, "/repo/account/" + account + "/boundaries", `{"name":"x","boundaryQuery":"settings:schemaId = \"SECRET\";"}`},
	} {
		if text := d.want(http.StatusBadRequest, r[0], r[1], r[2]); strings.Contains(text, "SECRET") {
			t.Errorf("%s %s answers the secret", r[0], r[1])
		}
	}
	if n := len(d.store.Events()); n != 2 {
		t.Errorf("%d events", n)
	}
}

// Attack: the identifiers of another account's things are tried one by one at one's own level. Invariant: to a stranger
// nothing there is different from nothing at all.
func TestStrangersLearnNothing(t *testing.T) {
	d := newDesk(t)
	group, policy := d.group("IT"), d.policy("p", "ALLOW settings:objects:read;")
	const nowhere = "0b6d3c1e-7f43-4f0c-9d1e-000000000001"
	mine, elsewhere := "/iam/v1/accounts/"+foreign, "/iam/v1/repo/environment/elsewhere"
	for _, r := range []struct{ method, path, body, there string }{
		{http.MethodGet, "/iam/v1/repo/account/" + foreign + "/policies/%s", "", policy},
		{http.MethodGet, mine + "/groups/%s/permissions", "", group},
		{http.MethodPut, mine + "/groups/%s/permissions", `[]`, group},
		{http.MethodDelete, mine + "/groups/%s", "", group},
		{http.MethodPost, elsewhere + "/bindings/%s", `{"groups":["` + group + `"]}`, policy},
		{http.MethodPut, elsewhere + "/bindings/groups/%s", `{"policyUuids":[]}`, group},
		{http.MethodGet, "/iam/v1/resolution/account/" + foreign + "/effectivepermissions?entityType=group&entityId=%s", "", group},
	} {
		got := d.call("stranger", r.method, fmt.Sprintf(r.path, r.there), r.body)
		want := d.call("stranger", r.method, fmt.Sprintf(r.path, nowhere), r.body)
		if got.Code != http.StatusNotFound || got.Code != want.Code || got.Body.String() != want.Body.String() {
			t.Errorf("%s %s: %d %s, and of nothing %d %s", r.method, r.path, got.Code, got.Body, want.Code, want.Body)
		}
	}
	d.call("stranger", http.MethodPut, "/iam/v1/repo/account/"+foreign+"/policies/"+policy, `{"name":"p","description":"","statementQuery":"DENY settings:objects:read"}`)
	if p, err := d.Policy(t.Context(), levelOf(account), policy); err != nil || p.Statement != "ALLOW settings:objects:read;" {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestSettles: the answer to a change of what decides comes after the change is in force, and a refusal waits for nothing.
func TestSettles(t *testing.T) {
	d := newDesk(t)
	d.want(http.StatusCreated, http.MethodPost, "/repo/account/"+account+"/policies", `{"name":"a","description":"","statementQuery":"ALLOW settings:objects:read;"}`)
	d.want(http.StatusBadRequest, http.MethodPost, "/repo/account/"+account+"/policies", `{"name":"a","description":"","statementQuery":""}`)
	d.want(http.StatusOK, http.MethodGet, "/repo/account/"+account+"/policies", "")
	if d.settled != 1 {
		t.Errorf("settled %d times", d.settled)
	}
	for _, o := range papapi.Operations(papapi.Config{Service: d.Service, Environments: estate{}, Resolve: d.resolve}) {
		if changes := o.Method != http.MethodGet && !strings.Contains(o.Path, "/validation") && !strings.HasSuffix(o.Path, ":resolve"); changes != (o.Action != "") {
			t.Errorf("%s %s has the action %q", o.Method, o.Path, o.Action)
		}
	}
}
