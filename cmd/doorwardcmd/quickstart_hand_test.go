package doorwardcmd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whoever runs the quickstart's Caddyfile by hand makes the key first, as it says at its head; who does not is told.
func TestQuickstartCaddyfile_ByHand(t *testing.T) {
	text, err := os.ReadFile("quickstart.Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "quickstart.Caddyfile"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := docsCommand(t, dir, "doorward", "validate", "--config", "quickstart.Caddyfile").CombinedOutput()
	if want := "`doorward key create ./data/doorward.key` makes one"; err == nil || !strings.Contains(string(out), want) {
		t.Errorf("without a key: %v, nothing says %s:\n%s", err, want, out)
	}
	head, _, _ := strings.Cut(string(text), "\n\n")
	made := false
	for line := range strings.Lines(head) {
		if command, isCommand := strings.CutPrefix(line, "#\tdoorward key "); isCommand {
			made = true
			shell(t, dir, "doorward key "+command)
		}
	}
	out, err = docsCommand(t, dir, "doorward", "validate", "--config", "quickstart.Caddyfile").CombinedOutput()
	if err != nil || !made {
		t.Errorf("with the key: %v\n%s", err, out)
	}
}
