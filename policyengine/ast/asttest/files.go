package asttest

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expected sections of testdata/*.txtar")

// TestFiles replays every corpus in testdata/*.txtar, each as a subtest, and fails where a file does not read as respond
// answers; with -update it writes the answers into the files. No file at all is a failure.
func TestFiles(t *testing.T, answers []string, respond func(*testing.T, Case) []Section) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := Replay(want, answers, func(c Case) []Section { return respond(t, c) })
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := gocmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
