package endpoint

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module/attribute"
)

const everyAsk = `
catalog: shop
aliases: [{ prefix: /v1, for: /orders }]
endpoints:
  - endpoint: PUT /orders/{id}
    any_token: true
    permission: [shop:orders:write, shop:audit:write]
    attributes:
      shop:order: { path: id, decode: settings-object-id, field: scope }
      shop:item: { alternatives: [{ body: /items/*/id }, { constant: none }] }
      shop:tags: { query: tags, split: "|", multi: list }
      shop:region: { agree: [{ header: X-Region, split: "," }, { claim: region }] }
      shop:shelf: { query: shelf, multi: each }
    page_keys: [next]
    query_permissions: { force: shop:orders:force, admin: shop:orders:admin }
    max_body: 4096
  - { endpoint: GET /orders, any_token: true, permission: shop:orders:read }
  - { endpoint: GET /stock, any_token: true }
`

func TestParseAsk(t *testing.T) {
	c, err := Parse("shop.yaml", []byte(everyAsk))
	if err != nil {
		t.Fatal(err)
	}
	type source = attribute.Source
	want := &attribute.Rule{
		Permissions: []string{"shop:orders:write", "shop:audit:write"},
		Attributes: []attribute.Binding{
			{Name: "shop:item", Source: source{Kind: attribute.FromFirst, Sources: []source{
				{Kind: attribute.FromBody, Name: "/items/*/id"}, {Kind: attribute.FromConstant, Name: "none"}}}},
			{Name: "shop:order", Source: source{Kind: attribute.FromPath, Name: "id", Decode: "settings-object-id", Field: "scope"}},
			{Name: "shop:region", Source: source{Kind: attribute.FromAgreeing, Sources: []source{
				{Kind: attribute.FromHeader, Name: "X-Region", Split: ","}, {Kind: attribute.FromClaim, Name: "region"}}}},
			{Name: "shop:shelf", Source: source{Kind: attribute.FromQuery, Name: "shelf"}},
			{Name: "shop:tags", List: true, Source: source{Kind: attribute.FromQuery, Name: "tags", Split: "|"}},
		},
		PageKeys: []string{"next"},
		QueryPermissions: []attribute.QueryPermission{
			{Parameter: "admin", Permission: "shop:orders:admin"}, {Parameter: "force", Permission: "shop:orders:force"}},
		MaxBody: 4096,
	}
	if diff := cmp.Diff(want, c.Endpoints[0].Ask); diff != "" {
		t.Errorf("rule (-want +got):\n%s", diff)
	}
	checkPrints(t, c)
}

// TestAskIsCompiled: every row that asks has a plan, its alias included, and no other has one.
func TestAskIsCompiled(t *testing.T) {
	table := mustBuild(t, layersOf(t, everyAsk)...)
	for _, row := range table.All() {
		if (row.Ask == nil) != (row.Plan == nil) || (row.Template == "/stock") != (row.Plan == nil) {
			t.Errorf("%s: rule %v, plan %v", row.Pattern, row.Ask != nil, row.Plan != nil)
		}
	}
	if table.Len() != 5 {
		t.Errorf("%d rows, want 3 and 2 aliases", table.Len())
	}
}

// TestEmbeddedAsks names the rows of the embedded catalogue whose requests the policies decide. A row without a rule is
// decided by scopes alone, so a rule that got lost would open it to every user.
func TestEmbeddedAsks(t *testing.T) {
	const read, write = "settings:objects:read", "settings:objects:write"
	want := map[string]string{
		"GET /api/v2/settings/schemas":                                                       "settings:schemas:read",
		"GET /api/v2/settings/schemas/{schemaId}":                                            "settings:schemas:read",
		"GET /api/v2/settings/objects":                                                       read,
		"POST /api/v2/settings/objects":                                                      write,
		"GET /api/v2/settings/objects/{objectId}":                                            read,
		"PUT /api/v2/settings/objects/{objectId}":                                            write,
		"DELETE /api/v2/settings/objects/{objectId}":                                         write,
		"GET /api/v2/settings/objects/{objectId}/permissions":                                read,
		"POST /api/v2/settings/objects/{objectId}/permissions":                               write,
		"GET /api/v2/settings/objects/{objectId}/permissions/all-users":                      read,
		"PUT /api/v2/settings/objects/{objectId}/permissions/all-users":                      write,
		"DELETE /api/v2/settings/objects/{objectId}/permissions/all-users":                   write,
		"GET /api/v2/settings/objects/{objectId}/permissions/{accessorType}/{accessorId}":    read,
		"PUT /api/v2/settings/objects/{objectId}/permissions/{accessorType}/{accessorId}":    write,
		"DELETE /api/v2/settings/objects/{objectId}/permissions/{accessorType}/{accessorId}": write,
		"POST /api/v2/settings/objects/{objectId}:transfer-ownership":                        write,
		"GET /api/v2/settings/effectiveValues":                                               read,
		"GET /api/v2/settings/history":                                                       read,
		"GET /api/v2/settings/managementZones/{objectId}":                                    read,
		// Of these the ceiling over remote staff has to know what they are about.
		"POST /api/cluster/v2/settings/objects":              write,
		"PUT /api/cluster/v2/settings/objects/{objectId}":    write,
		"DELETE /api/cluster/v2/settings/objects/{objectId}": write,
		"POST /api/cluster/v2/environments":                  "environment:roles:manage-settings",
		"PUT /api/cluster/v2/environments":                   "environment:roles:manage-settings",
		"PUT /api/cluster/v2/environments/{id}":              "environment:roles:manage-settings",
	}
	got := map[string]string{}
	for _, row := range embeddedTable(t).All() {
		if row.Plan != nil && row.AliasOf == "" {
			got[row.Pattern] = row.Ask.Permissions[0]
		}
		if row.AliasOf != "" && (row.Plan != nil) != (want[row.AliasOf] != "") {
			t.Errorf("the alias %s asks otherwise than its row", row.Pattern)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows that ask (-want +got):\n%s", diff)
	}
}
