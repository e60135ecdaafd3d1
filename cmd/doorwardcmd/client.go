package doorwardcmd

import (
	"cmp"
	"fmt"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/tokens/oauth2"
)

var clientNoun = caddycmd.Command{
	Name:  "client",
	Usage: "create|list|show|update|rotate|enable|disable|delete",
	Short: "Administers OAuth2 clients: programs that get access tokens for a user",
	Long: `
Administers OAuth2 clients in the store that the config names or that --store names. With its identifier and its secret a
client gets access tokens, good for five minutes each, that act for the client's owner: with the scopes of the client, and with no
more than the policies of the owner grant.

A client has an identifier, such as dt0s02.ST2EY72KQINMH574WMNVI7YN, which is no secret. Only create and rotate show the
secret, once, and no command takes one as an argument.`,
	CobraFunc: func(cmd *cobra.Command) {
		beNoun(cmd)
		cmd.AddCommand(
			clientCreate(), clientList(), clientShow(), clientUpdate(), clientRotate(),
			clientEnable(), clientDisable(), clientDelete(),
		)
	},
}

// clientDesk is where a command about clients works: a store, and the account in it.
type clientDesk struct {
	*oauth2.Service
	account string
}

// clientFlags say in which store and account clients are.
type clientFlags struct {
	storeFlags
	account string
}

func (f *clientFlags) register(cmd *cobra.Command) {
	f.storeFlags.register(cmd)
	cmd.Flags().StringVar(&f.account, "account", "", "Account (default the config's)")
}

// withClients is withStore for everything around clients.
func withClients(cmd *cobra.Command, f *clientFlags, p presence, work func(clientDesk) error) error {
	return withStore(cmd.Context(), &f.storeFlags, p, func(a *module.Administration) error {
		return work(clientDesk{a.OAuth2, cmp.Or(f.account, a.Account)})
	})
}

// iamScopes are those that programs which administer users, groups, policies and bindings ask for.
var iamScopes = []string{
	"account-env-read", "account-idm-read", "account-idm-write", "iam-policies-management",
	"iam:bindings:read", "iam:bindings:write", "iam:boundaries:read", "iam:boundaries:write",
	"iam:effective-permissions:read", "iam:limits:read", "iam:policies:read", "iam:policies:write",
}

// exampleClient is what the identifier of a client looks like.
const exampleClient = "dt0s02.ST2EY72KQINMH574WMNVI7YN"

// oneClient is the argument of a verb about one client.
func oneClient(cmd *cobra.Command, args []string) (string, error) {
	ids, err := identifiersOf(cmd, args, "client", exampleClient)
	if err != nil {
		return "", err
	}
	if len(ids) > 1 {
		return "", usageErrorf("name one client; `%s list` shows several", cmd.Parent().CommandPath())
	}
	return ids[0], nil
}

// withClientAdvice adds to "no such client" where to find those there are.
func withClientAdvice(cmd *cobra.Command, err error) error {
	if err == nil || fault.KindOf(err) != fault.NotFound {
		return err
	}
	return fmt.Errorf("%s in this account; `%s list` shows those there are", strings.TrimSuffix(explain(err), "."), cmd.Parent().CommandPath())
}
