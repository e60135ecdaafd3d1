package pap_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/policyengine/parser"
)

var atAccount = pap.AccountLevel(account)

// version4 is the expression by which clients judge identifiers.
var version4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestBuiltIn(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range pap.BuiltIn() {
		if !version4.MatchString(p.UUID) || seen[p.UUID] || seen[p.Name] || p.Level != pap.GlobalLevel || p.Description == "" {
			t.Errorf("%+v", p)
		}
		seen[p.UUID], seen[p.Name] = true, true
		tree, found := parser.ParsePolicy(p.Statement)
		if tree == nil {
			t.Fatalf("%s: %s", p.Name, found)
		}
		if found := catalog.Default().Check(tree, catalog.Strict); found.HasErrors() {
			t.Errorf("%s: %s", p.Name, found)
		}
	}
	for name, uuid := range map[string]string{ // bindings hold these: they are for ever
		"Settings Reader": "391e1096-0243-4593-afb6-a2fa1479585c",
		"Settings Writer": "680e287a-d1fa-4133-901b-c446e292a979",
	} {
		if !seen[name] || !seen[uuid] {
			t.Errorf("%s is not there, or under another identifier", name)
		}
	}
}

func TestBuiltInIsReadOnly(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	reader := d.builtInNamed("Settings Reader")
	attributes := pap.PolicyAttributes{Name: "mine", Statement: settings}
	_, _, err := d.CreatePolicy(ctx, "ann", pap.GlobalLevel, "", attributes)
	wantFault(t, "create", err, fault.Forbidden, "read-only")
	_, _, err = d.CreatePolicy(ctx, "ann", atAccount, reader, attributes)
	wantFault(t, "create in its place", err, fault.Forbidden, "read-only")
	_, err = d.UpdatePolicy(ctx, "ann", pap.GlobalLevel, reader, attributes)
	wantFault(t, "update", err, fault.Forbidden, "read-only")
	wantFault(t, "delete", d.DeletePolicy(ctx, "ann", pap.GlobalLevel, reader, true), fault.Forbidden, "read-only")
	_, err = d.Policy(ctx, atAccount, reader)
	wantFault(t, "seen from another level", err, fault.NotFound, "There is no such policy.")
	d.wantActions(0)

	all, err := d.Policies(ctx, pap.PolicyQuery{Level: pap.GlobalLevel})
	d.must(err)
	rest, err := d.Policies(ctx, pap.PolicyQuery{Level: pap.GlobalLevel, Page: pap.Page{After: all[1].UUID, Limit: 2}})
	d.must(err)
	if diff := cmp.Diff(all[2:4], rest); diff != "" {
		t.Errorf("second page (-want +got):\n%s", diff)
	}
}

func TestCreatePolicy(t *testing.T) {
	d := newDesk(t)
	text := "// comment\r\nALLOW settings:objects:read, settings:schemas:read WHERE null ;;\n"
	a := pap.PolicyAttributes{Name: "p", Description: "two\nlines", Tags: []string{"x"}, Statement: text}
	p, warnings, err := d.CreatePolicy(t.Context(), "ann", atAccount, "", a)
	d.must(err)
	if !version4.MatchString(p.UUID) || p.Statement != text || len(warnings) != 0 {
		t.Errorf("got %+v, %s", p, warnings)
	}
	got, err := d.Policy(t.Context(), atAccount, strings.ToUpper(p.UUID))
	if diff := cmp.Diff(p, got); err != nil || diff != "" {
		t.Errorf("Policy (-want +got):\n%s%v", diff, err)
	}
	d.wantActions(0, "policy.create")
	var detail struct{ Statement struct{ Text string } }
	if err := json.Unmarshal([]byte(d.newest().Detail), &detail); err != nil || detail.Statement.Text != text {
		t.Errorf("audit detail %s, %v", d.newest().Detail, err)
	}
	if diff := cmp.Diff([]string{"policy " + p.UUID}, d.heard); diff != "" {
		t.Errorf("OnChange (-want +got):\n%s", diff)
	}
	chosen := "0B6D3C1E-7f43-4f0c-9d1e-000000000001"
	p, _, err = d.CreatePolicy(t.Context(), "ann", atAccount, chosen, pap.PolicyAttributes{Name: "chosen", Statement: settings})
	if err != nil || p.UUID != strings.ToLower(chosen) {
		t.Errorf("chosen identifier: %s, %v", p.UUID, err)
	}
}

// Documented sentences come word for word, alone.
func TestPolicyRefused(t *testing.T) {
	d := newDesk(t)
	d.policy(atAccount, "taken", settings)
	long := strings.Repeat("x", 251)
	tests := []struct {
		name string
		a    pap.PolicyAttributes
		want string
	}{
		{"permission", pap.PolicyAttributes{Statement: "ALLOW environment:roles:admin;"}, "Invalid permission name: roles:admin for service environment"},
		{"condition", pap.PolicyAttributes{Statement: `ALLOW storage:logs:write WHERE storage:bucket-name = "x"`},
			"Invalid condition name for permission storage:logs:write : storage:bucket-name"},
		{"form", pap.PolicyAttributes{Statement: "ALLOW storage:*:read"},
			"ALLOW or DENY must be followed by a permission in the form service-name:resource:action"},
		{"empty", pap.PolicyAttributes{}, "at least one statement"},
		{"half", pap.PolicyAttributes{Statement: settings + " DENY settings:objects"}, "ALLOW or DENY must be followed"},
		{"name taken", pap.PolicyAttributes{Name: "taken", Statement: settings}, "A policy with this name exists already."},
		{"no name", pap.PolicyAttributes{Name: " ", Statement: settings}, "blank"},
		{"long name", pap.PolicyAttributes{Name: long, Statement: settings}, "has 1 to 250 characters"},
		{"name of lines", pap.PolicyAttributes{Name: "a\nb", Statement: settings}, "control character"},
		{"name from right to left", pap.PolicyAttributes{Name: "a\u202eb", Statement: settings}, "control character"},
		{"description", pap.PolicyAttributes{Description: "\x1b[31m", Statement: settings}, "control character"},
		{"tags", pap.PolicyAttributes{Tags: make([]string, 101), Statement: settings}, "at most 100"},
		{"tag", pap.PolicyAttributes{Tags: []string{""}, Statement: settings}, "tag"},
		{"secret in the text", pap.PolicyAttributes{Statement: "// SECRET\n" + settings}, "contains the secret of a token"},
		{"secret in the name", pap.PolicyAttributes{Name: "SECRET", Statement: settings}, "contains the secret of a token"},
	}
	for _, tt := range tests {
		if tt.a.Name == "" {
			tt.a.Name = "p"
		}
		_, _, err := d.CreatePolicy(t.Context(), "ann", atAccount, "", tt.a)
		wantFault(t, tt.name, err, fault.Invalid, tt.want)
		if public := fault.Public(err); strings.HasPrefix(tt.want, "Invalid ") && public != tt.want || strings.Contains(public, "SECRET") {
			t.Errorf("%s: public %q", tt.name, public)
		}
	}
	d.wantActions(0, "policy.create")

	_, _, err := d.CreatePolicy(t.Context(), "ann", atAccount, "", pap.PolicyAttributes{Name: "p", Statement: "ALLOW a:b:c;\nDENY settings:object:read;"})
	found, ok := errors.AsType[*pap.DiagnosticsError](err)
	if !ok || len(found.Diagnostics) != 2 || found.Diagnostics[1].Pos.Line != 2 || found.Diagnostics[1].Suggestion != "settings:objects:read" {
		t.Errorf("diagnostics: %+v", found)
	}
	for _, level := range []pap.Level{{}, {Type: "cluster", ID: "x"}, pap.AccountLevel(""), pap.AccountLevel("a/b"), pap.EnvironmentLevel(".."), pap.EnvironmentLevel(long)} {
		_, _, err := d.CreatePolicy(t.Context(), "ann", level, "", pap.PolicyAttributes{Name: "p", Statement: settings})
		wantFault(t, "level "+level.ID, err, fault.Invalid, "")
	}
	for _, uuid := range []string{"x", "../../../../../../../../../../../../..", "391e1096-0243-1593-afb6-a2fa1479585c", "391e1096-0243-4593-cfb6-a2fa1479585c"} {
		_, _, err := d.CreatePolicy(t.Context(), "ann", atAccount, uuid, pap.PolicyAttributes{Name: "p", Statement: settings})
		wantFault(t, "identifier "+uuid, err, fault.Invalid, "")
	}
	_, err = d.Policy(t.Context(), atAccount, "x")
	wantFault(t, "identifier", err, fault.Invalid, "Validation failed (uuid is expected)")
}

func TestPolicyLimit(t *testing.T) {
	d := newDesk(t, func(c *pap.ServiceConfig) { c.Limits = pap.Limits{Policies: 1, Groups: 1} })
	d.policy(atAccount, "one", settings)
	d.policy(pap.EnvironmentLevel(account), "one", settings)
	_, _, err := d.CreatePolicy(t.Context(), "ann", atAccount, "", pap.PolicyAttributes{Name: "two", Statement: settings})
	wantFault(t, "second policy", err, fault.Invalid, "There are as many policies as there may be.")
	d.group("IT")
	_, err = d.CreateGroup(t.Context(), "ann", account, pap.GroupAttributes{Name: "Sales"})
	wantFault(t, "second group", err, fault.Invalid, "There are as many groups as there may be.")
}

// The attack: whoever administers one account names a policy of another. The invariant: it is not there.
func TestPolicyOfAnotherLevel(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	uuid := d.policy(atAccount, "p", settings)
	for _, level := range []pap.Level{pap.AccountLevel("other"), pap.EnvironmentLevel(account)} {
		_, err := d.Policy(ctx, level, uuid)
		wantFault(t, "Policy", err, fault.NotFound, "There is no such policy.")
		_, err = d.UpdatePolicy(ctx, "eve", level, uuid, pap.PolicyAttributes{Name: "q", Statement: settings})
		wantFault(t, "UpdatePolicy", err, fault.NotFound, "There is no such policy.")
		wantFault(t, "DeletePolicy", d.DeletePolicy(ctx, "eve", level, uuid, true), fault.NotFound, "There is no such policy.")
	}
	d.wantActions(0, "policy.create")
}

func TestUpdatePolicy(t *testing.T) {
	d := newDesk(t)
	const one, two = `ALLOW settings:objects:read WHERE settings:schemaId = "${bindParam:a}";`, `ALLOW settings:objects:read WHERE settings:schemaId IN ("${bindParam:a}", "${bindParam:b}");`
	uuid, group := d.policy(atAccount, "p", one), d.group("IT")
	update := func(statement string) error {
		_, err := d.UpdatePolicy(t.Context(), "ann", atAccount, uuid, pap.PolicyAttributes{Name: "p2", Statement: statement})
		return err
	}
	d.must(update(two)) // not bound yet: anything goes
	d.must(update(one))
	d.bind(atAccount, uuid, pap.Terms{Parameters: map[string]string{"a": "x,,y"}}, group)
	before := len(d.store.Events())
	wantFault(t, "more parameters", update(two), fault.Invalid, `["a"], not ["a" "b"]`)
	wantFault(t, "no parameters", update(settings), fault.Invalid, `["a"], not []`)
	// The binding's value was one text; as a list it would have an empty item.
	wantFault(t, "impossible binding", update(strings.Replace(one, `= "${bindParam:a}"`, `IN ("${bindParam:a}")`, 1)), fault.Invalid,
		"could no longer be: The list in parameter a has an empty item")
	wantFault(t, "broken text", update("ALLOW"), fault.Invalid, "ALLOW or DENY must be followed")
	d.wantActions(before)
	d.wantStatements([]string{group}, `ALLOW settings:objects:read WHERE settings:schemaId = "x,,y";`)

	d.must(update(`DENY settings:objects:write WHERE settings:schemaId = "${bindParam:a}";`))
	d.wantActions(before, "policy.update")
	d.wantStatements([]string{group}, `DENY settings:objects:write WHERE settings:schemaId = "x,,y";`)
}

// The accident: of many bindings with parameters of their own one becomes impossible, those before it do not, and the change
// goes through; then nothing can be decided any more. The invariant: each of them is looked at.
func TestUpdatePolicyLooksAtEachBinding(t *testing.T) {
	d := newDesk(t)
	const one = `ALLOW settings:objects:read WHERE settings:schemaId = "${bindParam:a}";`
	uuid, group, boundary := d.policy(atAccount, "p", one), d.group("IT"), d.boundary("b", `settings:schemaId = "a"`)
	values := []string{"a", "b", "c", "d", "e", "f", "g", "h", "x,,y"}
	for _, value := range values {
		d.bind(atAccount, uuid, pap.Terms{Parameters: map[string]string{"a": value}, Boundaries: []string{boundary}}, group)
	}
	update := func() error {
		statement := strings.Replace(one, `= "${bindParam:a}"`, `IN ("${bindParam:a}")`, 1)
		_, err := d.UpdatePolicy(t.Context(), "ann", atAccount, uuid, pap.PolicyAttributes{Name: "p", Statement: statement})
		return err
	}
	wantFault(t, "one is impossible", update(), fault.Invalid, "could no longer be: The list in parameter a has an empty item")
	_, err := d.Unbind(t.Context(), "ann", pap.UnbindRequest{Level: atAccount, Policy: uuid, Parameters: map[string]string{"a": "x,,y"}})
	d.must(err)
	d.must(update())
}

func TestDeletePolicy(t *testing.T) {
	d := newDesk(t)
	uuid, group := d.policy(atAccount, "p", settings), d.group("IT")
	d.bind(atAccount, uuid, pap.Terms{}, group)
	before := len(d.store.Events())
	err := d.DeletePolicy(t.Context(), "ann", atAccount, uuid, false)
	wantFault(t, "bound", err, fault.Invalid, "The policy is bound to groups.")
	d.must(d.DeletePolicy(t.Context(), "ann", atAccount, uuid, true))
	d.wantActions(before, "binding.delete", "policy.delete")
	d.wantStatements([]string{group})
	if !slices.Contains(d.heard, "policy "+uuid) {
		t.Errorf("OnChange was told %q", d.heard)
	}
}
