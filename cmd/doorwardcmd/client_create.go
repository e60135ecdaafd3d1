package doorwardcmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/tokens/oauth2"
)

func clientCreate() *cobra.Command {
	var (
		place  clientFlags
		wanted oauth2.Attributes
		iam    bool
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "create --name <name> --owner <user> --scope <scope>[,<scope>…]",
		Short: "Makes a client and shows its secret, once",
		Long: `Makes a client. Its secret goes to stdout and nothing else does, so that a script can take it. The client's identifier is the
part of it before the second dot:

	SECRET=$(… client create --name nightly --owner ann@example.org --scope storage:logs:read)
	ID=${SECRET%.*}

The secret is shown this once and kept nowhere.`,
	}
	place.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&wanted.Name, "name", "", "What the client is for (required)")
	flags.StringVar(&wanted.Description, "description", "", "More about it")
	flags.StringVar(&wanted.Owner, "owner", "", "User or service user that its tokens act for (required)")
	flags.StringSliceVar(&wanted.Scopes, "scope", nil, "OAuth scope that it may ask for; several with commas, or with the flag repeated")
	flags.BoolVar(&iam, "all-iam-scopes", false, "The scopes to administer users, groups, policies and bindings with")
	flags.BoolVar(&asJSON, "json", false, "Show the secret and all about the client as JSON")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := noArguments(cmd, args); err != nil {
			return err
		}
		if iam {
			wanted.Scopes = append(wanted.Scopes, iamScopes...)
		}
		switch {
		case wanted.Name == "":
			return usageErrorf("say what the client is for, with --name")
		case wanted.Owner == "":
			return usageErrorf("say whom its tokens act for, with --owner")
		case len(wanted.Scopes) == 0:
			return usageErrorf("say what the client may ask for, with --scope or --all-iam-scopes")
		}
		return withClients(cmd, &place, mayBeNew, func(d clientDesk) error {
			created, err := d.CreateClient(cmd.Context(), actor(), d.account, wanted)
			if err != nil {
				return err
			}
			return showClientSecret(cmd, "made", created, asJSON)
		})
	})
	return cmd
}

// showClientSecret shows the secret that was just made, for the only time.
func showClientSecret(cmd *cobra.Command, done string, created oauth2.Created, asJSON bool) error {
	c, text := created.Client, created.Secret.Reveal()
	var err error
	if asJSON {
		v := clientViewOf(c)
		v.Secret = text
		err = writeJSON(cmd.OutOrStdout(), v)
	} else {
		_, err = fmt.Fprintln(cmd.OutOrStdout(), text)
	}
	if err != nil {
		// Nobody has seen the secret, and nobody ever will.
		return fmt.Errorf("the client %s has a new secret that could not be shown: %w; rotate it", c.ID, err)
	}
	remark(cmd, "%s %s (%s) for %s in account %s, with %s; the secret is not shown again",
		done, c.ID, c.Name, c.Owner, c.Account, countOf(len(c.Scopes), "scope"))
	return nil
}
