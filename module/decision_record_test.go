package module_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/doorward/doorward/module/decisionlog"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/tokens"
)

// recording is plainSite with a decision log, whose options stand for %.
func recording(options string) string {
	return strings.Replace(plainSite, "store sqlite {STORE}", "store sqlite {STORE}\n\t\tdecision_log {FOLDER}/decisions {\n"+options+"\n}", 1)
}

// recorded ends the recording, so that everything is on disk, and gives the records, oldest first.
func recorded(t *testing.T, g *moduletest.Gate) []decisionlog.Record {
	t.Helper()
	g.Load(plainSite)
	var all []decisionlog.Record
	for r, err := range decisionlog.Scan(t.Context(), filepath.Join(g.Folder, "decisions"), decisionlog.Filter{}, 0) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	slices.Reverse(all)
	return all
}

var untimed = cmp.Options{
	cmpopts.IgnoreFields(decisionlog.Record{}, "Version", "Time", "ID", "ClientIP"),
	cmpopts.IgnoreFields(decisionlog.Stage{}, "Took"),
	cmpopts.IgnoreFields(decisionlog.Reason{}, "Policy"),
	cmpopts.EquateEmpty(),
}

func stagesTo(last string) (stages []decisionlog.Stage) {
	for _, name := range []string{"target", "credential", "principal", "endpoint", "scopes", "policies", "remote"} {
		stages = append(stages, decisionlog.Stage{Name: name})
		if name == last {
			break
		}
	}
	return stages
}

func TestRecords(t *testing.T) {
	g := moduletest.Start(t, recording("sample 1"))
	o := newOffice(t, g)
	o.bind(o.policy("closed", "// nobody\nDENY settings:objects:read WHERE settings:schemaId = \"builtin:secret\";"), "Sales")
	o.bind(builtIn(t, "Settings Reader"), "Sales")
	id, personal := g.Mint("", tokens.Attributes{Owner: "sales@example.com", Personal: true, Scopes: []string{"settings.read"}})
	const objects = "/api/v2/settings/objects"
	ask := func(target string) func() (*http.Response, string) {
		return func() (*http.Response, string) {
			return send(t, g, http.MethodGet, target, "Authorization: Api-Token "+personal)
		}
	}
	answersWith(t, http.StatusOK, ask(objects+"?schemaIds=builtin:a")) // the policies have arrived

	response, _ := ask(objects + "?schemaIds=builtin:a,builtin:secret,builtin:c&note=" + personal)()
	refusal := response.Header.Get("X-Doorward-Decision-Id")
	ask("/api/v2/entities?" + personal + "=x")()
	send(t, g, http.MethodGet, objects, "Authorization: Api-Token "+personal[:40]+strings.Repeat("A", 56))
	send(t, g, http.MethodGet, objects+"//"+personal)

	all := recorded(t, g)
	got := all[max(0, len(all)-5):]
	base := decisionlog.Record{
		Method: "GET", Host: "a.test", Path: objects, Environment: "default", Endpoint: "GET " + objects,
		TokenID: id, User: "sales@example.com", Kind: "dt0c01", Scopes: []string{"settings.read"}, Query: []string{"schemaIds"},
	}
	allowed, denied, scope, credential := base, base, base, base
	allowed.Decision, allowed.Reason, allowed.Stages = "allow", "allowed", stagesTo("remote")
	grant := decisionlog.Reason{Name: "Settings Reader", Level: "global", LevelID: "global", Effect: "ALLOW", Line: 1, Column: 1}
	about := func(schema string) map[string][]string { return map[string][]string{"settings:schemaId": {schema}} }
	allowed.Questions = []decisionlog.Question{{
		Permission: "settings:objects:read", Attributes: about("builtin:a"), Verdict: "allow", Reasons: []decisionlog.Reason{grant},
	}}
	denied.Decision, denied.Reason, denied.Status, denied.Detail = "deny", "policy", 403, "settings:objects:read"
	denied.Query, denied.Stages = []string{"schemaIds", "note"}, stagesTo("policies")
	denied.Questions = []decisionlog.Question{
		{Permission: "settings:objects:read", Attributes: about("builtin:secret"), Verdict: "deny", Reasons: []decisionlog.Reason{
			{Name: "closed", Level: "account", LevelID: "default", Effect: "DENY", Line: 2, Column: 1},
		}},
		{Permission: "settings:objects:read", Attributes: about("builtin:a"), Verdict: "allow", Reasons: []decisionlog.Reason{grant}},
	}
	scope.Decision, scope.Reason, scope.Status, scope.Stages = "deny", "scope", 403, stagesTo("scopes")
	scope.Path, scope.Endpoint, scope.Query = "/api/v2/entities", "GET /api/v2/entities", []string{tokens.Mask(personal)}
	credential.Decision, credential.Reason, credential.Status, credential.Cause = "deny", "bad_credential", 401, "wrong_secret"
	credential.TokenID, credential.User, credential.Kind, credential.Scopes, credential.Endpoint, credential.Query = "", "", "", nil, "", nil
	credential.Stages = stagesTo("principal")
	path := decisionlog.Record{
		Method: "GET", Host: "a.test", Decision: "deny", Reason: "bad_path", Status: 400, Stages: stagesTo("target"),
		Detail: "the path has an empty segment (//)",
	}
	want := []decisionlog.Record{allowed, denied, scope, credential, path}
	if diff := cmp.Diff(want, got, append(untimed, cmpopts.IgnoreFields(decisionlog.Question{}, "Cached"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got[1].ID != refusal {
		t.Errorf("the client was told of decision %s, the record is of %s", refusal, got[1].ID)
	}
	noSecretIn(t, filepath.Join(g.Folder, "decisions"), personal)
}

// Invariant: nothing in the log is of use to whoever reads it.
func noSecretIn(t *testing.T, folder, token string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", folder, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte(token[len(token)-40:])) {
			t.Errorf("%s holds a secret", file)
		}
	}
}

func TestRecordsAreSampled(t *testing.T) {
	g := moduletest.Start(t, recording("sample 3\nmask user path"))
	_, good := g.MintScopes("metrics.read")
	_, bad := g.MintScopes("logs.read")
	for _, token := range []string{good, bad} {
		for range 9 {
			send(t, g, http.MethodGet, "/api/v2/metrics/query", "Authorization: Api-Token "+token)
		}
	}
	count := map[string]int{}
	for _, r := range recorded(t, g) {
		count[r.Decision]++
		if r.User != "***" || r.Path != "***" {
			t.Errorf("user %q and path %q should be hidden", r.User, r.Path)
		}
	}
	if diff := cmp.Diff(map[string]int{"allow": 3, "deny": 9}, count); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A config that is loaded again goes on with the ring, and one that has other options for it cuts nothing.
func TestRecordingOutlivesReload(t *testing.T) {
	g := moduletest.Start(t, recording("sample 1"))
	_, token := g.MintScopes("metrics.read")
	ask := func() { send(t, g, http.MethodGet, "/api/v2/metrics/query", "Authorization: Api-Token "+token) }
	ask()
	g.Load(recording("sample 1") + "# changed\n")
	ask()
	g.Load(recording("sample 1\nmax_size 1MiB"))
	ask()
	g.Load(recording("off"))
	ask()
	if n := len(recorded(t, g)); n != 3 {
		t.Errorf("%d records, want 3", n)
	}
	files, _ := filepath.Glob(filepath.Join(g.Folder, "decisions", "*"))
	if len(files) != 2 {
		t.Errorf("%d segments, want one of each ring: %v", len(files), files)
	}
}

func TestUnusableDecisionFolder(t *testing.T) {
	g := moduletest.Start(t, plainSite)
	if err := os.WriteFile(filepath.Join(g.Folder, "decisions"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := g.TryLoad(recording("")); err == nil || !strings.Contains(err.Error(), "decision log: ") {
		t.Errorf("a folder that is a file: %v", err)
	}
	if err := os.Remove(filepath.Join(g.Folder, "decisions")); err != nil {
		t.Fatal(err)
	}
	if err := g.TryLoad(recording("mask secret")); err == nil || !strings.Contains(err.Error(), `"secret" cannot be masked; expected one of`) {
		t.Errorf("an unknown field: %v", err)
	}
}

// The decisions have a logger of their own, which a log can pick by its name or by the beginning of it.
func TestDecisionLogger(t *testing.T) {
	g := moduletest.Start(t, strings.Replace(plainSite, "level DEBUG", "level DEBUG\n\t\tinclude http.log.doorward", 1))
	_, token := g.MintScopes("metrics.read")
	send(t, g, http.MethodGet, "/api/v2/metrics/query", "Authorization: Api-Token "+token)
	send(t, g, http.MethodGet, "/api/v2/metrics/query")
	lines := strings.Split(strings.TrimSpace(g.Logs()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"msg":"allowed"`) || !strings.Contains(lines[1], `"msg":"refused"`) {
		t.Fatalf("got %q", lines)
	}
	for _, line := range lines {
		if !strings.Contains(line, `"logger":"http.log.doorward"`) {
			t.Errorf("another logger: %s", line)
		}
	}
}
