package doorwardcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/remote/report"
)

// reportFormats are the words of --format.
var reportFormats = map[string]func(io.Writer, report.Report) error{
	"text": report.Text, "json": report.JSON, "html": report.HTML,
}

func remoteReport(now func() time.Time) *cobra.Command {
	var (
		place        storeFlags
		format, file string
	)
	cmd := &cobra.Command{
		Use:   "report <identifier>",
		Short: "Shows all that was done with a grant",
		Long: fmt.Sprintf(`Shows who asked for access and why, who approved it and when, how it ended, and every session and request in it with its
outcome. At most %d reads are listed, and %d requests that change something or were refused; all are counted.

A report names the newest event of the audit trail: audit verify --head shows later that the trail still has it.`, report.MaxReads, report.MaxOthers),
	}
	words := slices.Sorted(maps.Keys(reportFormats))
	cmd.Flags().StringVar(&format, "format", "text", "text, json or html")
	cmd.Flags().StringVar(&file, "out", "", "New file to write to, instead of stdout")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	remoteVerb(cmd, &place, func() error {
		if reportFormats[format] == nil {
			return notAmong("--format", format, words)
		}
		return nil
	}, func(ctx context.Context, a *module.Administration, id string) error {
		request, err := a.Remote.Kept(ctx, id)
		if err != nil {
			return err
		}
		r, err := module.RemoteReport(ctx, a.Store, request, now())
		if err != nil {
			return err
		}
		if file == "" || file == "-" {
			return reportFormats[format](cmd.OutOrStdout(), r)
		}
		if err := writeReport(file, reportFormats[format], r); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "wrote %s: %s\n", shown(file), countOf(r.Counts.Calls, "request"))
		return err
	})
	return cmd
}

// writeReport makes a new file that only its owner can read, and leaves none where it cannot be written whole.
func writeReport(file string, write func(io.Writer, report.Report) error, r report.Report) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("there is a file %s already; name a new one with --out", file)
	}
	if err != nil {
		return fmt.Errorf("the report cannot be written: %w", err)
	}
	if err := errors.Join(write(f, r), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("the report cannot be written: %w", err), os.Remove(file))
	}
	return nil
}
