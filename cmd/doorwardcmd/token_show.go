package doorwardcmd

import (
	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/tokens"
)

func tokenShow() *cobra.Command {
	var (
		store  storeFlags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "show <identifier>", Short: "Shows all that is known of a token",
		Long: `Shows all that is known of a token, and which of its scopes no request has needed in the last 30 days.`,
	}
	store.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "As JSON")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		id, err := oneIdentifier(cmd, args)
		if err != nil {
			return err
		}
		return withStore(cmd.Context(), &store, mustExist, func(a *module.Administration) error {
			r, err := a.Tokens.Show(cmd.Context(), id)
			if err != nil {
				return withAdvice(cmd, err)
			}
			hygiene, err := a.Tokens.Hygiene(cmd.Context(), r)
			if err != nil {
				return err
			}
			return writeToken(cmd.OutOrStdout(), viewOf(r).with(hygiene), asJSON)
		})
	})
	return cmd
}

func tokenLookup() *cobra.Command {
	var (
		store  storeFlags
		file   string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "lookup [--file <file>]",
		Short: "Shows whose a token is, from its text",
		Long: `Shows all that is known of a token whose text somebody has: whether it is genuine, whose it is, what it may do.

The text is read from --file, or from $DOORWARD_TOKEN where that is set, or from standard input; never from an argument.`,
	}
	store.register(cmd)
	cmd.Flags().StringVar(&file, "file", "", "File with the token alone; - is standard input")
	cmd.Flags().BoolVar(&asJSON, "json", false, "As JSON")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := noSecretArgument(cmd, args); err != nil {
			return err
		}
		text, err := readSecret(cmd, file, tokenVariable)
		if err != nil {
			return err
		}
		return withStore(cmd.Context(), &store, mustExist, func(a *module.Administration) error {
			var r tokens.Record
			if r, err = a.Tokens.Lookup(cmd.Context(), text); err != nil {
				return err
			}
			return writeToken(cmd.OutOrStdout(), viewOf(r), asJSON)
		})
	})
	return cmd
}
