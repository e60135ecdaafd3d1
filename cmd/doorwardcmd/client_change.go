package doorwardcmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/tokens/oauth2"
)

func clientUpdate() *cobra.Command {
	var (
		place                    clientFlags
		name, description, owner string
		scopes                   []string
	)
	cmd := &cobra.Command{
		Use: "update <identifier>", Short: "Changes name, description, owner or scopes of a client",
		Long: `Changes a client. What no flag names stays as it is; --scope says all that the client may ask for from then on. Another owner, or
a scope less, revokes the access tokens that the client has.`,
	}
	place.register(cmd)
	cmd.Flags().StringVar(&name, "name", "", "Another name")
	cmd.Flags().StringVar(&description, "description", "", "Another description; an empty one for none")
	cmd.Flags().StringVar(&owner, "owner", "", "Another user or service user that its tokens act for")
	cmd.Flags().StringSliceVar(&scopes, "scope", nil, "All OAuth scopes that it may ask for")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		id, err := oneClient(cmd, args)
		if err != nil {
			return err
		}
		change := oauth2.Change{Name: given(cmd, "name", &name), Description: given(cmd, "description", &description), Owner: given(cmd, "owner", &owner)}
		if cmd.Flags().Changed("scope") {
			change.Scopes = notNull(scopes) // none is refused, where leaving the flag out changes nothing
		}
		if change.Name == nil && change.Description == nil && change.Owner == nil && change.Scopes == nil {
			return usageErrorf("say what is to change; see `%s --help`", cmd.CommandPath())
		}
		return withClients(cmd, &place, mustExist, func(d clientDesk) error {
			if _, err := d.UpdateClient(cmd.Context(), actor(), d.account, id, change, nil); err != nil {
				return withClientAdvice(cmd, err)
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "updated", id)
			return err
		})
	})
	return cmd
}

// given is the value of a flag, nil where the command line does not have it.
func given(cmd *cobra.Command, flag string, value *string) *string {
	if !cmd.Flags().Changed(flag) {
		return nil
	}
	return value
}

func clientEnable() *cobra.Command {
	return clientChange("enable", "Switches clients on again", "enabled", setClientEnabled(true))
}

func clientDisable() *cobra.Command {
	return clientChange("disable", "Switches clients off and revokes their access tokens", "disabled", setClientEnabled(false))
}

func clientDelete() *cobra.Command {
	return clientChange("delete", "Removes clients for good, without asking back, and revokes their access tokens", "deleted",
		func(ctx context.Context, d clientDesk, id string) error {
			return d.DeleteClient(ctx, actor(), d.account, id)
		})
}

func setClientEnabled(enabled bool) func(context.Context, clientDesk, string) error {
	return func(ctx context.Context, d clientDesk, id string) error {
		_, err := d.UpdateClient(ctx, actor(), d.account, id, oauth2.Change{Enabled: &enabled}, nil)
		return err
	}
}

// clientChange is a verb that takes identifiers. All are read before the first client is touched; one that cannot be changed
// does not keep the next one from it.
func clientChange(name, short, done string, do func(context.Context, clientDesk, string) error) *cobra.Command {
	var place clientFlags
	cmd := &cobra.Command{Use: name + " <identifier>…", Short: short}
	place.register(cmd)
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		ids, err := identifiersOf(cmd, args, "client", exampleClient)
		if err != nil {
			return err
		}
		return withClients(cmd, &place, mustExist, func(d clientDesk) error {
			var failed error
			for _, id := range ids {
				if err := do(cmd.Context(), d, id); err != nil {
					remark(cmd, "%s: %s", id, explain(withClientAdvice(cmd, err)))
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
