package endpoint

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/remote"
)

// siteTables are the tables of a site that forwards everything, and of one that serves Doorward's own API.
func siteTables(t *testing.T) map[string]*Table {
	t.Helper()
	c, err := Embedded("dynatrace")
	if err != nil {
		t.Fatal(err)
	}
	own, err := Embedded(Own)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*Table{"forwarding": mustBuild(t, c.Layer()), "own API": mustBuild(t, c.Layer(), own.Layer())}
}

// outcomes are what Viewer, User and Admin get for a request. about is what is known of it, "settings:schemaId=x".
func outcomes(table *Table, method, path, about string) string {
	var p Params
	row := table.Match(method, path, &p)
	if row == nil {
		return "no row"
	}
	name, value, known := strings.Cut(about, "=")
	candidates := row.RemoteCandidates(func(attribute string) ([]string, bool) { return []string{value}, known && attribute == name })
	var got []string
	for _, role := range roles {
		got = append(got, outcome(role, row, candidates...))
	}
	return strings.Join(got, " ")
}

// samples are written by hand from the published permissions, so that the golden matrix cannot be wrong unnoticed.
var samples = []struct{ request, about, want string }{
	// What one role after the other is to see.
	{"GET /api/v2/settings/objects", "", "yes yes yes"},
	{"POST /api/v2/settings/objects", "settings:schemaId=builtin:alerting.profile", "no no yes"},
	{"GET /api/v2/logs/search", "", "no no yes"},
	{"GET /api/v1/deployment/installer/agent/unix/default/latest", "", "no no yes"},
	{"POST /api/v2/settings/objects", "settings:schemaId=builtin:oneagent.features", "no yes yes"},
	{"PUT /api/v2/settings/objects/vu9U3hXa", "settings:schemaId=builtin:logmonitoring.log-agent-feature-flags", "no yes yes"},
	{"DELETE /api/v2/settings/objects/vu9U3hXa", "settings:schemaId=builtin:oneagent.features", "no no yes"},
	{"PUT /api/config/v1/service/requestAttributes/7", "", "no no yes"},
	{"GET /api/config/v1/service/requestAttributes/7", "", "yes yes yes"},
	{"POST /api/v1.0/onpremise/nodeManagement/nodeRestart", "", "no no yes"},
	{"POST /api/v2/apiTokens", "", "no no no"},
	{"GET /api/v1.0/onpremise/sslCertificate", "", "no no no"},
	{"GET /api/v1/userSessionQueryLanguage/table", "", "no no masked"},
	{"GET /api/v1/userSessionQueryLanguage/tree", "", "no no masked"},
	{"POST /api/v2/securityProblems/7/mute", "", "no no no"},

	// Downloads and content.
	{"GET /api/v1/deployment/installer/gateway/versions/unix", "", "no no yes"},
	{"GET /api/v1/deployment/installer/agent/connectioninfo/endpoints", "", "no no yes"},
	{"GET /api/v1/deployment/installer/agent/connectioninfo", "", "no no no"},
	{"GET /api/v1/deployment/installer/gateway/connectioninfo", "", "no no no"},
	{"GET /api/v1/deployment/lambda/layer", "", "no no yes"},
	{"GET /api/cluster/v2/deployment/installer/gateway/versions/unix", "", "no no yes"},
	{"GET /api/v1/rum/jsTag/APPLICATION-1", "", "no no yes"},
	{"GET /api/v2/rum/oneAgentJavaScriptTagWithSri/APPLICATION-1", "", "no no yes"},
	{"GET /api/v2/logs/export", "", "no no yes"},
	{"POST /api/v1/entity/infrastructure/hosts/HOST-1/logs/jobs/7/records", "", "no no yes"},
	{"GET /api/v1/entity/infrastructure/process-groups/PG-1/logs", "", "no no yes"},
	{"DELETE /api/v1/entity/infrastructure/custom-devices/C-1/logs/jobs/7", "", "no no yes"},
	{"POST /api/v2/logs/ingest", "", "no no yes"},
	{"POST /api/v2/otlp/v1/traces", "", "no no yes"},
	{"GET /api/v2/attacks", "", "no no masked"},
	{"GET /api/v2/attacks/7", "", "no no masked"},

	// Settings by their schema; hidden, a request is judged by every rule.
	{"POST /api/v2/settings/objects", "settings:schemaId=builtin:span-attribute", "no no yes"},
	{"POST /api/v2/settings/objects", "settings:schemaId=builtin:audit-log", "no no no"},
	{"PUT /api/v2/settings/objects/vu9U3hXa", "settings:schemaId=builtin:audit-log", "no no no"},
	{"DELETE /api/v2/settings/objects/vu9U3hXa", "", "no no no"},
	{"POST /api/v2/settings/objects", "settings:schemaId=builtin:OneAgent.features", "no no yes"},
	{"POST /api/v2/settings/objects", "", "no no no"},
	{"POST /api/v2/settings/objects/vu9U3hXa:transfer-ownership", "settings:schemaId=builtin:oneagent.features", "no no no"},
	{"GET /api/v2/settings/effectiveValues", "", "yes yes yes"},
	{"GET /api/v2/settings/schemas/builtin:audit-log", "", "yes yes yes"},
	{"PUT /api/config/v1/dataPrivacy", "", "no no yes"},
	{"PUT /api/config/v1/applications/web/default/dataPrivacy", "", "no no yes"},
	{"POST /api/config/v1/alertingProfiles/validator", "", "no no yes"},
	{"GET /api/config/v1/alertingProfiles", "", "yes yes yes"},

	// Methods that are not what they seem.
	{"POST /api/v1/timeseries/custom", "", "yes yes yes"},
	{"PUT /api/v1/timeseries/custom", "", "no no yes"},
	{"POST /api/v2/apiTokens/lookup", "", "yes yes yes"},
	{"POST /api/v1/tokens/lookup", "", "yes yes yes"},
	{"POST /api/cluster/v2/tokens/lookup", "", "yes yes yes"},
	{"GET /api/v1/problem/details/7/close", "", "no no yes"},
	{"GET /api/v1/problem/details/7", "", "yes yes yes"},
	{"GET /api/config/v1/dashboards/migrateAll", "", "no no yes"},
	{"GET /api/v1.0/onpremise/firewallManagement/removeClusterNode", "", "yes yes yes"},
	{"POST /api/v1.0/onpremise/firewallManagement/removeClusterNode", "", "no no yes"},
	{"GET /api/v1.0/onpremise/multiDc/restore/elasticsearch/recover", "", "yes yes yes"},
	{"HEAD /api/v2/metrics", "", "yes yes yes"},

	// The rest of an environment.
	{"PUT /api/v2/slo/7", "", "no no yes"},
	{"POST /api/v2/problems/7/close", "", "no no yes"},
	{"GET /api/v2/problems/7", "", "yes yes yes"},
	{"GET /api/v2/securityProblems/7", "", "no no yes"},
	{"GET /api/v2/davis/securityAdvices", "", "no no yes"},
	{"GET /api/v2/auditlogs/7", "", "yes yes yes"},
	{"GET /api/v1/config/clusterversion", "", "yes yes yes"},
	{"POST /api/v2/oneagents/remoteConfigurationManagement", "", "no no yes"},
	{"POST /api/v2/activeGates/remoteConfigurationManagement/preview", "", "no no yes"},
	{"PUT /api/v2/activeGates/7/autoUpdate", "", "no no yes"},
	{"POST /api/v2/activeGates/7/updateJobs/validator", "", "no no yes"},
	{"GET /api/v2/credentials/7", "", "yes yes yes"},
	{"GET /api/v2/credentials/7/details", "", "no no no"},
	{"PUT /api/v2/credentials/7", "", "no no no"},
	{"PUT /api/config/v1/aws/credentials/7/services", "", "no no no"},
	{"GET /api/config/v1/aws/credentials/7", "", "yes yes yes"},
	{"GET /api/config/v1/aws/iamExternalId", "", "no no no"},
	{"GET /api/v2/tenantTokenRotation/status", "", "no no no"},

	// The cluster.
	{"GET /api/v1.0/onpremise/cluster/configuration", "", "yes yes yes"},
	{"GET /api/v1.0/onpremise/supportArchive/7", "", "no no yes"},
	{"PUT /api/v1.0/onpremise/supportArchive/7", "", "no no yes"},
	{"GET /api/v1.0/onpremise/preferences", "", "yes yes yes"},
	{"POST /api/v1.0/onpremise/preferences", "", "no no no"},
	{"PUT /api/v1.0/onpremise/proxy/configuration", "", "no no yes"},
	{"GET /api/v1.0/onpremise/smtp", "", "yes yes yes"},
	{"POST /api/v1.0/onpremise/smtp", "", "no no no"},
	{"GET /api/v1.0/onpremise/users", "", "no no no"},
	{"GET /api/v1.0/onpremise/bootstrapManagement/files/keyStore", "", "no no no"},
	{"GET /api/cluster/v2/environments", "", "yes yes yes"},
	{"POST /api/cluster/v2/environments", "environment:createToken=false", "no no yes"},
	{"POST /api/cluster/v2/environments", "environment:createToken=true", "no no no"},
	{"POST /api/cluster/v2/environments/7/tokenManagementToken", "", "no no no"},
	{"PUT /api/cluster/v2/settings/objects/vu9U3hXa", "settings:schemaId=builtin:audit-log", "no no no"},
	{"GET /api/cluster/v2/remoteaccess/requests", "", "yes yes yes"},
	{"PUT /api/cluster/v2/remoteaccess/requests/7/state", "", "no no no"},
	{"DELETE /api/cluster/v2/userSessions", "", "no no no"},
	{"GET /api/v2/bizevents/ingest", "", "no row"},
	{"POST /api/v2/bizevents/ingest", "", "no no no"}, // nobody has said what it needs
	{"POST /platform/ingest/v1/events", "", "no no no"},
}

func TestRemoteSamples(t *testing.T) {
	for name, table := range siteTables(t) {
		for _, sample := range samples {
			method, path, _ := strings.Cut(sample.request, " ")
			if got := outcomes(table, method, path, sample.about); got != sample.want {
				t.Errorf("%s: %s %s: got %s, want %s", name, sample.request, sample.about, got, sample.want)
			}
		}
	}
}

// never is what no role reaches, written as requests and not as the lines of the catalogue. "?" stands for any segment, "*"
// for any number of them.
var never = []struct{ methods, path string }{
	{"any", "/api/v1.0/onpremise/sslCertificate/*"}, {"any", "/api/v1.0/onpremise/sso/saml/sp/cert"},
	{"any", "/api/v1.0/onpremise/bootstrapManagement/*"}, {"any", "/api/v1/certificate/*"},
	{"any", "/api/v1.0/onpremise/users/*"}, {"any", "/api/v1.0/onpremise/groups/*"}, {"any", "/api/v1.0/onpremise/userRepository/*"},
	{"write", "/api/v1.0/onpremise/passwordPolicy"}, {"write", "/api/v1.0/onpremise/smtp/*"},
	{"write", "/api/v2/credentials/*"}, {"write", "/api/config/v1/credentials/*"},
	{"write", "/api/config/v1/aws/credentials/*"}, {"write", "/api/config/v1/azure/credentials/*"},
	{"write", "/api/config/v1/cloudFoundry/credentials/*"}, {"write", "/api/config/v1/kubernetes/credentials/*"},
	{"any", "/api/config/v1/aws/iamExternalId"}, {"any", "/api/v2/tenantTokenRotation/*"}, {"any", "/api/v2/agentConnectionToken"},
	{"write", "/api/v2/apiTokens"}, {"write", "/api/v2/apiTokens/dt0c01.X"}, {"write", "/api/v1/tokens"}, {"write", "/api/v1/tokens/?7"},
	{"write", "/api/cluster/v2/tokens"}, {"write", "/api/cluster/v2/tokens/?7"}, {"write", "/api/cluster/v1/tokens/?7"},
	{"any", "/api/cluster/v2/environments/?/tokenManagementToken"}, {"write", "/api/v2/activeGateTokens/*"},
	{"write", "/iam/v1/repo/*"}, {"write", "/repo/*"}, {"write", "/iam/repo/*"}, {"any", "/iam/v1/accounts/?/users/*"},
	{"any", "/iam/v1/accounts/?/groups/*"}, {"any", "/iam/v1/accounts/?/service-users/*"},
	{"write", "/iam/v1/accounts/?/oauth2-clients/*"}, {"write", "/iam/v1/accounts/?/platform-tokens/*"},
	{"write", "/api/cluster/v2/remoteaccess/*"}, {"write", "/api/v1.0/onpremise/preferences"}, {"write", "/api/cluster/v2/userSessions"},
	{"any", "/api/v1/deployment/installer/gateway/connectioninfo"},
}

// Attack: a member of the staff with the strongest role makes what outlives the grant, or opens the door further: a token,
// a user, a policy, the setting itself. Fix: classes, before any permission. Invariant: whatever fits these paths, no role
// gets in, whatever is known of the request.
func TestNeverIsNever(t *testing.T) {
	for name, table := range siteTables(t) {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				closed := rapid.SampledFrom(never).Draw(t, "path")
				methods := table.Methods()
				if closed.methods == "write" {
					methods = slices.DeleteFunc(methods, func(m string) bool { return m == "GET" || m == "HEAD" })
				}
				method := rapid.SampledFrom(methods).Draw(t, "method")
				path := drawPath(t, closed.path)
				about := "settings:schemaId=" + rapid.SampledFrom([]string{"builtin:oneagent.features", "x"}).Draw(t, "schema")
				if got := outcomes(table, method, path, about); got != "no no no" && got != "no row" {
					t.Fatalf("%s %s: %s", method, path, got)
				}
			})
		})
	}
}

// drawPath fills a path with segments, among them those that rows have as literals.
func drawPath(t *rapid.T, path string) string {
	segment := rapid.SampledFrom([]string{"7", "store", "bulk", "services", "validator", "policies", "bindings", "start", "files",
		"requests", "state", "keyStore", "account", "levels", "ldap", "queryUsers", "permissions", "boundaries", "groups", "validation"})
	path = strings.ReplaceAll(path, "?", segment.Draw(t, "segment"))
	if prefix, open := strings.CutSuffix(path, "/*"); open {
		path = prefix
		for range rapid.IntRange(0, 6).Draw(t, "more") {
			path += "/" + segment.Draw(t, "segment")
		}
	}
	return path
}

// Nobody reaches a row of which nothing is said, and an alias is as closed as its row.
func TestUnmappedIsClosed(t *testing.T) {
	for name, table := range siteTables(t) {
		rules := map[string]string{}
		for _, row := range table.All() {
			rules[row.Pattern] = rulesOf(row)
		}
		for _, row := range table.All() {
			if row.AliasOf != "" && rulesOf(row) != rules[row.AliasOf] {
				t.Errorf("%s: the alias %s has %s, its row %s", name, row.Pattern, rulesOf(row), rules[row.AliasOf])
			}
			for _, role := range roles {
				if got := outcome(role, row, row.RemoteCandidates(nothingKnown)...); len(row.Remote) == 0 && got != "no" {
					t.Errorf("%s: %s: %s for %v", name, row.Pattern, got, role)
				}
			}
		}
	}
}

// changeless are the rows that only look, though their method is not GET.
var changeless = []string{
	"POST /api/v1/timeseries/{timeseriesIdentifier}", "POST /api/v2/apiTokens/lookup", "POST /api/v1/tokens/lookup",
	"POST /api/cluster/v2/tokens/lookup", "POST /sso/oauth2/introspect", "POST /sso/oauth2/tokeninfo",
	"POST /api/doorward/v1/policies/check",
}

// Attack: a Viewer changes something. Invariant: without conditions a Viewer has GET and the few rows that look by another
// method; to ask for access oneself is open to all.
func TestViewersChangeNothing(t *testing.T) {
	for name, table := range siteTables(t) {
		for _, row := range table.All() {
			if row.Method == "GET" || row.Method == "HEAD" {
				continue
			}
			for _, rule := range row.RemoteCandidates(nothingKnown) {
				open := outcome(remote.Viewer, row, rule) == "yes" && rule.Class != remote.Asking
				pattern := row.Pattern
				if row.AliasOf != "" {
					pattern = row.AliasOf
				}
				if open != slices.Contains(changeless, pattern) {
					t.Errorf("%s: %s: open %v", name, row.Pattern, open)
				}
			}
		}
	}
}

// A row of Doorward's own that stands where the other catalogue has one is as open as that.
func TestOwnRemoteAgrees(t *testing.T) {
	tables := siteTables(t)
	for _, row := range tables["own API"].All() {
		replaced := find(tables["forwarding"], *row)
		if replaced == nil || row.Catalog != Own || len(replaced.Remote) == 0 {
			continue
		}
		if is, was := rulesOf(row), rulesOf(replaced); is != was {
			t.Errorf("%s: %s, and %s where it is forwarded", row.Pattern, is, was)
		}
	}
}
