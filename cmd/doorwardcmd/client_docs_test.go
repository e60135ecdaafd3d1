package doorwardcmd

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// TestDocs_ClientCommands compares the table of commands with the commands.
func TestDocs_ClientCommands(t *testing.T) {
	documented, registered := map[string]bool{}, map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(client [a-z-]+)` \\|").FindAllStringSubmatch(docsPage(t, "oauth2.md"), -1) {
		documented[row[1]] = true
	}
	cmd := &cobra.Command{Use: clientNoun.Name}
	clientNoun.CobraFunc(cmd)
	for _, verb := range cmd.Commands() {
		registered["client "+verb.Name()] = true
	}
	if diff := cmp.Diff(registered, documented); diff != "" {
		t.Errorf("commands (-registered +documented)\n%s", diff)
	}
}
