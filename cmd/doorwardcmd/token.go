package doorwardcmd

import (
	"context"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
)

var tokenNoun = caddycmd.Command{
	Name:  "token",
	Usage: "create|list|show|update|disable|enable|delete|lookup|import|advise|personal|rotate-tenant",
	Short: "Makes and administers access tokens",
	Long: `
Makes and administers access tokens, in the store of a running gateway or of one that is not running. A change holds at
once for a gateway that has not seen the token, and within a second for one that has.

The store is the one that the config names (--config, or ./Caddyfile where there is one), or the one that --store
names, or else the default one in Caddy's data folder.

A token has an identifier, such as dt0c01.ST2EY72KQINMH574WMNVI7YN, which is no secret, and a secret part after it. Only
create shows the secret, once. No command takes a secret as an argument, where other users of the machine could read it.`,
	CobraFunc: func(cmd *cobra.Command) {
		beNoun(cmd)
		cmd.AddCommand(
			tokenCreate(time.Now), tokenList(), tokenShow(), tokenUpdate(),
			tokenDisable(), tokenEnable(), tokenDelete(),
			tokenLookup(), tokenImport(time.Now), tokenAdvise(),
			tokenPersonal(), tokenRotateTenant(),
		)
	},
}

// withStore is the frame of every verb: it opens the store, runs the work and closes the store. An error of closing
// counts, because a change is only as good as the store that keeps it.
func withStore(ctx context.Context, f *storeFlags, p presence, work func(*module.Administration) error) (err error) {
	a, err := f.open(ctx, p)
	if err != nil {
		return err
	}
	defer func() {
		if closing := a.Close(); err == nil {
			err = closing
		}
	}()
	return work(a)
}
