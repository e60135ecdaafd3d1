package doorwardcmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/tokens"
)

// updateFlags are what can change in a token.
type updateFlags struct {
	name                        string
	scopes, networks            []string
	anyNetwork, enable, disable bool
	staff                       bool
}

func tokenUpdate() *cobra.Command {
	var (
		store   storeFlags
		changes updateFlags
	)
	cmd := &cobra.Command{
		Use:   "update <identifier>",
		Short: "Changes name, scopes or networks of a token, or marks it as remote support staff's",
		Long: `Changes a token. What no flag names stays as it is; --scope and --network say all that the token has from then on. Scopes
that no new token can have may stay on a token that has them. When a token ends cannot be changed.

--staff puts the token under the remote-access ceiling, and cuts what is open with it. Nothing takes the mark back.`,
	}
	store.register(cmd)
	changes.register(cmd)
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		id, err := oneIdentifier(cmd, args)
		if err != nil {
			return err
		}
		update, err := changes.read(cmd)
		if err != nil {
			return err
		}
		return withStore(cmd.Context(), &store, mustExist, func(a *module.Administration) error {
			if err := a.Tokens.Update(cmd.Context(), actor(), id, update); err != nil {
				return withAdvice(cmd, err)
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "updated", id)
			return err
		})
	})
	return cmd
}

func (f *updateFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "New name")
	flags.StringSliceVar(&f.scopes, "scope", nil, "Scope of the token from now on; several with commas, or with the flag repeated")
	flags.StringSliceVar(&f.networks, "network", nil, "Network that the token may be used from, as 192.0.2.0/24; may be repeated")
	flags.BoolVar(&f.anyNetwork, "any-network", false, "The token may be used from everywhere")
	flags.BoolVar(&f.enable, "enable", false, "Switch the token on")
	flags.BoolVar(&f.staff, "staff", false, "The token belongs to remote support staff from now on, and for good")
	flags.BoolVar(&f.disable, "disable", false, "Switch the token off")
}

// read tells a flag that was given, be it empty, from one that was not: a token without scopes is refused, and not one
// whose scopes stay.
func (f *updateFlags) read(cmd *cobra.Command) (u tokens.Update, err error) {
	given := cmd.Flags().Changed
	if given("name") {
		u.Name = &f.name
	}
	if given("scope") {
		u.Scopes = &f.scopes
	}
	switch {
	case given("network") && f.anyNetwork:
		return u, usageErrorf("--network and --any-network exclude each other")
	case given("network") && len(f.networks) == 0:
		return u, usageErrorf("--network is a network; to let the token be used from everywhere, say --any-network")
	case given("network") || f.anyNetwork:
		u.Networks = &f.networks
	}
	switch {
	case f.enable && f.disable:
		return u, usageErrorf("--enable and --disable exclude each other")
	case f.enable || f.disable:
		u.Enabled = &f.enable
	}
	if given("staff") && !f.staff {
		return u, usageErrorf("the mark of remote support staff stays for good; delete the token, and make another")
	}
	u.Staff = f.staff
	if u == (tokens.Update{}) {
		return u, usageErrorf("say what is to change; see `%s --help`", cmd.CommandPath())
	}
	return u, nil
}
