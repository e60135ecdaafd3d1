package doorwardcmd

import (
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/tokens"
)

func tokenImport(now func() time.Time) *cobra.Command {
	var (
		store            storeFlags
		attributes       attributeFlags
		file, id         string
		disabled, legacy bool
		asJSON           bool
	)
	cmd := &cobra.Command{
		Use:   "import --name <name> --scope <scope>[,<scope>…] [--file <file>]",
		Short: "Brings in a token that was made elsewhere",
		Long: `Brings in a token that was made elsewhere, so that its holders can go on using it. Of the text only a digest is kept.

The text is read from --file or from standard input, never from an argument. Tokens of the old opaque format are taken
only where the config has legacy_tokens, or with --legacy.`,
	}
	store.register(cmd)
	attributes.register(cmd)
	cmd.Flags().StringVar(&file, "file", "", "File with the token alone; - is standard input")
	cmd.Flags().StringVar(&id, "id", "", "Identifier of an old-format token, a UUID (default a new one)")
	cmd.Flags().BoolVar(&disabled, "disabled", false, "Bring the token in switched off")
	cmd.Flags().BoolVar(&legacy, "legacy", false, "Take a token of the old format though the config does not say so")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Show what was stored as JSON")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := noSecretArgument(cmd, args); err != nil {
			return err
		}
		if err := attributes.check(); err != nil {
			return err
		}
		text, err := readSecret(cmd, file, "")
		if err != nil {
			return err
		}
		return withStore(cmd.Context(), &store, mayBeNew, func(a *module.Administration) error {
			if isOldFormat(text) && !a.LegacyTokens && !legacy {
				return errors.New("this may be a token of the old format, and the gate takes none; " +
					"put legacy_tokens into the config, or import it all the same with --legacy")
			}
			wanted, err := attributes.attributes(a, now())
			if err != nil {
				return err
			}
			request := tokens.ImportRequest{Attributes: wanted, Text: text, ID: id, Disabled: disabled}
			r, err := a.Tokens.Import(cmd.Context(), actor(), request)
			if err != nil {
				return err
			}
			if isOldFormat(text) && !a.LegacyTokens {
				remark(cmd, "note: the gate refuses this token until the config has legacy_tokens")
			}
			return errors.Join(remarkIfRefused(cmd, a, r), writeToken(cmd.OutOrStdout(), viewOf(r), asJSON))
		})
	})
	return cmd
}

// isOldFormat: what has no dot has no prefix and no identifier either, whatever else may be wrong with it.
func isOldFormat(text tokens.Secret) bool { return !strings.Contains(text.Reveal(), ".") }
