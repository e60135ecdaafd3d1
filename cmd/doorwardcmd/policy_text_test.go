package doorwardcmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/catalog"
)

const wholeToken = "dt0c01.AAAAAAAAAAAAAAAAAAAAAAAA.SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS"

func TestSecretIn(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "",
		"ALLOW settings:objects:read;":    "",
		wholeToken:                        "1:33",
		"a\nb " + wholeToken + "\nc":      "2:35",
		"// " + wholeToken + wholeToken:   "1:36",
		"dt0c01.AAAAAAAAAAAAAAAAAAAAAAAA": "",
	} {
		found := module.SecretIn(text)
		got := ""
		if found != nil {
			got = found[0].Pos.String()
		}
		if got != want {
			t.Errorf("a secret at %q in %q, want %q", got, text, want)
		}
		if strings.Contains(found.String(), "SSSS") {
			t.Errorf("the secret is repeated: %s", found)
		}
	}
}

// Attack: a policy from elsewhere, or the name of its file, moves the cursor, clears the screen or forges a second remark.
// Invariant: a remark is one line of printable characters, and has no secret.
func TestJudgedText_OneLine(t *testing.T) {
	found := ast.Diagnostics{{
		Source: "boundary \x1b[2J\nforged", Pos: ast.Position{Line: 1, Column: 2}, Message: "bad\r\nx \u202e" + wholeToken, Suggestion: "a\tb\x00",
	}}
	var b strings.Builder
	if err := judgedText("a\nb\x1b"+wholeToken, found).write(&b); err != nil {
		t.Fatal(err)
	}
	want := "a bdt0c01.AAAAAAAAAAAAAAAAAAAAAAAA.***: boundary [2J forged: 1:2: " +
		"bad x dt0c01.AAAAAAAAAAAAAAAAAAAAAAAA.*** (did you mean \"a b\"?)\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A file that cannot be replaced is as it was, and nothing is left beside it.
func TestReplaceFile_Failing(t *testing.T) {
	dir := t.TempDir()
	if err := replaceFile(filepath.Join(dir, "absent"), "new"); err == nil {
		t.Error("a file is made where there was none")
	}
	// A folder cannot be replaced by a file.
	target := filepath.Join(dir, "folder")
	if err := os.MkdirAll(filepath.Join(target, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(target, "new"); err == nil {
		t.Error("a folder is replaced")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "folder" {
		t.Errorf("%v, %v is left", left, err)
	}
}

// Attack: a file of requests that was made up, or broken off, makes the command crash, hang, or report success.
// Invariant: it ends with requests that were asked, or with an error among its remarks; never with neither.
func FuzzSuite(f *testing.F) {
	for _, seed := range []string{
		"", "requests: [{}]", "requests: 1", "- a", "a: &a [*a]", "policies: [{name: a}]\nrequests: [{expect: deny}]",
		"policies:\n- {name: p, text: 'ALLOW settings:objects:read;', groups: [g]}\nrequests:\n" +
			"- {groups: [g], permission: settings:objects:read, attributes: {settings:scope: [a, null]}, expect: allow}",
		"policies:\n- {name: p, text: 'ALLOW settings:objects:read;', groups: [g]}\nrequests:\n" +
			"- {groups: [g], permission: settings:objects:read, expect: allow}",
		"catalogs: [x]\nrequests: [{now: 2026-01-01}]", "requests: &r [{expect: deny}]\nusers: {a: {}}\n---\n", "requests: [!!binary a]",
		"policies: [{<<: {name: a}}]\nrequests: [null]", "requests:\n  - !!null\n", "boundaries: {a: null}\nrequests: [{}]",
	} {
		f.Add(seed)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "file") || strings.Contains(text, "catalogs") {
			t.Skip("files of this machine are not for guessing at")
		}
		result, err := runSuite(t.Context(), namedText{filepath.Join(dir, "x.yaml"), text}, catalog.Default(), time.Unix(1_800_000_000, 0))
		if err != nil {
			t.Fatal(err)
		}
		errors := 0
		for _, j := range result.Diagnostics {
			errors += j.Errors
		}
		if asked := result.Passed + result.Failed; (asked == 0) == (errors == 0) || asked != len(result.Requests) {
			t.Fatalf("%d asked, %d errors, %d requests", asked, errors, len(result.Requests))
		}
		if result.broken != (errors > 0) {
			t.Fatalf("broken %t with %d errors", result.broken, errors)
		}
	})
}
