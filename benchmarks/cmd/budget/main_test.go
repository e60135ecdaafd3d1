package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRun: the table goes to the terminal and into the document; without measurements the checks fail, and only when asked for.
func TestRun(t *testing.T) {
	folder := t.TempDir()
	readme := filepath.Join(folder, "README.md")
	if err := os.WriteFile(readme, []byte("# Before\n<!-- budget:begin -->\nold\n<!-- budget:end -->\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	if err := run(&said, folder, readme, false); err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"terminal": said.String(), "document": string(document)} {
		if !strings.Contains(text, "| not measured | stages.txt |") || strings.Contains(text, "old") {
			t.Errorf("%s:\n%s", what, text)
		}
	}
	if err := run(&said, folder, "", true); err == nil || !strings.Contains(said.String(), "check failed: handler: 401 by 200: not measured") {
		t.Errorf("got error %v and\n%s", err, said.String())
	}
}
