package doorwardcmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/tokens"
)

// change is what one of the verbs below does to one token.
type change func(ctx context.Context, s *tokens.Service, id string) error

func tokenDisable() *cobra.Command {
	return tokenChange("disable", "Switches tokens off: the gate refuses them until they are enabled", "disabled",
		func(ctx context.Context, s *tokens.Service, id string) error {
			return s.SetEnabled(ctx, actor(), id, false)
		})
}

func tokenEnable() *cobra.Command {
	return tokenChange("enable", "Switches tokens on again", "enabled",
		func(ctx context.Context, s *tokens.Service, id string) error {
			return s.SetEnabled(ctx, actor(), id, true)
		})
}

func tokenDelete() *cobra.Command {
	return tokenChange("delete", "Removes tokens for good, without asking back", "deleted",
		func(ctx context.Context, s *tokens.Service, id string) error { return s.Delete(ctx, actor(), id) })
}

// tokenChange is a verb that takes identifiers. All are read before the first token is touched; a token that cannot be
// changed does not keep the next one from it.
func tokenChange(name, short, done string, do change) *cobra.Command {
	var store storeFlags
	cmd := &cobra.Command{Use: name + " <identifier>…", Short: short}
	store.register(cmd)
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		ids, err := identifiers(cmd, args)
		if err != nil {
			return err
		}
		return withStore(cmd.Context(), &store, mustExist, func(a *module.Administration) error {
			var failed error
			for _, id := range ids {
				if err := do(cmd.Context(), a.Tokens, id); err != nil {
					remark(cmd, "%s: %s", id, explain(withAdvice(cmd, err)))
					failed = errReported
					continue
				}
				fmt.Fprintln(cmd.OutOrStdout(), done, id)
			}
			return failed
		})
	})
	return cmd
}
