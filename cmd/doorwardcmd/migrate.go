package doorwardcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module/store"
)

var migrateNoun = caddycmd.Command{
	Name:  "migrate",
	Usage: "status|up",
	Short: "Shows the version of the store's schema, and brings it up to date",
	Long: `
Shows the version of the schema of the store that the config names or that --store names, and brings it up to date. A gateway does
that by itself when it starts; do it before where the gateways' user may not, or to see it done. There is no way back but a backup.`,
	CobraFunc: func(cmd *cobra.Command) {
		beNoun(cmd)
		cmd.AddCommand(migrateStatus(), migrateUp())
	},
}

func migrateStatus() *cobra.Command {
	return migrateVerb(&cobra.Command{
		Use:   "status",
		Short: "Shows the version of the schema, and what is pending",
		Long: `Shows the version of the store's schema, the newest that this program knows, and what is pending. Nothing is changed.

The exit code is 0 where this program can work with the store, now or after bringing it up to date, and 1 where the schema is newer
than the program or could not be read.`,
	}, migrationStatus)
}

func migrateUp() *cobra.Command {
	return migrateVerb(&cobra.Command{
		Use:   "up",
		Short: "Brings the schema up to date",
		Long: `Brings the schema up to date, and makes it where there is none. Of several that do it at the same time, gateways that start among
them, one does it and the others wait.`,
	}, migrationUp)
}

func migrateVerb(cmd *cobra.Command, run func(context.Context, string) (migrationView, error)) *cobra.Command {
	var (
		place  storeFlags
		asJSON bool
	)
	place.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "A JSON object")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := noArguments(cmd, args); err != nil {
			return err
		}
		options, err := place.options(mayBeNew)
		if err != nil {
			return err
		}
		dsn, err := options.DSN()
		if err != nil {
			return err
		}
		view, err := run(cmd.Context(), dsn)
		if err != nil {
			return err
		}
		if err := writeMigration(cmd.OutOrStdout(), view, asJSON); err != nil {
			return err
		}
		if view.Version > view.Known {
			return errors.New("the schema was made by a newer Doorward; run that version, or restore the backup made before the upgrade")
		}
		return nil
	})
	return cmd
}

// migrationView is the state of a schema as --json shows it.
type migrationView struct {
	Version int64    `json:"version"`
	Known   int64    `json:"known"`
	Pending []string `json:"pending"`
	Applied []string `json:"applied,omitempty"` // by this command
}

func migrationStatus(ctx context.Context, dsn string) (migrationView, error) {
	state, err := store.SchemaOf(ctx, dsn)
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok && errors.Is(err, fs.ErrNotExist) {
		return migrationView{}, fmt.Errorf("there is no store at %s; `migrate up` makes one", path)
	}
	return migrationView{Version: state.Version, Known: state.Known, Pending: append([]string{}, state.Pending...)}, err
}

// migrationUp opens the store, which is what brings a schema up to date, under the lock that gateways take.
func migrationUp(ctx context.Context, dsn string) (migrationView, error) {
	before, err := store.SchemaOf(ctx, dsn)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return migrationView{}, err
	}
	s, err := store.Open(ctx, dsn, store.Options{Unfinished: true})
	if err != nil {
		return migrationView{}, err
	}
	if err := s.Close(); err != nil {
		return migrationView{}, err
	}
	view, err := migrationStatus(ctx, dsn)
	view.Applied = before.Pending
	return view, err
}

func writeMigration(w io.Writer, v migrationView, asJSON bool) error {
	if asJSON {
		return writeJSON(w, v)
	}
	for _, name := range v.Applied {
		fmt.Fprintf(w, "applied %s\n", name)
	}
	fmt.Fprintf(w, "schema version %d, this program knows up to %d\n", v.Version, v.Known)
	for _, name := range v.Pending {
		fmt.Fprintf(w, "pending %s\n", name)
	}
	return nil
}
