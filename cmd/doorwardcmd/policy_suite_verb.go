package doorwardcmd

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/policyengine/catalog"
)

// policyTest runs suites. Its file is not called policy_test.go, which Go would take for a test of its own.
func policyTest(now func() time.Time) *cobra.Command {
	var (
		catalogs catalogFlags
		asJSON   bool
	)
	cmd := &cobra.Command{
		Use:   "test <file.yaml>…",
		Short: "Asks requests of policies and compares the verdicts with the expected ones",
		Long: `Reads policies, groups and requests from each file (- is standard input), lets the engine of the gate decide, and compares
the verdicts with the expected ones. No store and no network take part. The exit code is 1 when a verdict is another one,
or when a file has an error; docs/policies.md shows how such a file is written.`,
	}
	catalogs.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "A JSON array with an object for each file")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		files, err := filesOf(cmd, args, "requests")
		if err != nil {
			return err
		}
		known, err := catalogs.read()
		if err != nil {
			return err
		}
		var all []suiteResult
		for _, file := range files {
			result, err := runFile(cmd, file, known, now())
			if err != nil {
				return err
			}
			all = append(all, result)
		}
		return reportSuites(cmd, all, asJSON)
	})
	return cmd
}

func runFile(cmd *cobra.Command, file string, known *catalog.Catalog, now time.Time) (suiteResult, error) {
	t, err := readText(cmd, file)
	if err == nil {
		return runSuite(cmd.Context(), t, known, now)
	}
	result := suiteResult{File: shown(file), Requests: []verdictOf{}}
	result.reject(judgedText(file, fileProblem("file", err)))
	return result, nil
}

// reportSuites shows everything and fails unless all is as expected.
func reportSuites(cmd *cobra.Command, all []suiteResult, asJSON bool) error {
	var failed error
	for _, r := range all {
		if r.broken || r.Failed > 0 {
			failed = errReported
		}
		if asJSON {
			continue
		}
		if err := r.write(cmd.OutOrStdout()); err != nil {
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

// write shows the remarks, a table of what failed, and a line for the file.
func (r suiteResult) write(w io.Writer) error {
	for _, j := range r.Diagnostics {
		if err := j.write(w); err != nil {
			return err
		}
	}
	if r.broken {
		_, err := fmt.Fprintf(w, "FAIL  %s: nothing was asked\n", r.File)
		return err
	}
	if r.Failed == 0 {
		_, err := fmt.Fprintf(w, "ok    %s: %s\n", r.File, countOf(r.Passed, "request"))
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "LINE\tREQUEST\tEXPECTED\tGOT\tBECAUSE")
	for _, v := range r.Requests {
		if !v.Passed {
			fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\n", v.Pos.Line, v.Name, v.Expected, v.Got, v.Because)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "FAIL  %s: %d of %s\n", r.File, r.Failed, countOf(r.Passed+r.Failed, "request"))
	return err
}
