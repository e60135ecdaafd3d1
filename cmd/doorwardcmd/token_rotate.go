package doorwardcmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/tokens"
)

// tokenRotateTenant replaces the secret of an environment's agents while they go on working.
func tokenRotateTenant() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rotate-tenant start|finish|cancel|status",
		Short: "Replaces the tenant token, which agents report data with",
		Long: `Replaces an environment's tenant token, the secret that its agents report data with. From start on there are two, and both
are good; finish ends the old one, when all agents have the new one, and cancel ends the new one instead.

Tenant tokens are kept encrypted, with the encryption_key of the config or the one in the file that --key names. They are shown
only with --show.`,
	}
	beNoun(cmd)
	cmd.AddCommand(
		rotationVerb("start", "Makes a new tenant token beside the old one", (*tokens.Tenants).Start,
			"started: both tenant tokens of environment %s are good until the rotation is finished"),
		rotationVerb("finish", "Ends the old tenant token", (*tokens.Tenants).Finish,
			"finished: only the new tenant token of environment %s is good"),
		rotationVerb("cancel", "Ends the new tenant token, and goes on with the old one", (*tokens.Tenants).Cancel,
			"canceled: only the tenant token that environment %s had before is good"),
		rotationStatus(),
	)
	return cmd
}

// rotationFlags say whose tenant token is meant, and whether to show it.
type rotationFlags struct {
	storeFlags
	environment, key string
	show             bool
}

func (f *rotationFlags) register(cmd *cobra.Command) {
	f.storeFlags.register(cmd)
	cmd.Flags().StringVar(&f.environment, "environment", "", "Environment (default the config's)")
	cmd.Flags().StringVar(&f.key, "key", "", "File with the encryption key, instead of the config's")
	cmd.Flags().BoolVar(&f.show, "show", false, "Show the tenant tokens themselves")
}

// withStore is the frame of the verbs. A store that is not there is a mistyped one: there is nothing to rotate in it.
func (f *rotationFlags) withStore(cmd *cobra.Command, work func(a *module.Administration, environment string) error) error {
	return withStore(cmd.Context(), &f.storeFlags, mustExist, func(a *module.Administration) error {
		return work(a, cmp.Or(f.environment, a.Environment))
	})
}

func (f *rotationFlags) tenants(cmd *cobra.Command, a *module.Administration) (*tokens.Tenants, error) {
	files := a.KeyFiles
	if f.key != "" {
		files = []string{f.key}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("tenant tokens are kept encrypted, and there is no key: put encryption_key into the config, "+
			"or name a file with --key; `%s key create <file>` makes one", cmd.Parent().Parent().Parent().CommandPath())
	}
	return a.Tenants(files)
}

// rotationStep is a method of tokens.Tenants.
type rotationStep func(t *tokens.Tenants, ctx context.Context, actor, environment string) (tokens.Rotation, error)

func rotationVerb(name, short string, step rotationStep, done string) *cobra.Command {
	var flags rotationFlags
	cmd := &cobra.Command{Use: name, Short: short}
	flags.register(cmd)
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := noArguments(cmd, args); err != nil {
			return err
		}
		return flags.withStore(cmd, func(a *module.Administration, environment string) error {
			tenants, err := flags.tenants(cmd, a)
			if err != nil {
				return err
			}
			rotation, err := step(tenants, cmd.Context(), actor(), environment)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(cmd.OutOrStdout(), done+"\n", environment); err != nil || !flags.show {
				return err
			}
			return showRotation(cmd, rotation)
		})
	})
	return cmd
}

// showRotation writes a line for each text, with its name before it, as a script can pick it out.
func showRotation(cmd *cobra.Command, r tokens.Rotation) error {
	_, err := fmt.Fprintln(cmd.OutOrStdout(), "active", r.Active.Reveal())
	if old := r.Old.Reveal(); err == nil && old != "" {
		_, err = fmt.Fprintln(cmd.OutOrStdout(), "old", old)
	}
	return err
}

// rotationStatus changes nothing: unlike the API, it does not make the first token either. Without --show it needs no key.
func rotationStatus() *cobra.Command {
	var flags rotationFlags
	cmd := &cobra.Command{Use: "status", Short: "Tells whether a rotation runs"}
	flags.register(cmd)
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := noArguments(cmd, args); err != nil {
			return err
		}
		return flags.withStore(cmd, func(a *module.Administration, environment string) error {
			stored, err := a.Store.TenantToken(cmd.Context(), environment)
			if errors.Is(err, tokens.ErrNotFound) {
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "environment %s has no tenant token yet\n", environment)
				return err
			}
			if err != nil {
				return err
			}
			state := "no rotation runs"
			if stored.Rotating() {
				state = "a rotation runs"
			}
			if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s in environment %s\n", state, environment); err != nil || !flags.show {
				return err
			}
			return flags.showActive(cmd, a, environment)
		})
	})
	return cmd
}

func (f *rotationFlags) showActive(cmd *cobra.Command, a *module.Administration, environment string) error {
	tenants, err := f.tenants(cmd, a)
	if err != nil {
		return err
	}
	active, err := tenants.Current(cmd.Context(), actor(), environment)
	if err != nil {
		return err
	}
	return showRotation(cmd, tokens.Rotation{Active: active})
}
