package rig_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/benchmarks/rig"
)

// A section is rewritten, and rewritten again, and nothing else changes.
func TestWriteSection(t *testing.T) {
	file := filepath.Join(t.TempDir(), "README.md")
	document := "# Title\n\n<!-- a:begin -->\nold\n<!-- a:end -->\n\n<!-- b:begin -->\n<!-- b:end -->\nrest\n"
	if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"something longer\n\nin two parts\n", "new"} {
		if err := rig.WriteSection(file, "a", text); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(document, "old\n", "\nnew\n\n", 1)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A document without its markers, or with two of them, is left alone: nobody knows what the section is.
func TestReplaceSectionRefuses(t *testing.T) {
	const begin, end = "<!-- a:begin -->\n", "<!-- a:end -->\n"
	for _, document := range []string{"", begin, end, end + begin, begin + begin + end, begin + end + end, "<!-- a:begin --> " + end} {
		if got, err := rig.ReplaceSection(document, "a", "text"); err == nil {
			t.Errorf("%q became %q", document, got)
		}
	}
}
