package doorwardcmd

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/policyengine/pap/folder"
)

// folderFlags say which part of a store a folder is about.
type folderFlags struct {
	storeFlags
	account      string
	environments []string
}

func (f *folderFlags) register(cmd *cobra.Command) {
	f.storeFlags.register(cmd)
	cmd.Flags().StringVar(&f.account, "account", "", "Account (default the config's)")
	cmd.Flags().StringArrayVar(&f.environments, "environment", nil, "Environment of the account; may be repeated (default all)")
}

func (f *folderFlags) scope(a *module.Administration) folder.Scope {
	scope := folder.Scope{Account: a.Account, Environments: f.environments}
	if f.account != "" {
		scope.Account = f.account
	}
	return scope
}

// oneFolder is the argument of a verb about a folder.
func oneFolder(cmd *cobra.Command, args []string) (string, error) {
	if len(args) != 1 || args[0] == "" {
		return "", usageErrorf("name one folder; see `%s --help`", cmd.CommandPath())
	}
	return args[0], nil
}

func policyExport() *cobra.Command {
	var (
		place folderFlags
		uuids bool
	)
	cmd := &cobra.Command{
		Use:   "export <folder>",
		Short: "Writes policies, boundaries, groups and bindings as files",
		Long: `Writes what the account has as files that can be reviewed and kept under version control, for policy apply:

	policies/account/<name>.policy           policies of the account
	policies/environment/<id>/<name>.policy  policies of one environment
	boundaries/<name>.boundary               boundaries
	groups.yaml                              groups, without their members
	bindings.yaml                            which policy is bound to which group, where and how

Equal stores give equal files. Files of an earlier export are brought up to date, and those of policies and boundaries that
are no more are removed; in a folder with anything else in it nothing is written.`,
	}
	place.register(cmd)
	cmd.Flags().BoolVar(&uuids, "uuids", false, "Write identifiers too, by which things are known when their names change")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		name, err := oneFolder(cmd, args)
		if err != nil {
			return err
		}
		return withStore(cmd.Context(), &place.storeFlags, mustExist, func(a *module.Administration) error {
			contents, err := folder.Export(cmd.Context(), a.Store, place.scope(a), uuids)
			if err != nil {
				return err
			}
			files, err := folder.Files(contents)
			if err != nil {
				return err
			}
			if err := writeFolder(name, files); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "wrote %d policies, %d boundaries, %d groups, %d bindings\n",
				len(contents.Policies), len(contents.Boundaries), len(contents.Groups), len(contents.Bindings))
			return err
		})
	})
	return cmd
}

// writeFolder makes a folder be these files.
func writeFolder(name string, files map[string]string) error {
	if err := os.MkdirAll(name, 0o750); err != nil {
		return err
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	err = folder.Write(root, files)
	if errors.Is(err, folder.ErrOccupied) {
		return fmt.Errorf("%s is not empty, and was not written by an export; name a new folder", name)
	}
	return err
}
