package doorwardcmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/doorward/doorward/internal/seal"
)

var keyNoun = caddycmd.Command{
	Name:  "key",
	Usage: "create",
	Short: "Makes encryption keys",
	Long: `
Makes encryption keys for the global option encryption_key. With such a key the gateway encrypts the few secrets that it has to
show again, so that a copy of the store alone is of no use. Without the key they are lost: keep a copy of it, apart from the
store's.`,
	CobraFunc: func(cmd *cobra.Command) {
		beNoun(cmd)
		cmd.AddCommand(keyCreate())
	},
}

func keyCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create <file>", Short: "Writes a new key into a new file",
		Long: `Writes a new key into a new file, which only its owner can read. A file that is there is left as it is, and an error.`,
	}
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 || args[0] == "" {
			return usageErrorf("name one file; see `%s --help`", cmd.CommandPath())
		}
		err := createKey(args[0])
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("there is a file %s already; name another, or go on with that key", args[0])
		}
		if err != nil {
			return fmt.Errorf("the key cannot be written: %w", err)
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), "created", oneLine(args[0]))
		return err
	})
	return cmd
}

// createKey writes a new key where there is no file, and makes the folder. It is on disk when the function returns: what
// is encrypted with it may be on disk the next moment. fs.ErrExist when there is a file.
func createKey(file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(seal.NewKey() + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(file)) // half a key would be in the way of a whole one
	}
	return nil
}
