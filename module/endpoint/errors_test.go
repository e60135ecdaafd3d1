package endpoint

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the golden errors anew")

// TestErrors builds the catalogues of each archive as layers and compares the error with the file "error". The files
// "remove" and "allow" hold patterns, one per line, that a last layer removes or allows.
func TestErrors(t *testing.T) {
	paths, err := filepath.Glob("testdata/errors/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := "no error\n"
			if err := buildArchive(t, archive); err != nil {
				got = err.Error() + "\n"
			}
			golden := &archive.Files[len(archive.Files)-1]
			if *update {
				golden.Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(golden.Data), got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

// buildArchive is the first error of parsing and building the archive.
func buildArchive(t *testing.T, archive *txtar.Archive) error {
	t.Helper()
	var layers []Layer
	last := Layer{Name: "Caddyfile"}
	for _, file := range archive.Files {
		switch file.Name {
		case "error":
		case "remove":
			last.Remove = patternLines(t, string(file.Data))
		case "allow":
			last.AllowDerived = patternLines(t, string(file.Data))
		default:
			c, err := Parse(file.Name, file.Data)
			if err != nil {
				return err
			}
			layers = append(layers, c.Layer())
		}
	}
	_, err := Build(append(layers, last)...)
	return err
}

func patternLines(t *testing.T, lines string) []Pattern {
	t.Helper()
	var patterns []Pattern
	for line := range strings.Lines(lines) {
		p, err := ParsePattern(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		patterns = append(patterns, p)
	}
	return patterns
}
