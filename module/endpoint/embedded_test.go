package endpoint

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func embeddedTable(t testing.TB) *Table {
	t.Helper()
	c, err := Embedded("dynatrace")
	if err != nil {
		t.Fatal(err)
	}
	table, err := Build(c.Layer())
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestEmbeddedIsInPrintedForm(t *testing.T) {
	c, err := Embedded("dynatrace")
	if err != nil {
		t.Fatal(err)
	}
	stored, err := embedded.ReadFile("catalog/dynatrace.json")
	if err != nil {
		t.Fatal(err)
	}
	printed, err := c.Print()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(stored), string(printed)); diff != "" {
		t.Errorf("catalog/dynatrace.json (-stored +printed):\n%s", diff)
	}
}

func TestEmbeddedCounts(t *testing.T) {
	c, err := Embedded("dynatrace")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{"scopes": len(c.Scopes), "aliases": len(c.Aliases)}
	for _, e := range c.Endpoints {
		got["rows"]++
		got[e.API]++
		for name, is := range map[string]bool{
			"derived": e.Derived, "public": e.Public, "any_token": e.AnyToken, "deprecated": e.Deprecated,
			"possibly_removed": e.PossiblyRemoved, "bearer_only": e.BearerOnly, "cluster": e.ClusterRealm,
			"personal": e.Personal == Yes, "not personal": e.Personal == No, "encoded slash": e.EncodedSlash,
		} {
			if is {
				got[name]++
			}
		}
	}
	for _, s := range c.Scopes {
		for name, is := range map[string]bool{
			"creatable": s.Creatable, "personal scopes": s.Personal, "cluster scopes": s.Cluster,
		} {
			if is {
				got[name]++
			}
		}
	}
	want := map[string]int{
		"rows": 1099, "scopes": 107, "aliases": 2, "derived": 98, "public": 1, "any_token": 3, "deprecated": 166,
		"possibly_removed": 18, "bearer_only": 84, "cluster": 216, "personal": 140, "not personal": 49, "encoded slash": 7,
		"creatable": 91, "personal scopes": 41, "cluster scopes": 6,
		"config-v1": 402, "env-v2": 251, "cluster-v1": 148, "env-v1": 143, "account": 78, "cluster-v2": 68, "platform": 9,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// TestEmbeddedRowsMatchThemselves fills the parameters of every row with values that occur in practice, and expects the
// row back, with these values.
func TestEmbeddedRowsMatchThemselves(t *testing.T) {
	table := embeddedTable(t)
	for _, row := range table.All() {
		for _, value := range []string{"x7", "builtin:host.cpu.usage:avg", `tag("a~b")`, "a.b~c", "a%2Fb", "%C3%B6", "v1.0"} {
			var values []string
			for range row.Params {
				values = append(values, value)
			}
			path := expand(row.Template, values)
			var p Params
			if got := table.Match(row.Method, path, &p); got != row || !slices.Equal(valuesOf(&p), values) {
				t.Errorf("%s %s: got %s with %q, want %s", row.Method, path, nameOf(got), valuesOf(&p), row.Pattern)
			}
			slash := strings.Contains(value, "%2F") && len(row.Params) > len(row.SlashParams)
			if p.SlashesAdmitted() == slash {
				t.Errorf("%s: slashes admitted: %v", path, !slash)
			}
		}
	}
}

// TestEmbeddedOverlaps goes through every pair of rows of which one has a literal where the other has a parameter, and
// never the other way round: 57 in the catalogue. The literal row wins its own path and leaves the rest to the other.
func TestEmbeddedOverlaps(t *testing.T) {
	c, err := Embedded("dynatrace")
	if err != nil {
		t.Fatal(err)
	}
	table := embeddedTable(t)
	overlaps := 0
	for _, strong := range c.Endpoints {
		for _, weak := range c.Endpoints {
			values, ok := covered(strong, weak)
			if !ok {
				continue
			}
			overlaps++
			var p Params
			path := expand(strong.Template, values)
			if got := table.Match(strong.Method, path, &p); got == nil || got.Template != strong.Template {
				t.Errorf("%s %s: got %s, want %s", strong.Method, path, nameOf(got), strong.Template)
			}
		}
	}
	if overlaps != 57 {
		t.Errorf("%d overlaps, want 57", overlaps)
	}
}

// covered reports whether weak matches all that strong matches, and gives values for the parameters of strong.
func covered(strong, weak Endpoint) (values []string, ok bool) {
	a, b := strings.Split(strong.Template, "/"), strings.Split(weak.Template, "/")
	if strong.Method != weak.Method || strong.Template == weak.Template || len(a) != len(b) {
		return nil, false
	}
	for i := range a {
		isParam := strings.HasPrefix(a[i], "{")
		if a[i] != b[i] && (!strings.HasPrefix(b[i], "{") || strings.Contains(b[i], "}:")) || isParam && b[i][0] != '{' {
			return nil, false
		}
		if isParam {
			values = append(values, "x7")
		}
	}
	return values, true
}

// TestEmbeddedWinners names the overlaps where the two rows ask for different scopes, the ones where a wrong winner
// would let somebody in, and the crossings, where the first segment that differs decides.
func TestEmbeddedWinners(t *testing.T) {
	table := embeddedTable(t)
	tests := []struct{ request, want, scopes string }{
		{"GET /api/v2/extensions/x/environmentConfiguration", "/api/v2/extensions/{extensionName}/environmentConfiguration",
			"extensionEnvironment.read extensions.read"},
		{"DELETE /api/v2/extensions/x/environmentConfiguration", "/api/v2/extensions/{extensionName}/environmentConfiguration",
			"extensionEnvironment.write extensions.write"},
		{"GET /api/v2/extensions/x/monitoringConfigurations", "/api/v2/extensions/{extensionName}/monitoringConfigurations",
			"extensionConfigurations.read"},
		{"GET /api/config/v1/dashboards/migrateAll", "/api/config/v1/dashboards/migrateAll", "WriteConfig"},
		{"GET /iam/v1/repo/account/1/policies/aggregate", "/iam/v1/repo/{levelType}/{levelId}/policies/aggregate", ""},
		{"GET /api/v2/extensions/schemas/environmentConfiguration", "/api/v2/extensions/schemas/{schemaVersion}", "extensions.read"},
		{"GET /api/v2/metrics/query", "/api/v2/metrics/query", "metrics.read"},
		{"DELETE /api/v2/metrics/query", "/api/v2/metrics/{metricKey}", "metrics.write"},
		{"POST /api/v2/settings/objects/a:b:transfer-ownership", "/api/v2/settings/objects/{objectId}:transfer-ownership", "settings.write"},
		{"POST /api/v2/settings/effective-permissions:resolve", "/api/v2/settings/effective-permissions:resolve", "settings.read"},
	}
	for _, test := range tests {
		method, path, _ := strings.Cut(test.request, " ")
		var p Params
		row := table.Match(method, path, &p)
		if row == nil || row.Template != test.want || row.ScopeParameter != test.scopes {
			t.Errorf("%s: got %s, want %s with scopes %q", test.request, nameOf(row), test.want, test.scopes)
		}
	}
}

func TestEmbeddedScopes(t *testing.T) {
	table := embeddedTable(t)
	tests := []struct{ request, want string }{
		{"GET /api/v2/apiTokens", "apiTokens.read"},
		{"POST /api/v2/apiTokens", "apiTokens.write"},
		{"GET /api/v2/metrics/query", "metrics.read"},
		{"POST /api/v2/metrics/ingest", "metrics.ingest"},
		{"DELETE /api/v2/metrics/builtin:host.cpu.usage:avg", "metrics.write"},
		{"POST /api/v2/logs/ingest", "logs.ingest"},
		{"POST /api/v2/otlp/v1/logs", "logs.ingest"},
		{"POST /api/v2/otlp/v1/traces", "openTelemetryTrace.ingest"},
		{"POST /api/v2/events/ingest", "events.ingest"},
		{"GET /api/v1/config/clusterversion", "DataExport"},
		{"GET /api/v1/oneagents", "oneAgents.read DataExport"},
		{"PUT /api/v2/extensions/n/environmentConfiguration", "extensionEnvironment.write extensions.write"},
		{"GET /api/v2/synthetic/executions", "syntheticExecutions.read ExternalSyntheticIntegration ReadSyntheticData"},
		{"GET /api/config/v1/alertingProfiles", "ReadConfig"},
		{"POST /platform/ingest/v1/events", "openpipeline.events"},
	}
	for _, test := range tests {
		method, path, _ := strings.Cut(test.request, " ")
		var p Params
		row := table.Match(method, path, &p)
		if row == nil {
			t.Errorf("%s: no row", test.request)
			continue
		}
		want, got := strings.Fields(test.want), slices.Sorted(slices.Values(row.Scopes))
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.request, diff)
		}
	}
}

func TestEmbeddedMessages(t *testing.T) {
	table := embeddedTable(t)
	var p Params
	row := table.Match("GET", "/api/v1/oneagents", &p)
	got := []string{row.MissingScope, row.MissingScopePlain, row.ScopeParameter, row.Pattern, row.Origin, row.Catalog}
	want := []string{
		"Token is missing required scope. Use one of: " +
			"oneAgents.read (Read OneAgents), DataExport (Access problem and event feed, metrics, and topology)",
		"Token is missing required scope. Use one of: oneAgents.read, DataExport",
		"oneAgents.read DataExport", "GET /api/v1/oneagents", "dynatrace", "dynatrace",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
	row = table.Match("GET", "/api/v2/rnMappingFiles", &p)
	wantOAuth := "OAuth token is missing required scope. Use one of: [environment-api:symbol-files:read, deobfuscation:symbol-files:read]"
	if row.MissingOAuthScope != wantOAuth || row.MissingScope != "" || !row.BearerOnly {
		t.Errorf("got %q and %q", row.MissingOAuthScope, row.MissingScope)
	}
}

func TestEmbeddedAliases(t *testing.T) {
	table := embeddedTable(t)
	var p Params
	row := table.Match("POST", "/platform/classic/environment-api/v2/apiTokens/lookup", &p)
	want := []string{"environment-api:api-tokens:read", "api-tokens:tokens:read"}
	if row == nil || row.AnyToken || !row.BearerOnly || row.AliasOf != "POST /api/v2/apiTokens/lookup" {
		t.Fatalf("the alias of the lookup must ask for OAuth scopes: %+v", row)
	}
	if diff := cmp.Diff(want, row.OAuthScopes); diff != "" {
		t.Errorf("OAuth scopes (-want +got):\n%s", diff)
	}
	if row := table.Match("GET", "/platform/classic/environment-api/v1/time", &p); row != nil {
		t.Errorf("a public row has no OAuth scopes and no alias, got %s", row.Pattern)
	}
	derived := 0
	for _, row := range table.All() {
		source := table.Match(row.Method, expand(row.Template, slices.Repeat([]string{"x7"}, len(row.Params))), &p)
		if row.AliasOf != "" && row.Derived {
			derived++
		}
		if row.AliasOf != "" && (len(row.Scopes) > 0 || !row.BearerOnly || source != row) {
			t.Errorf("%s: not judged by OAuth scopes alone", row.Pattern)
		}
	}
	if got := table.Len() - 1099; got != 268 || derived == 0 {
		t.Errorf("%d aliases, %d of them derived; want 268 and some", got, derived)
	}
}

func TestEmbeddedUnknown(t *testing.T) {
	_, err := Embedded("dynatrce")
	want := `there is no embedded catalogue "dynatrce"; did you mean "dynatrace"? (there are: doorward, dynatrace)`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
