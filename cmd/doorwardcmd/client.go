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
	"github.com/doorward/doorward/tokens/scope"
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
		service, err := clientsOf(a)
		if err != nil {
			return err
		}
		return work(clientDesk{service, cmp.Or(f.account, a.Account)})
	})
}

// clientsOf is the service over the store of an administration. The OAuth scopes there are: those that the scopes of the
// catalogues stand for, the permissions that policies may name, and those of the account management API.
func clientsOf(a *module.Administration) (*oauth2.Service, error) {
	values := map[string]bool{}
	for _, s := range a.Scopes.All() {
		for _, value := range s.OAuth {
			values[value] = true
		}
	}
	for p := range a.Permissions.Permissions() {
		values[p.Name] = true
	}
	for _, value := range iamScopes {
		values[value] = true
	}
	var all []scope.Scope
	for value := range values {
		if scope.Valid(value) {
			all = append(all, scope.Scope{Value: value})
		}
	}
	catalog, err := scope.NewCatalog(all...)
	if err != nil {
		return nil, err
	}
	return oauth2.NewService(oauth2.ServiceConfig{Store: a.Store, Scopes: catalog}), nil
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
