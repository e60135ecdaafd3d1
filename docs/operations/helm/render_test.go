// Package helm_test lints the chart and looks at what it renders. It is a module of its own, because Helm's packages bring half of
// Kubernetes with them.
package helm_test

import (
	"errors"
	"flag"
	"io"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	yamlv3 "go.yaml.in/yaml/v3"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the golden manifests anew")

// values are what an operator gives.
type values = map[string]any

var least = values{"upstream": "api.internal:9000"}

// most uses everything that the chart leaves out by default.
var most = values{
	"upstream": "api.internal:9000", "replicas": 5,
	"encryptionKey":       values{"existingSecret": "doorward-key"},
	"shutdown":            values{"delay": 20, "grace": 120},
	"env":                 []any{values{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://collector:4318"}},
	"image":               values{"repository": "images.internal/doorward", "tag": "1.2.3", "pullSecrets": []any{values{"name": "pull"}}},
	"service":             values{"type": "LoadBalancer", "annotations": values{"a": "b"}},
	"serviceAccount":      values{"annotations": values{"a": "b"}},
	"podAnnotations":      values{"a": "b"},
	"podLabels":           values{"team": "gate"},
	"nodeSelector":        values{"pool": "edge"},
	"tolerations":         []any{values{"key": "edge", "operator": "Exists"}},
	"affinity":            values{"nodeAffinity": values{}},
	"caddyfile":           ":8080 {\n\tdoorward\n}\n",
	"podDisruptionBudget": values{"maxUnavailable": 2},
	"networkPolicy": values{
		"clients":  []any{values{"namespaceSelector": values{"matchLabels": values{"name": "ingress"}}}},
		"watchers": []any{values{"namespaceSelector": values{"matchLabels": values{"name": "monitoring"}}}},
		"database": []any{values{"ipBlock": values{"cidr": "10.0.0.0/24"}}}, "databasePort": 6432,
		"upstream": []any{values{"podSelector": values{"matchLabels": values{"app": "api"}}}}, "upstreamPort": 8443,
	},
}

// render is `helm template`: the manifests by the name of their file, and the error of values that do not do.
func render(t *testing.T, given values) (map[string]string, error) {
	t.Helper()
	chart, err := loader.Load("doorward")
	if err != nil {
		t.Fatal(err)
	}
	merged, err := chartutil.ToRenderValues(chart, given, chartutil.ReleaseOptions{Name: "gate", Namespace: "edge", IsInstall: true}, nil)
	if err != nil {
		return nil, err
	}
	files, err := engine.Render(chart, merged)
	manifests := map[string]string{}
	for name, text := range files {
		if path.Ext(name) == ".yaml" && strings.TrimSpace(text) != "" {
			manifests[path.Base(name)] = text
		}
	}
	return manifests, err
}

// object reads the one object of a manifest, strictly.
func object(t *testing.T, manifests map[string]string, name string) values {
	t.Helper()
	var o values
	if err := yaml.UnmarshalStrict([]byte(manifests[name]), &o); err != nil {
		t.Fatalf("%s: %v in\n%s", name, err, manifests[name])
	}
	return o
}

// at follows keys, and indexes of lists.
func at(o any, way ...any) any {
	for _, step := range way {
		switch step := step.(type) {
		case string:
			m, _ := o.(values)
			o = m[step]
		case int:
			l, _ := o.([]any)
			if step >= len(l) {
				return nil
			}
			o = l[step]
		}
	}
	return o
}

func TestLint(t *testing.T) {
	for name, given := range map[string]values{"least": least, "most": most} {
		for _, message := range lint.All("doorward", given, "edge", true).Messages {
			if !strings.Contains(message.Err.Error(), "icon is recommended") {
				t.Errorf("%s: %s", name, message)
			}
		}
	}
}

// checksum is of the Caddyfile, which is compared with its original.
var checksum = regexp.MustCompile(`(checksum/caddyfile:) [0-9a-f]{64}`)

// TestGolden shows what comes of the values, so that a change of a template is read as what it does.
func TestGolden(t *testing.T) {
	for name, given := range map[string]values{"least": least, "most": most} {
		manifests, err := render(t, given)
		if err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for _, file := range slices.Sorted(maps.Keys(manifests)) {
			if file == "configmap.yaml" && name == "least" {
				continue // see TestCaddyfile
			}
			all.WriteString("---\n# " + file + "\n" + checksum.ReplaceAllString(strings.TrimSpace(manifests[file]), "$1 …") + "\n")
		}
		golden := "testdata/" + name + ".yaml"
		if *update {
			if err := os.WriteFile(golden, []byte(all.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(golden)
		if err != nil || string(want) != all.String() {
			t.Errorf("%s differs (%v); `go test -update` writes it anew, got\n%s", golden, err, all.String())
		}
		for decoder := yamlv3.NewDecoder(strings.NewReader(all.String())); ; {
			var o values
			err := decoder.Decode(&o)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || o["kind"] == nil || o["apiVersion"] == nil || at(o, "metadata", "name") != "gate-doorward" {
				t.Fatalf("%s: %v, %v", name, o, err)
			}
		}
	}
}

// The chart carries a copy of the Caddyfile, because Helm reads nothing from outside of a chart.
func TestCaddyfile(t *testing.T) {
	original, err := os.ReadFile("../../../caddyfiles/cluster.Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	manifests, err := render(t, least)
	if err != nil {
		t.Fatal(err)
	}
	if got := at(object(t, manifests, "configmap.yaml"), "data", "Caddyfile"); got != string(original) {
		t.Errorf("docs/operations/helm/doorward/files has another Caddyfile than caddyfiles:\n%s", got)
	}
}

// What a pod must and must not be, whatever the values say.
func TestPod(t *testing.T) {
	for name, given := range map[string]values{"least": least, "most": most} {
		manifests, err := render(t, given)
		if err != nil {
			t.Fatal(err)
		}
		deployment := object(t, manifests, "deployment.yaml")
		pod := at(deployment, "spec", "template", "spec")
		container := at(pod, "containers", 0)
		for _, must := range []struct {
			what string
			got  any
			want any
		}{
			{"a user", at(pod, "securityContext", "runAsNonRoot"), true},
			{"no token of the cluster", at(pod, "automountServiceAccountToken"), false},
			{"a root that is read only", at(container, "securityContext", "readOnlyRootFilesystem"), true},
			{"no more rights", at(container, "securityContext", "allowPrivilegeEscalation"), false},
			{"no rights of root", at(container, "securityContext", "capabilities", "drop", 0), "ALL"},
			{"readiness", at(container, "readinessProbe", "httpGet", "path"), "/doorward/ready"},
			{"liveness that knows no store", at(container, "livenessProbe", "httpGet", "path"), "/doorward/live"},
			{"a DSN out of a Secret", at(container, "env", 0, "valueFrom", "secretKeyRef", "name"), "doorward-database"},
			{"its own pods", at(deployment, "spec", "selector", "matchLabels", "app.kubernetes.io/instance"), "gate"},
		} {
			if must.got != must.want {
				t.Errorf("%s: %s: %v, want %v", name, must.what, must.got, must.want)
			}
		}
		delay, grace := 10.0, 30.0
		if given["shutdown"] != nil {
			delay, grace = 20, 120
		}
		if killed, _ := at(pod, "terminationGracePeriodSeconds").(float64); killed <= delay+grace {
			t.Errorf("%s: killed after %v s, while draining takes %v s", name, killed, delay+grace)
		}
	}
}

// Attack: a pod of the cluster asks for what is meant for those who watch, or for the admin endpoint. Invariant: no rule lets
// anybody in but to the gate, unless watchers are named, and then to the probes.
func TestNetworkPolicy(t *testing.T) {
	manifests, err := render(t, least)
	if err != nil {
		t.Fatal(err)
	}
	policy := object(t, manifests, "networkpolicy.yaml")
	rules, _ := at(policy, "spec", "ingress").([]any)
	if len(rules) != 1 || at(rules[0], "ports", 0, "port") != "http" {
		t.Errorf("by default the rules %v let in", rules)
	}
	if ports := at(policy, "spec", "egress", 2, "ports", 0, "port"); ports != 9000.0 {
		t.Errorf("out to the upstream goes port %v, want 9000", ports)
	}
	if manifests, err = render(t, most); err != nil {
		t.Fatal(err)
	}
	policy = object(t, manifests, "networkpolicy.yaml")
	if at(policy, "spec", "ingress", 1, "ports", 0, "port") != "health" || at(policy, "spec", "ingress", 1, "from", 0) == nil ||
		at(policy, "spec", "ingress", 0, "from", 0) == nil || at(policy, "spec", "ingress", 2) != nil {
		t.Errorf("with clients and watchers: %v", at(policy, "spec", "ingress"))
	}
}

func TestBadValues(t *testing.T) {
	for name, test := range map[string]struct {
		given values
		want  string
	}{
		"no upstream":         {values{}, "upstream: the API behind the gate, as host:port"},
		"an upstream's URL":   {values{"upstream": "http://api:9000"}, "upstream"},
		"no gateway":          {values{"upstream": "api:9000", "replicas": 0}, "replicas"},
		"a DSN in the values": {values{"upstream": "api:9000", "database": values{"url": "postgres://…"}}, "url"},
		"no grace":            {values{"upstream": "api:9000", "shutdown": values{"grace": 0}}, "grace"},
		"a delay with a unit": {values{"upstream": "api:9000", "shutdown": values{"delay": "10s"}}, "delay"},
	} {
		if _, err := render(t, test.given); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want an error about %q", name, err, test.want)
		}
	}
}
