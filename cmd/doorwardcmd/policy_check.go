package doorwardcmd

import (
	"github.com/spf13/cobra"
)

// checkVerb judges texts without a store.
func checkVerb(g grammar) *cobra.Command {
	var (
		catalogs catalogFlags
		asJSON   bool
	)
	cmd := &cobra.Command{
		Use:   "check <file>…",
		Short: "Says what is wrong with the text of a " + g.noun,
		Long: `Reads each file (- is standard input) as one ` + g.noun + ` and says what is wrong with it, each remark with its place:

	file:line:column: message (did you mean "…"?)

The exit code is 0 when there are no errors, warnings or not, and 1 when there are. What passes here can be stored.`,
	}
	catalogs.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "A JSON array with an object for each file")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		files, err := filesOf(cmd, args, "a "+g.noun)
		if err != nil {
			return err
		}
		known, err := catalogs.read()
		if err != nil {
			return err
		}
		var all []judged
		for _, file := range files {
			t, err := readText(cmd, file)
			if err != nil {
				all = append(all, judgedText(file, fileProblem(g.noun, err)))
				continue
			}
			all = append(all, judgedText(t.name, g.check(t.text, known)))
		}
		return reportJudged(cmd, all, asJSON)
	})
	return cmd
}

// reportJudged shows everything, and fails when there is an error in any of it.
func reportJudged(cmd *cobra.Command, all []judged, asJSON bool) error {
	var failed error
	for _, j := range all {
		if j.Errors > 0 {
			failed = errReported
		}
		if asJSON {
			continue
		}
		if err := j.write(cmd.OutOrStdout()); err != nil {
			return err
		}
	}
	if asJSON {
		if err := writeJSON(cmd.OutOrStdout(), all); err != nil {
			return err
		}
	}
	return failed
}
