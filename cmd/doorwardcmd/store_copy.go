package doorwardcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/module/store/storecopy"
)

var storeNoun = caddycmd.Command{
	Name:  "store",
	Usage: "copy",
	Short: "Copies a whole store into another one",
	Long: `
Copies a whole store into another one, of the same kind or another: from a file to PostgreSQL when one machine is no longer enough, or
back.`,
	CobraFunc: func(cmd *cobra.Command) {
		beNoun(cmd)
		cmd.AddCommand(storeCopy(time.Now))
	},
}

func storeCopy(now func() time.Time) *cobra.Command {
	var (
		from, to string
		asJSON   bool
	)
	cmd := &cobra.Command{
		Use:   "copy --from <store> --to <store>",
		Short: "Copies everything, verifies it, and can be interrupted",
		Long: `Copies everything that is in one store into another one, which must be new: a file or a database that is not there yet or empty.
Revisions and keys stay as they are, so gateways go on with the copy where they were. Counts and digests of all tables are compared
in the end, and the audit trail is verified in the copy.

Stop all gateways that use the source before. A change of it while it is copied is found in the end, and the copy is refused.

A copy that was interrupted, by whatever, goes on where it was when the same command is run again; it begins anew where the source has
changed since. No gateway starts on a target whose copy has not ended.

A password is better kept out of the list of processes: give the DSN without it, and set PGPASSWORD or PGPASSFILE.`,
	}
	cmd.Flags().StringVar(&from, "from", "", "Store to copy, as sqlite:<file> or postgres://…")
	cmd.Flags().StringVar(&to, "to", "", "New store to copy into, likewise")
	cmd.Flags().BoolVar(&asJSON, "json", false, "A JSON object")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := noArguments(cmd, args); err != nil {
			return err
		}
		if from == "" || to == "" {
			return usageErrorf("name the stores with --from and --to; see `%s --help`", cmd.CommandPath())
		}
		if err := checkExists(from); err != nil {
			return err
		}
		p := progress{cmd: cmd, now: now, last: now()}
		result, err := copyStore(cmd.Context(), from, to, storecopy.Options{Progress: p.tell})
		if err != nil {
			return err
		}
		if err := writeCopied(cmd.OutOrStdout(), result, asJSON); err != nil {
			return err
		}
		if broken := result.Trail.Break; broken != nil {
			return fmt.Errorf("the copy is complete, but the audit trail is broken in both stores: %s", *broken)
		}
		return nil
	})
	return cmd
}

func copyStore(ctx context.Context, from, to string, opt storecopy.Options) (result storecopy.Result, err error) {
	source, err := store.Open(ctx, from, store.Options{})
	if err != nil {
		return result, fmt.Errorf("--from: %w", err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := store.Open(ctx, to, store.Options{Unfinished: true})
	if err != nil {
		return result, fmt.Errorf("--to: %w", err)
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	return storecopy.Copy(ctx, source, target, opt)
}

// progressEvery is how long there is no word of a step that goes on.
const progressEvery = time.Second

// progress writes what a copy is doing to stderr: each table once, and large ones from time to time.
type progress struct {
	cmd   *cobra.Command
	now   func() time.Time
	last  time.Time
	shown storecopy.Progress
}

func (p *progress) tell(now storecopy.Progress) {
	if now.Table == "" {
		remark(p.cmd, "the copy %s; %d of %d tables are done", now.Step, now.Done, now.Of)
		return
	}
	other := now.Table != p.shown.Table || now.Step != p.shown.Step
	if !other && p.now().Sub(p.last) < progressEvery {
		return
	}
	p.last, p.shown = p.now(), now
	remark(p.cmd, "%s %s: %d rows", now.Step, now.Table, now.Rows)
}

// copyView is a copy as --json shows it.
type copyView struct {
	Revision int64            `json:"revision"`
	Tables   []copiedView     `json:"tables"`
	Trail    verificationView `json:"trail"`
}

type copiedView struct {
	Table  string `json:"table"`
	Rows   int64  `json:"rows"`
	Digest string `json:"digest"`
}

func writeCopied(w io.Writer, r storecopy.Result, asJSON bool) error {
	if asJSON {
		v := copyView{Revision: r.Revision, Trail: verificationViewOf(r.Trail)}
		for _, t := range r.Tables {
			v.Tables = append(v.Tables, copiedView{t.Name, t.Rows, t.Digest.String()})
		}
		return writeJSON(w, v)
	}
	var rows int64
	for _, t := range r.Tables {
		rows += t.Rows
	}
	fmt.Fprintf(w, "copied %d rows of %d tables, revision %d; counts and digests are the same\n", rows, len(r.Tables), r.Revision)
	fmt.Fprint(w, "audit trail of the copy: ")
	return writeVerification(w, r.Trail, false)
}
