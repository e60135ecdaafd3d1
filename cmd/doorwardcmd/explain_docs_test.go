package doorwardcmd

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestDocs_Explain compares the table of flags with the flags.
func TestDocs_Explain(t *testing.T) {
	text, err := os.ReadFile("../../docs/explain.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented, actual []string
	for _, found := range regexp.MustCompile("(?m)^\\| `--([a-z-]+)`").FindAllStringSubmatch(string(text), -1) {
		documented = append(documented, found[1])
	}
	cmd := new(cobra.Command)
	new(explaining).register(cmd)
	cmd.Flags().VisitAll(func(f *pflag.Flag) { actual = append(actual, f.Name) })
	slices.Sort(documented)
	slices.Sort(actual)
	if diff := cmp.Diff(documented, actual); diff != "" {
		t.Errorf("(-documented +actual):\n%s", diff)
	}
}
