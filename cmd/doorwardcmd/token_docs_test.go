package doorwardcmd

import (
	"regexp"
	"testing"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// TestDocs_TokenCommands compares the table of commands with the commands.
func TestDocs_TokenCommands(t *testing.T) {
	documented, registered := map[string]bool{}, map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+ [a-z-]+)` \\|").FindAllStringSubmatch(docsPage(t, "tokens.md"), -1) {
		documented[row[1]] = true
	}
	for _, noun := range []caddycmd.Command{tokenNoun, auditNoun, keyNoun} {
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
