package module

import (
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/zap"
)

var update = flag.Bool("update-metrics", false, "write the table of metrics in docs/operations.md anew")

// description is how Prometheus prints what it is told of a metric; there is no other way to read it.
var description = regexp.MustCompile(`fqName: "([^"]+)", help: "((?:[^"\\]|\\.)*)",.*variableLabels: \{([^}]*)\}`)

// TestDocs_Metrics compares the table of the documentation with what a gate tells Prometheus: names, types, labels and help texts.
func TestDocs_Metrics(t *testing.T) {
	const file = "../docs/operations.md"
	const begin, end = "<!-- metrics: go test ./module -run Docs_Metrics -args -update-metrics -->\n", "<!-- end of metrics -->"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	documented, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the metrics", file)
	}
	actual := metricsTable(t)
	if *update {
		if err := os.WriteFile(file, []byte(before+begin+actual+end+after), 0o644); err != nil { //nolint:gosec // a page of the documentation
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(documented, actual); diff != "" {
		t.Errorf("(-documented +actual):\n%s", diff)
	}
	for _, used := range regexp.MustCompile(`\bdoorward_[a-z_]+\b`).FindAllString(before+after, -1) {
		if !strings.Contains(actual, "`"+used+"`") {
			t.Errorf("%s speaks of %s, which is no metric", file, used)
		}
	}
}

// metricsTable is sorted by name.
func metricsTable(t *testing.T) string {
	t.Helper()
	_, g := benchmarkHandler(t)
	none, release, err := acquireDecisionRing(nil, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = release() }()
	var rows []string
	for _, c := range append(g.collectors(), none.collector()) {
		kinds := kindsOf(c)
		descriptions := make(chan *prometheus.Desc, 100)
		c.Describe(descriptions)
		close(descriptions)
		for d := range descriptions {
			read := description.FindStringSubmatch(d.String())
			if read == nil {
				t.Fatalf("%s cannot be read", d)
			}
			var labels []string
			for label := range strings.SplitSeq(read[3], ",") {
				if label != "" {
					labels = append(labels, "`"+label+"`")
				}
			}
			rows = append(rows, "| `"+read[1]+"` | "+kinds[d.String()]+" | "+strings.Join(labels, ", ")+" | "+read[2]+" |\n")
		}
	}
	slices.Sort(rows)
	return "| Metric | Type | Labels | Meaning |\n| --- | --- | --- | --- |\n" + strings.Join(rows, "")
}

// kindsOf are the types of what a collector has, by description. A vector that nothing was counted in has only its own type.
func kindsOf(c prometheus.Collector) map[string]string {
	kinds := map[string]string{}
	if vector, ok := c.(*prometheus.CounterVec); ok {
		descriptions := make(chan *prometheus.Desc, 1)
		vector.Describe(descriptions)
		kinds[(<-descriptions).String()] = "counter"
		return kinds
	}
	metrics := make(chan prometheus.Metric, 100)
	c.Collect(metrics)
	close(metrics)
	for m := range metrics {
		var value dto.Metric
		if err := m.Write(&value); err != nil {
			continue
		}
		kind := "gauge"
		if value.GetCounter() != nil {
			kind = "counter"
		}
		kinds[m.Desc().String()] = kind
	}
	return kinds
}
