package internal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const project = "github.com/doorward/doorward"

// pkg is what the rules need to know of a package. The JSON names are those of `go list`.
type pkg struct {
	ImportPath   string
	Imports      []string // of what is built
	TestImports  []string // of _test files in the package
	XTestImports []string // of _test files in the package's external test package
}

// rule forbids imports. Paths are patterns: one that ends in "/..." means the path and everything under it, "." is the
// project's root package, one that begins with "./" is seen from the root, and "./...x" is every package under the root
// whose path ends in x.
type rule struct {
	from   []string // the packages that are bound
	except []string // those among them that are not
	not    []string // what they may not import
	allow  []string // what among it they may all the same
	tests  bool     // _test files are bound too
	reason string   // completes "because …"
}

var (
	everything = []string{".", "./..."}
	engines    = []string{"./policyengine/...", "./tokens/...", "./remote/..."}
	sql        = []string{"database/sql/...", "modernc.org/sqlite/...", "github.com/jackc/pgx/v5/...", "github.com/pressly/goose/v3/..."}
	caddy      = []string{"github.com/caddyserver/caddy/v2/...", "github.com/caddyserver/certmagic/..."}
	// Test suites that several packages run, such as storetest. They are written against *testing.T and live in ordinary
	// files, because a _test file cannot be imported.
	suites = []string{"./...test"}
)

// rules are the arrows cmd -> module -> {policyengine | tokens | remote} -> internal, and what follows from them. The root
// package, the runnable examples and the benchmarks stand where cmd stands.
var rules = []rule{
	{
		from: []string{"./internal/..."}, not: everything, allow: []string{"./internal/..."}, tests: true,
		reason: "internal is the ground that everything stands on, so it may rest on nothing of the project",
	},
	{
		from: []string{"./policyengine/..."}, not: []string{"./tokens/...", "./remote/..."}, tests: true,
		reason: "the engines speak only their own words; module translates between them, so each can be read, tested and replaced alone",
	},
	{
		from: []string{"./tokens/..."}, not: []string{"./policyengine/...", "./remote/..."}, tests: true,
		reason: "the engines speak only their own words; module translates between them, so each can be read, tested and replaced alone",
	},
	{
		from: []string{"./remote/..."}, not: []string{"./policyengine/...", "./tokens/..."}, tests: true,
		reason: "the engines speak only their own words; module translates between them, so each can be read, tested and replaced alone",
	},
	{
		from: engines, not: everything, allow: slices.Concat(engines, []string{"./internal/..."}), tests: true,
		reason: "an engine decides and knows nothing of the server around it; the arrow points from module to the engines",
	},
	{
		from: []string{"./module/..."}, not: everything, allow: slices.Concat(engines, []string{"./module/...", "./internal/..."}), tests: true,
		reason: "module is what cmd and the root package put into a binary, so it may know neither",
	},
	{
		from: slices.Concat(engines, []string{"./internal/..."}), not: caddy, tests: true,
		reason: "an engine has to run without a server: in a test, a benchmark, a command",
	},
	{
		from: slices.Concat(engines, []string{"./internal/..."}), not: sql, tests: true,
		reason: "an engine states as an interface what it wants kept; how it is kept is module/store's business",
	},
	{
		from: everything, except: []string{"./module/..."}, not: sql,
		reason: "everything that knows a database lives under module, so that a second dialect is one folder's work",
	},
	{
		from: everything, except: []string{"./policyengine/..."}, not: []string{"github.com/open-policy-agent/opa/..."}, tests: true,
		reason: "Rego is how policyengine works, not what it promises; the language under the IAM statements must stay replaceable",
	},
	{
		from:   slices.Concat(engines, []string{"./internal/..."}),
		not:    []string{"go.uber.org/zap/...", "github.com/prometheus/...", "go.opentelemetry.io/...", "github.com/spf13/cobra/..."},
		reason: "logs, metrics, traces and command lines are Caddy's and belong to module and cmd; an engine returns verdicts and faults",
	},
	{
		from: everything, except: suites,
		not: []string{
			"testing/...", "net/http/httptest", suites[0], "github.com/google/go-cmp/...", "pgregory.net/rapid/...",
			"github.com/rogpeppe/go-internal/testscript/...", "github.com/rogpeppe/go-internal/txtar/...",
			"github.com/caddyserver/caddy/v2/caddytest/...",
		},
		reason: "test code in the binary brings test flags and, worse, test doors; only _test files and test suites may import it",
	},
}

// TestLayers holds the packages of this module to the rules.
func TestLayers(t *testing.T) {
	for _, breach := range check(listPackages(t), rules) {
		t.Error(breach)
	}
}

// check returns one sentence for each import that a rule forbids.
func check(graph []pkg, rules []rule) []string {
	var breaches []string
	for _, p := range graph {
		for _, r := range rules {
			if !matches(r.from, p.ImportPath) || matches(r.except, p.ImportPath) {
				continue
			}
			for _, path := range r.imports(p) {
				if matches(r.not, path) && !matches(r.allow, path) {
					breaches = append(breaches, fmt.Sprintf("%s may not import %s, because %s", p.ImportPath, path, r.reason))
				}
			}
		}
	}
	return breaches
}

// imports are those of p that the rule looks at, each once.
func (r rule) imports(p pkg) []string {
	paths := slices.Clone(p.Imports)
	if r.tests {
		paths = slices.Concat(paths, p.TestImports, p.XTestImports)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

func matches(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if pattern == "." {
			return path == project
		}
		if rest, ok := strings.CutPrefix(pattern, "./"); ok {
			if ending, ok := strings.CutPrefix(rest, "..."); ok {
				return strings.HasPrefix(path, project+"/") && strings.HasSuffix(path, ending)
			}
			pattern = project + "/" + rest
		}
		if tree, ok := strings.CutSuffix(pattern, "/..."); ok {
			return path == tree || strings.HasPrefix(path, tree+"/")
		}
		return path == pattern
	})
}

// listPackages asks the go command. A package that does not compile is listed all the same: its imports can be judged, and
// its compiler errors are other tests' business.
func listPackages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var graph []pkg
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		graph = append(graph, p)
	}
	if !slices.ContainsFunc(graph, func(p pkg) bool { return p.ImportPath == project+"/internal/fault" }) {
		t.Fatalf("go list did not find the project's packages, only %d others", len(graph))
	}
	return graph
}

// TestCheck shows that each rule bites, on packages that do not exist.
func TestCheck(t *testing.T) {
	const in = project + "/"
	for name, tc := range map[string]struct {
		p    pkg
		want string // the forbidden import; "" where all is well
	}{
		"internal is the ground":     {pkg{ImportPath: in + "internal/rest", Imports: []string{"net/http", in + "tokens"}}, in + "tokens"},
		"internal on internal":       {pkg{ImportPath: in + "internal/rest", Imports: []string{in + "internal/fault"}}, ""},
		"engines apart":              {pkg{ImportPath: in + "policyengine/pap", Imports: []string{in + "tokens/scope"}}, in + "tokens/scope"},
		"engines apart in tests":     {pkg{ImportPath: in + "tokens", XTestImports: []string{in + "remote"}}, in + "remote"},
		"remote apart":               {pkg{ImportPath: in + "remote", Imports: []string{in + "policyengine"}}, in + "policyengine"},
		"engine on its own parts":    {pkg{ImportPath: in + "tokens/tokenapi", Imports: []string{in + "tokens", in + "internal/rest"}}, ""},
		"no arrow up":                {pkg{ImportPath: in + "tokens", TestImports: []string{in + "module/store/sqlite"}}, in + "module/store/sqlite"},
		"no arrow to the root":       {pkg{ImportPath: in + "remote", Imports: []string{project}}, project},
		"module not on cmd":          {pkg{ImportPath: in + "module", Imports: []string{in + "cmd/doorwardcmd"}}, in + "cmd/doorwardcmd"},
		"module on an engine":        {pkg{ImportPath: in + "module", Imports: []string{in + "remote", "database/sql"}}, ""},
		"Caddy in an engine":         {pkg{ImportPath: in + "remote", Imports: []string{"github.com/caddyserver/caddy/v2"}}, "github.com/caddyserver/caddy/v2"},
		"Caddy in an engine's test":  {pkg{ImportPath: in + "tokens", TestImports: []string{"github.com/caddyserver/caddy/v2/modules/caddyhttp"}}, "github.com/caddyserver/caddy/v2/modules/caddyhttp"},
		"SQL in an engine's test":    {pkg{ImportPath: in + "tokens", TestImports: []string{"modernc.org/sqlite"}}, "modernc.org/sqlite"},
		"SQL in a command":           {pkg{ImportPath: in + "cmd/doorwardcmd", Imports: []string{"modernc.org/sqlite"}}, "modernc.org/sqlite"},
		"OPA in module":              {pkg{ImportPath: in + "module", TestImports: []string{"github.com/open-policy-agent/opa/v1/rego"}}, "github.com/open-policy-agent/opa/v1/rego"},
		"OPA in the root":            {pkg{ImportPath: project, Imports: []string{"github.com/open-policy-agent/opa/v1/ast"}}, "github.com/open-policy-agent/opa/v1/ast"},
		"OPA where it belongs":       {pkg{ImportPath: in + "policyengine/regogen", Imports: []string{"github.com/open-policy-agent/opa/v1/ast"}}, ""},
		"zap in an engine":           {pkg{ImportPath: in + "policyengine", Imports: []string{"go.uber.org/zap"}}, "go.uber.org/zap"},
		"testing in the binary":      {pkg{ImportPath: in + "module", Imports: []string{"testing"}}, "testing"},
		"a suite in the binary":      {pkg{ImportPath: in + "cmd/doorward", Imports: []string{in + "module/store/storetest"}}, in + "module/store/storetest"},
		"testing in tests":           {pkg{ImportPath: in + "module", TestImports: []string{"testing", "testing/synctest"}}, ""},
		"testing in a suite":         {pkg{ImportPath: in + "module/store/storetest", Imports: []string{"testing", "pgregory.net/rapid"}}, ""},
		"a name that only begins so": {pkg{ImportPath: in + "tokens", Imports: []string{"github.com/open-policy-agent/opaque"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			want := []string{}
			if tc.want != "" {
				want = append(want, tc.p.ImportPath+" may not import "+tc.want)
			}
			got := []string{}
			for _, breach := range check([]pkg{tc.p}, rules) {
				sentence, _, _ := strings.Cut(breach, ", because ")
				got = append(got, sentence)
			}
			if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
				t.Errorf("breaches (-want +got):\n%s", diff)
			}
		})
	}
}
