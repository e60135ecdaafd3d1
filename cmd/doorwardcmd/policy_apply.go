package doorwardcmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/policyengine/pap/folder"
	"github.com/doorward/doorward/tokens"
)

// exitDifferent is the exit code of a dry run with a difference, where one was asked for. 1 and 2 mean that it failed.
const exitDifferent = 3

// applying is one call of policy apply.
type applying struct {
	place                   folderFlags
	prune, dryRun, exitCode bool
	log, since              string
	samples                 int
	now                     func() time.Time
	different               bool // what a dry run has found
}

func policyApply(now func() time.Time) *cobra.Command {
	a := applying{now: now}
	cmd := &cobra.Command{
		Use:   "apply <folder>",
		Short: "Brings policies, boundaries, groups and bindings to what files say",
		Long: `Brings the account to what the files of a folder say; policy export writes such a folder. Everything is checked, and tried on
a copy, before anything is changed. What the folder does not have is left alone, unless --prune is given; who is in which
group is never changed.

With --dry-run nothing is changed. What would be is shown, and which of the recorded decisions would have been others: the
questions in the decision log of the config, or in --folder, are asked again, with the policies as they are and as they
would be, and with the groups that the users have now.

The exit code is 0 also when there is a difference, unless --exit-code is given.`,
	}
	a.place.register(cmd)
	f := cmd.Flags()
	f.BoolVar(&a.prune, "prune", false, "Remove what the folder does not have")
	f.BoolVar(&a.dryRun, "dry-run", false, "Change nothing, and show what would be changed")
	f.BoolVar(&a.exitCode, "exit-code", false, "With --dry-run: exit with 3 when there is a difference")
	f.StringVar(&a.log, "folder", "", "With --dry-run: folder of the decision log, instead of the config's")
	f.StringVar(&a.since, "since", "", "With --dry-run: only decisions of this last time, as 24h or 7d")
	f.IntVar(&a.samples, "samples", 3, "With --dry-run: how many decisions to name of those that change alike")
	beVerb(cmd, a.run)
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := run(cmd, args); err != nil || !a.exitCode || !a.different {
			return err
		}
		return exitCode(cmd, exitDifferent)
	}
	return cmd
}

func (a *applying) run(cmd *cobra.Command, args []string) error {
	name, err := oneFolder(cmd, args)
	if err != nil {
		return err
	}
	for _, flag := range []string{"exit-code", "folder", "since", "samples"} {
		if cmd.Flags().Changed(flag) && !a.dryRun {
			return usageErrorf("--%s goes with --dry-run", flag)
		}
	}
	since, err := a.sinceWhen()
	if err != nil {
		return err
	}
	want, err := readFolder(cmd, name)
	if err != nil {
		return err
	}
	presence := mayBeNew
	if a.dryRun {
		presence = mustExist
	}
	return withStore(cmd.Context(), &a.place.storeFlags, presence, func(s *module.Administration) error {
		plan, found, err := folder.Prepare(cmd.Context(), want, folder.Options{
			Store: s.Store, Scope: a.place.scope(s), Prune: a.prune,
			Policy: pap.ServiceConfig{Mask: tokens.Mask, Catalog: s.Permissions},
		})
		if err != nil {
			return err
		}
		if err := tellFindings(cmd, name, found); err != nil {
			return err
		}
		if a.dryRun {
			return a.rehearse(cmd, s, plan, since)
		}
		return apply(cmd, s, plan)
	})
}

func (a *applying) sinceWhen() (time.Time, error) {
	if a.since == "" {
		return time.Time{}, nil
	}
	back, err := caddy.ParseDuration(a.since)
	if err != nil || back <= 0 {
		return time.Time{}, usageErrorf("--since is a length of time, such as 24h or 7d")
	}
	return a.now().Add(-back), nil
}

// readFolder reads a folder, and tells what is wrong with it.
func readFolder(cmd *cobra.Command, name string) (folder.Contents, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return folder.Contents{}, fmt.Errorf("the folder cannot be read: %w", err)
	}
	defer func() { _ = root.Close() }()
	want, found, err := folder.Read(root.FS())
	if err != nil {
		return want, fmt.Errorf("the folder cannot be read: %w", err)
	}
	return want, tellFindings(cmd, name, found)
}

// tellFindings writes file:line:column: message to stderr, and fails when an error is among it.
func tellFindings(cmd *cobra.Command, name string, found folder.Findings) (failed error) {
	for _, f := range found {
		err := judgedText(filepath.Join(name, filepath.FromSlash(f.File)), f.Diagnostics).refusal(cmd)
		if err != nil && !errors.Is(err, errReported) {
			return err
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// apply makes the changes and tells of each.
func apply(cmd *cobra.Command, s *module.Administration, plan *folder.Plan) error {
	out := cmd.OutOrStdout()
	done := 0
	err := plan.Apply(cmd.Context(), s.Policies, actor(), func(d folder.Difference) {
		done++
		_, _ = fmt.Fprintln(out, doneText(d))
	})
	if err != nil && done > 0 {
		return fmt.Errorf("%s; %d of %d changes are made, and stay: once the cause is gone, apply again", explain(err), done, len(plan.Differences))
	}
	if err == nil && done == 0 {
		_, err = fmt.Fprintln(out, "nothing to change")
	}
	return err
}

// rehearse shows what would be done, and what that would have meant.
func (a *applying) rehearse(cmd *cobra.Command, s *module.Administration, plan *folder.Plan, since time.Time) error {
	out := cmd.OutOrStdout()
	if len(plan.Differences) == 0 {
		_, err := fmt.Fprintln(out, "nothing to change")
		return err
	}
	a.different = true
	writeDifferences(out, plan.Differences)
	log, err := a.logFolder()
	if err != nil {
		return err
	}
	replayed, err := module.Replay(cmd.Context(), plan.Before, plan.After, module.ReplayOptions{
		Folder: log, Account: a.place.scope(s).Account, Since: since, Samples: a.samples, GroupsOf: s.Policies.GroupsOf,
	})
	switch {
	case errors.Is(err, fs.ErrNotExist) && a.log == "":
		// Whoever named no log need not have one.
		_, err = fmt.Fprintf(out, "\nNo decision is recorded, at %s.\n", shown(log))
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no decision log at %s", a.log)
	case err == nil:
		writeReplayed(out, replayed)
	}
	return err
}

func (a *applying) logFolder() (string, error) {
	if a.log != "" {
		return a.log, nil
	}
	config, err := readConfig(a.place.config, a.place.adapter)
	if err != nil {
		return "", err
	}
	return module.DecisionFolder(config)
}
