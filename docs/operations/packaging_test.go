// Package operations_test checks what stands beside it as far as that goes without a cluster: the dashboard, the rules, the unit, the
// compose file, and that all of them speak of metrics, files and ports that exist.
package operations_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard" // the modules that a Caddyfile may name
	"go.yaml.in/yaml/v3"
)

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// tool finds a program of Debian's. CI has all of them; elsewhere a missing one is no failure of the project's.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skip(err)
	}
	return path
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), tool(t, name), args...).CombinedOutput(); err != nil { //nolint:gosec // the test's own words
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// metrics are those that the page of the documentation lists, which another test compares with the code.
func metrics(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, found := range regexp.MustCompile("(?m)^\\| `(doorward_\\w+)` ").FindAllStringSubmatch(read(t, "../operations.md"), -1) {
		names = append(names, found[1])
	}
	if len(names) < 20 {
		t.Fatalf("the page lists only %d metrics", len(names))
	}
	return names
}

// speaksOfMetrics makes sure that a text names no metric that there is not.
func speaksOfMetrics(t *testing.T, file string) {
	t.Helper()
	known := metrics(t)
	for _, name := range regexp.MustCompile(`\bdoorward_\w+`).FindAllString(read(t, file), -1) {
		if !slices.Contains(known, name) {
			t.Errorf("%s speaks of %s, which no gateway has", file, name)
		}
	}
}

func TestRules(t *testing.T) {
	const rules = "prometheus/doorward.rules.yaml"
	speaksOfMetrics(t, rules)
	speaksOfMetrics(t, "prometheus/doorward.test.yaml")
	page := read(t, "../operations.md")
	for _, alert := range regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(read(t, rules), -1) {
		if !strings.Contains(page, "`"+alert[1]+"`") {
			t.Errorf("the page does not say what to do about %s", alert[1])
		}
		if !strings.Contains(read(t, "prometheus/doorward.test.yaml"), "alertname: "+alert[1]+"\n") {
			t.Errorf("nothing shows when %s goes off", alert[1])
		}
	}
	run(t, "promtool", "check", "rules", rules)
	run(t, "promtool", "test", "rules", "prometheus/doorward.test.yaml")
}

// dashboard is what is looked at of Grafana's format.
type dashboard struct {
	UID, Title    string
	SchemaVersion int
	Panels        []struct {
		ID          int
		Type, Title string
		Description string
		GridPos     struct{ X, Y, W, H int }
		Targets     []struct{ RefID, Expr, LegendFormat string }
	}
}

// A dashboard that Grafana would show: panels with a number, a place and a sentence, none over another, and expressions that
// Prometheus can read about metrics that exist.
func TestDashboard(t *testing.T) {
	speaksOfMetrics(t, "grafana.json")
	var d dashboard
	if err := json.Unmarshal([]byte(read(t, "grafana.json")), &d); err != nil {
		t.Fatal(err)
	}
	if d.UID == "" || d.Title == "" || d.SchemaVersion < 30 || len(d.Panels) == 0 {
		t.Fatalf("%+v is no dashboard", d)
	}
	taken, ids := map[[2]int]string{}, map[int]bool{}
	var expressions strings.Builder
	expressions.WriteString("groups:\n- name: dashboard\n  rules:\n")
	for _, p := range d.Panels {
		if ids[p.ID] || p.Title == "" || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %d %q at %v", p.ID, p.Title, p.GridPos)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("%q lies over %q", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type != "row" && (p.Description == "" || len(p.Targets) == 0) {
			t.Errorf("%q shows nothing, or does not say what", p.Title)
		}
		for i, target := range p.Targets {
			expr := strings.NewReplacer("$__rate_interval", "1m", "$instance", "a").Replace(target.Expr)
			fmt.Fprintf(&expressions, "  - {record: 'panel%d:%d', expr: '%s'}\n", p.ID, i, expr)
		}
	}
	file := filepath.Join(t.TempDir(), "dashboard.yaml")
	if err := os.WriteFile(file, []byte(expressions.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "promtool", "check", "rules", file)
}

// The unit with a program that is there in the gateway's place: whether systemd takes every line, and how much of the machine the
// process could get at. 0 is nothing, 10 everything.
func TestUnit(t *testing.T) {
	file := filepath.Join(t.TempDir(), "doorward.service")
	text := strings.ReplaceAll(read(t, "doorward.service"), "/usr/bin/doorward", "/bin/true")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "systemd-analyze", "verify", "--man=no", file)
	run(t, "systemd-analyze", "security", "--offline=true", "--threshold=20", file)
}

// service is what is looked at of a compose file.
type service struct {
	Image, Build    string
	Environment     map[string]string
	Command         []string
	Volumes         []string
	ReadOnly        bool     `yaml:"read_only"`
	CapDrop         []string `yaml:"cap_drop"`
	StopGracePeriod string   `yaml:"stop_grace_period"`
	Ports           []string
}

// Three gateways, none of which can be reached but through the balancer, and no password in the file.
func TestCompose(t *testing.T) {
	text := read(t, "compose/compose.yaml")
	var compose struct{ Services map[string]service }
	if err := yaml.Unmarshal([]byte(text), &compose); err != nil {
		t.Fatal(err)
	}
	balancer := read(t, "compose/balancer.Caddyfile")
	gateways := 0
	for name, s := range compose.Services {
		if name != "postgres" && (!s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"})) {
			t.Errorf("%s can write to its root, or has rights of root", name)
		}
		if len(s.Ports) > 0 && (name != "balancer" || !strings.HasPrefix(s.Ports[0], "127.0.0.1:")) {
			t.Errorf("%s can be reached at %v", name, s.Ports)
		}
		if !strings.HasPrefix(name, "gateway-") {
			continue
		}
		gateways++
		if !strings.Contains(balancer, name+":8080") || s.StopGracePeriod != "40s" || s.Build == "" ||
			!strings.Contains(s.Environment["DATABASE_URL"], "${POSTGRES_PASSWORD:?") {
			t.Errorf("%s is %+v", name, s)
		}
		if _, err := os.Stat(filepath.Join("compose", s.Build, "Dockerfile")); err != nil {
			t.Error(err)
		}
	}
	if gateways != 3 {
		t.Errorf("%d gateways, want 3", gateways)
	}
	if _, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(balancer), map[string]any{"filename": "balancer.Caddyfile"}); err != nil {
		t.Error(err)
	}
	// What the gateways take from the environment is what their Caddyfile names.
	for name := range compose.Services["gateway-1"].Environment {
		if !strings.Contains(read(t, "../../caddyfiles/cluster.Caddyfile"), "{$"+name) {
			t.Errorf("cluster.Caddyfile does not take %s", name)
		}
	}
}

// The image: every path that it copies is there or is made by the stage before, it does not end as root, and it has no shell to
// start anything else with.
func TestDockerfile(t *testing.T) {
	text := read(t, "../../Dockerfile")
	_, final, found := strings.Cut(text, "\nFROM gcr.io/distroless/static-debian12:nonroot\n")
	if !found || !strings.Contains(final, "\nUSER 65532:65532\n") || strings.Contains(final, "\nRUN ") {
		t.Error("the image has another base, ends as another user, or needs a shell")
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "../../go.mod"))[1]
	if !strings.Contains(text, "FROM golang:"+version+" AS build\n") {
		t.Errorf("the image is not built with Go %s", version)
	}
	for _, copied := range regexp.MustCompile(`COPY --from=build (?:--chown=\S+ )?(/out/\S+)`).FindAllStringSubmatch(final, -1) {
		if before, _, _ := strings.Cut(text, final); !strings.Contains(before, copied[1]) {
			t.Errorf("nothing makes %s", copied[1])
		}
	}
}
