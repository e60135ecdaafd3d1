package papapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/doorward/doorward/policyengine/pap"
)

func levelOf(account string) pap.Level { return pap.AccountLevel(account) }

// TestPublishedLimits reaches the limits that are published for one policy, one boundary, one group and one account.
func TestPublishedLimits(t *testing.T) {
	d := newDesk(t)
	base := "/iam/v1/repo/account/" + account
	policy := func(name string, statements int) string {
		return fmt.Sprintf(`{"name":%q,"description":"","statementQuery":%q}`, name, strings.Repeat("ALLOW settings:objects:read; ", statements))
	}
	d.want(http.StatusBadRequest, http.MethodPost, base+"/policies", policy("p", 101))
	for i := range 200 {
		d.want(http.StatusCreated, http.MethodPost, base+"/policies", policy(fmt.Sprint("p", i), 1+i/199*99))
	}
	full := d.want(http.StatusBadRequest, http.MethodPost, base+"/policies", policy("one more", 1))
	if !strings.Contains(full, "There are as many policies as there may be.") {
		t.Error(full)
	}
	boundary := func(n int) string {
		return fmt.Sprintf(`{"name":"b","boundaryQuery":%q}`, strings.Repeat(`settings:schemaId = "a"; `, n))
	}
	d.want(http.StatusBadRequest, http.MethodPost, base+"/boundaries", boundary(11))
	d.want(http.StatusCreated, http.MethodPost, base+"/boundaries", boundary(10))

	permissions := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`{"permissionName":"tenant-viewer","scope":"e%d","scopeType":"tenant"}`, i))
		}
		return "[" + strings.Join(all, ",") + "]"
	}
	group := "/iam/v1/accounts/" + account + "/groups/" + d.group("IT") + "/permissions"
	d.want(http.StatusBadRequest, http.MethodPut, group, permissions(1001))
	d.want(http.StatusOK, http.MethodPut, group, permissions(1000))
	d.want(http.StatusBadRequest, http.MethodPost, group, `[{"permissionName":"tenant-viewer","scope":"more","scopeType":"tenant"}]`)
}

// TestLimits reaches the other limits, made smaller, and the numbers that are told.
func TestLimits(t *testing.T) {
	d := newDesk(t, func(c *pap.ServiceConfig) {
		c.Limits = pap.Limits{Policies: 2, Boundaries: 1, Bindings: 2, Groups: 3, Users: 2, GroupsPerUser: 1}
	})
	base, people := "/iam/v1/repo/account/"+account, "/iam/v1/accounts/"+account
	it, sales, dev := d.group("IT"), d.group("Sales"), d.group("Dev")
	for _, r := range []struct {
		status       int
		method, path string
		body         string
	}{
		{400, http.MethodPost, people + "/groups", `[{"name":"more"},{"name":"and more"}]`},
		{400, http.MethodPost, people + "/groups", `[{"name":"more"}]`},
		{201, http.MethodPost, people + "/users", `{"email":"a@example.org"}`},
		{201, http.MethodPost, people + "/service-users", `{"name":"robot"}`},
		{400, http.MethodPost, people + "/users", `{"email":"b@example.org"}`},
		{400, http.MethodPost, people + "/users/a@example.org", fmt.Sprintf("[%q,%q]", it, sales)},
		{201, http.MethodPost, people + "/users/a@example.org", fmt.Sprintf("[%q]", it)},
		{400, http.MethodPost, people + "/users/a@example.org", fmt.Sprintf("[%q]", sales)},
		{201, http.MethodPost, base + "/boundaries", `{"name":"b","boundaryQuery":"settings:schemaId = \"a\""}`},
		{400, http.MethodPost, base + "/boundaries", `{"name":"c","boundaryQuery":"settings:schemaId = \"a\""}`},
		{400, http.MethodPost, base + "/bindings/391e1096-0243-4593-afb6-a2fa1479585c", fmt.Sprintf(`{"groups":[%q,%q,%q]}`, it, sales, dev)},
		{204, http.MethodPost, base + "/bindings/391e1096-0243-4593-afb6-a2fa1479585c", fmt.Sprintf(`{"groups":[%q,%q]}`, it, sales)},
		{400, http.MethodPost, base + "/bindings/391e1096-0243-4593-afb6-a2fa1479585c", fmt.Sprintf(`{"groups":[%q]}`, dev)},
		{204, http.MethodPut, base + "/bindings", fmt.Sprintf(`{"policyBindings":[{"policyUuid":"391e1096-0243-4593-afb6-a2fa1479585c","groups":[%q,%q]}]}`, sales, dev)},
		{400, http.MethodPut, base + "/bindings", fmt.Sprintf(`{"policyBindings":[{"policyUuid":"391e1096-0243-4593-afb6-a2fa1479585c","groups":[%q,%q,%q]}]}`, it, sales, dev)},
	} {
		d.want(r.status, r.method, r.path, r.body)
	}
	want := `{"policies":{"count":0,"limit":2},"bindings":{"count":2,"limit":2},"boundaries":{"count":1,"limit":1}}`
	if got := d.want(http.StatusOK, http.MethodGet, base+"/limits", ""); got != want {
		t.Error(got)
	}
	want = `{"pageSize":1,"pageNumber":2,"total":2,"results":[{"limitType":"USERS","limitValue":2,"currentValue":2}]}`
	if got := d.want(http.StatusOK, http.MethodGet, people+"/limits?page=2&size=1", ""); got != want {
		t.Error(got)
	}
}

// TestRequiredMembers: clients whose code is generated from the published description refuse an answer that lacks one of
// these, whatever it is good for.
func TestRequiredMembers(t *testing.T) {
	d := newDesk(t)
	base, people := "/iam/v1/repo/account/"+account, "/iam/v1/accounts/"+account
	group, policy := d.group("IT"), d.policy("p", "ALLOW settings:objects:read;")
	d.want(http.StatusCreated, http.MethodPost, people+"/users", `{"email":"a@example.org"}`)
	d.want(http.StatusCreated, http.MethodPost, people+"/users/a@example.org", fmt.Sprintf("[%q]", group))
	d.want(http.StatusCreated, http.MethodPost, people+"/service-users", `{"name":"robot"}`)
	d.want(http.StatusCreated, http.MethodPost, base+"/boundaries", `{"name":"b","boundaryQuery":"settings:schemaId = \"a\""}`)
	d.want(http.StatusNoContent, http.MethodPost, base+"/bindings/"+policy+"/"+group, `{}`)
	d.want(http.StatusOK, http.MethodPut, people+"/groups/"+group+"/permissions", `[{"permissionName":"tenant-viewer","scope":"e","scopeType":"tenant"}]`)
	for path, wanted := range map[string]map[string]string{ // by the path to an object: its members
		base + "/policies/" + policy:                    {"": "uuid name tags description statementQuery statements", "statements.0": "effect permissions conditions"},
		base + "/policies":                              {"": "policies", "policies.0": "uuid name description"},
		base + "/policies/aggregate":                    {"policyOverviewList.0": "uuid name description levelId levelType"},
		base + "/boundaries":                            {"": "pageSize pageNumber totalCount content", "content.0": "uuid levelType levelId name boundaryQuery boundaryConditions metadata"},
		base + "/bindings":                              {"": "levelType levelId policyBindings", "policyBindings.0": "policyUuid groups"},
		base + "/bindings/groups/" + group:              {"": "policyUuids"},
		base + "/bindings/descendants/" + policy:        {"": "pageSize pageNumber totalCount content"},
		base + "/limits":                                {"": "policies bindings boundaries", "policies": "count limit"},
		people + "/limits":                              {"results.0": "limitType limitValue currentValue"},
		people + "/groups":                              {"": "count items", "items.0": "uuid name owner createdAt updatedAt"},
		people + "/groups/" + group + "/permissions":    {"": "name owner createdAt updatedAt permissions", "permissions.0": "permissionName scope scopeType createdAt updatedAt"},
		people + "/groups/" + group + "/users":          {"": "count items", "items.0": "uid email name surname userStatus emergencyContact"},
		people + "/users?service-users=false":           {"": "count items", "items.0": "uid email"},
		people + "/users/a@example.org":                 {"": "uid email groups", "groups.0": "groupName uuid owner accountUUID accountName description createdAt updatedAt"},
		people + "/service-users?page=1&page-size=9":    {"": "results totalCount", "results.0": "uid email name surname description createdAt"},
		"/env/v2/accounts/" + account + "/environments": {"data.0": "id name active url"},
		"/env/v1/accounts/" + account + "/environments": {"": "tenantResources managementZoneResources", "tenantResources.0": "name id"},
		"/ref/v1/account/permissions":                   {"0": "id description"},
		"/iam/v1/resolution/account/" + account + "/effectivepermissions?entityType=group&entityId=" + group: {
			"effectivePermissions.0":                                       "permission effects",
			"effectivePermissions.0.effects.0":                             "effect conditions effectivePolicies",
			"effectivePermissions.0.effects.0.effectivePolicies.0.policy":  "uuid name statementQuery levelType levelId",
			"effectivePermissions.0.effects.0.effectivePolicies.0.binding": "groupUuid levelType levelId",
		},
	} {
		text := d.want(http.StatusOK, http.MethodGet, path, "")
		for at, members := range wanted {
			got := membersAt(t, text, at)
			for name := range strings.FieldsSeq(members) {
				if !slices.Contains(got, name) {
					t.Errorf("%s: %s has %q, not %s", path, at, got, name)
				}
			}
		}
	}
}

func membersAt(t *testing.T, text, path string) (names []string) {
	t.Helper()
	var at any
	if err := json.Unmarshal([]byte(text), &at); err != nil {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(path, ".") {
		switch in := at.(type) {
		case map[string]any:
			if name != "" {
				at = in[name]
			}
		case []any:
			if len(in) == 0 {
				t.Fatalf("nothing at %s in %s", path, text)
			}
			at = in[0]
		}
	}
	object, _ := at.(map[string]any)
	for name := range object {
		names = append(names, name)
	}
	return names
}
