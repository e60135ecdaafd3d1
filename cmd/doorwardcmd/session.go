package doorwardcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
)

// storeFlags say which store a command works on.
type storeFlags struct{ config, adapter, store string }

func (f *storeFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.config, "config", "c", "", "Config that names the store (default ./Caddyfile, where there is one)")
	cmd.Flags().StringVarP(&f.adapter, "adapter", "a", "", "Config adapter, for a config whose name does not tell")
	cmd.Flags().StringVar(&f.store, "store", "", "Store to work on instead of the config's, as sqlite:<file> or postgres://…")
}

// presence is what a command wants to find.
type presence bool

const (
	mayBeNew  presence = false // a store that is not there is made
	mustExist presence = true  // a store that is not there is an error: there can be nothing in it
)

// open opens the store for administration. The caller closes it.
func (f *storeFlags) open(ctx context.Context, p presence) (*module.Administration, error) {
	options, err := f.options(p)
	if err != nil {
		return nil, err
	}
	return module.OpenAdministration(ctx, options)
}

// options are the config and the store that the flags name.
func (f *storeFlags) options(p presence) (module.AdministrationOptions, error) {
	config, err := readConfig(f.config, f.adapter)
	if err != nil {
		return module.AdministrationOptions{}, err
	}
	dsn := f.store
	if dsn == "" && config == nil {
		dsn = module.DefaultStore()
	}
	if p == mustExist {
		if err := checkExists(dsn); err != nil {
			return module.AdministrationOptions{}, err
		}
	}
	return module.AdministrationOptions{Config: config, Store: dsn}, nil
}

// checkExists finds the typing mistake in a path before an empty store is made there. It knows the path only where no
// config names it.
func checkExists(dsn string) error {
	path, ok := strings.CutPrefix(dsn, "sqlite:")
	if !ok || path == "" {
		return nil // opening says what is wrong with it
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no store at %s; name another with --store or --config, or create a token to make one", path)
	}
	return nil
}

// actor is the name under which changes enter the audit log. It is a note of who sat there, not a proof.
func actor() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return "cli:" + u.Username
	}
	return "cli:uid:" + strconv.Itoa(os.Getuid())
}
