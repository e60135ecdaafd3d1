package regogen_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/policyengine/parser"
	"github.com/doorward/doorward/policyengine/regogen"
)

// fewestStored is less than there are, so that a pattern that finds nothing any more is noticed.
const fewestStored = 25

var statementQuery = regexp.MustCompile(`"statementQuery":\s*("(?:[^"\\]|\\.)*")`)

// What every policy comes to that is built in, or that a story stores through the API, is Rego that the real OPA takes in strict
// mode. Policies that the API refuses make no Rego, and those with parameters need a binding for it.
func TestTheRealOPA_StoredPolicies(t *testing.T) {
	texts := map[string]bool{}
	for _, p := range pap.BuiltIn() {
		texts[p.Statement] = true
	}
	for _, pattern := range []string{"../papapi/testdata/*/*.txtar", "../../module/apitest/testdata/*.txtar"} {
		stories, err := filepath.Glob(pattern)
		if err != nil || len(stories) == 0 {
			t.Fatalf("no stories under %s: %v", pattern, err)
		}
		for _, story := range stories {
			content, err := os.ReadFile(story)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range statementQuery.FindAllSubmatch(content, -1) {
				var text string
				if err := json.Unmarshal(found[1], &text); err == nil {
					texts[text] = true
				}
			}
		}
	}
	o := newOPA(t)
	var files []string
	for text := range texts {
		tree, found := parser.ParsePolicy(text)
		if tree == nil || found.HasErrors() {
			continue
		}
		stored, _ := bind.Bind(bind.Policy{ID: "stored", Tree: tree, Level: bind.Account, LevelID: "account"}, nil, nil, catalog.Default())
		if stored == nil {
			continue
		}
		source, err := regogen.Source(stored.Statements)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, o.write(fmt.Sprintf("stored%d.rego", len(files)), source))
	}
	if len(files) < fewestStored {
		t.Fatalf("only %d policies of %d texts", len(files), len(texts))
	}
	for _, file := range files {
		o.run("check", "--strict", file)
	}
}
