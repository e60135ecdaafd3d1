package regogen_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/doorward/doorward/policyengine/ast/asttest"
	"github.com/doorward/doorward/policyengine/regogen"
)

// opa builds the real command, of the version in testdata/opa, and runs it.
type opa struct {
	t      *testing.T
	binary string
	dir    string
}

func newOPA(t *testing.T) opa {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the opa command")
	}
	o := opa{t, filepath.Join(t.TempDir(), "opa"), t.TempDir()}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", o.binary, "github.com/open-policy-agent/opa")
	build.Dir = filepath.Join("testdata", "opa")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as everywhere, also while this test has the race detector
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building opa: %v\n%s", err, out)
	}
	return o
}

func (o opa) write(name string, content []byte) string {
	o.t.Helper()
	path := filepath.Join(o.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		o.t.Fatal(err)
	}
	return path
}

func (o opa) run(args ...string) []byte {
	o.t.Helper()
	out, err := exec.CommandContext(o.t.Context(), o.binary, args...).CombinedOutput()
	if err != nil {
		o.t.Fatalf("opa %v: %v\n%s", args, err, out)
	}
	return out
}

// What `policy rego` shows is Rego that the real OPA takes in strict mode, with no more built-ins than ours, and that
// answers there as it does here.
func TestTheRealOPA(t *testing.T) {
	o := newOPA(t)
	capabilities, err := json.Marshal(regogen.Capabilities())
	if err != nil {
		t.Fatal(err)
	}
	allowed := o.write("capabilities.json", capabilities)
	corpus, err := os.ReadFile("testdata/rego.txtar")
	if err != nil {
		t.Fatal(err)
	}
	asttest.Replay(corpus, []string{"rego"}, func(c asttest.Case) []asttest.Section {
		source := o.write(c.Name+".rego", []byte(c.Inputs["rego"]))
		if c.Inputs["rego"] == "" {
			generated, err := regogen.Source(bound(t, c.Inputs["policy"]))
			if err != nil {
				t.Fatal(err)
			}
			source = o.write(c.Name+".rego", generated)
		}
		o.run("check", "--strict", "--capabilities", allowed, source)
		return nil
	})
	o.compare(t, `ALLOW settings:objects:read WHERE settings:schemaId startsWith "app:" AND settings:scope != "host";
		ALLOW settings:objects:read WHERE settings:schemaId MATCH ("*:two", "a?[x]*");
		DENY settings:objects:read WHERE settings:schemaId = "app:secret";
		DENY settings:objects:read WHERE settings:scope NOT IN ("environment", "host") AND settings:schemaId = "app:three";`)
}

// compare asks the command and the program the same, for every combination of a few values and the unknown.
func (o opa) compare(t *testing.T, policy string) {
	t.Helper()
	statements := bound(t, policy)
	source, err := regogen.Source(statements)
	if err != nil {
		t.Fatal(err)
	}
	rules := o.write("policy.rego", source)
	program, err := regogen.Compile(regogen.Module(statements), len(statements))
	if err != nil {
		t.Fatal(err)
	}
	var reads []regogen.Read
	for _, s := range statements {
		for r := range regogen.Reads(s) {
			if !slices.Contains(reads, r) {
				reads = append(reads, r)
			}
		}
	}
	question := regogen.NewQuestion("settings:objects:read", reads)
	for _, schema := range []string{"", "app:one", "app:secret", "app:three", "b:two", "a?[x]y"} {
		for _, scope := range []string{"", "environment", "host", `"quoted"; §`} {
			known := map[string]string{"settings:schemaId": schema, "settings:scope": scope}
			facts := make([]regogen.Fact, len(reads))
			for i, r := range reads {
				facts[i] = regogen.Fact{Values: []string{known[r.Name]}, Known: known[r.Name] != ""}
			}
			input := question.Input(facts, time.Unix(0, 0))
			here, err := program.Run(t.Context(), input, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(o.eval(rules, input), here); diff != "" {
				t.Errorf("schema %q, scope %q: (-opa +here)\n%s", schema, scope, diff)
			}
		}
	}
}

// eval asks the command.
func (o opa) eval(rules string, input *ast.Term) regogen.Outcome {
	o.t.Helper()
	value, err := ast.JSON(input.Value)
	if err != nil {
		o.t.Fatal(err)
	}
	text, err := json.Marshal(value)
	if err != nil {
		o.t.Fatal(err)
	}
	var answer struct{ Allow, Deny []string }
	out := o.run("eval", "--data", rules, "--input", o.write("input.json", text), "--format", "raw", "data.doorward.iam")
	if err := json.Unmarshal(out, &answer); err != nil {
		o.t.Fatalf("%v in %s", err, out)
	}
	return regogen.Outcome{Allow: numbers(o.t, answer.Allow), Deny: numbers(o.t, answer.Deny)}
}

func numbers(t *testing.T, texts []string) []int {
	t.Helper()
	var list []int
	for _, text := range texts {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, n)
	}
	slices.Sort(list)
	return list
}
