package doorwardcmd

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/catalog"
)

func policyDocs(t *testing.T) string {
	t.Helper()
	return docsPage(t, "policies.md")
}

func docsPage(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDocs_Texts checks every text in the documentation by the command that would take it.
func TestDocs_Texts(t *testing.T) {
	checked := map[string]int{}
	for _, block := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(policyDocs(t), -1) {
		kind, text := block[1], block[2]
		checked[kind]++
		var found ast.Diagnostics
		switch kind {
		case "policy":
			found = policyGrammar.check(text, catalog.Default())
		case "boundary":
			found = boundaryGrammar.check(text, catalog.Default())
		case "catalog":
			if _, err := catalog.Default().Merge([]byte(text)); err != nil {
				t.Error(err)
			}
		case "yaml":
			result, err := runSuite(t.Context(), namedText{"docs.yaml", text}, catalog.Default(), time.Unix(1_800_000_000, 0))
			if err != nil || result.broken || result.Failed > 0 {
				t.Errorf("%v, %+v", err, result)
			}
		}
		if found.HasErrors() {
			t.Errorf("%s\n%s", text, found)
		}
	}
	for _, kind := range []string{"policy", "boundary", "catalog", "yaml"} {
		if checked[kind] == 0 {
			t.Errorf("no %s in the documentation", kind)
		}
	}
}

// TestDocs_Commands compares the table of commands with the commands.
func TestDocs_Commands(t *testing.T) {
	_, table, _ := strings.Cut(policyDocs(t), "## All commands")
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+ \\w+)").FindAllStringSubmatch(table, -1) {
		documented[row[1]] = true
	}
	registered := map[string]bool{}
	for _, noun := range []caddycmd.Command{policyNoun, boundaryNoun, groupNoun, userNoun} {
		cmd := &cobra.Command{Use: noun.Name}
		noun.CobraFunc(cmd)
		for _, verb := range cmd.Commands() {
			registered[noun.Name+" "+verb.Name()] = true
		}
	}
	if diff := cmp.Diff(registered, documented); diff != "" {
		t.Errorf("commands (-registered +documented)\n%s", diff)
	}
}

// TestDocs_SuiteKeys compares the documented keys of a file of requests with those that are read.
func TestDocs_SuiteKeys(t *testing.T) {
	_, table, _ := strings.Cut(policyDocs(t), "| Key | Of | Meaning |")
	table, _, _ = strings.Cut(table, "\n\n")
	for key := range strings.FieldsSeq("account environment now catalogs text file builtin groups parameters boundaries id domain user " +
		"permission attributes expect reason") {
		if !strings.Contains(table, "`"+key+"`") {
			t.Errorf("the key %s is not documented", key)
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| (`.*?) \\|").FindAllStringSubmatch(table, -1) {
		for _, key := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(row[1], -1) {
			_, found := parseSuite("policies: [{" + key[1] + ": }]\nusers: {a: {" + key[1] + ": }}\nrequests: [{" + key[1] + ": }]\n" + key[1] + ":\n")
			// Unknown in all four places: then nothing reads it.
			if strings.Count(found.String(), "there is no key "+key[1]) == 4 {
				t.Errorf("there is no key %s", key[1])
			}
		}
	}
}
