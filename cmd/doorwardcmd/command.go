// Package doorwardcmd has the commands that Doorward adds to a Caddy binary.
//
// Importing it registers `caddy doorward`, with a noun for each thing that can be administered. In a binary that is
// called doorward the nouns stand at the top as well: `doorward token create`.
//
// What a command was asked for goes to stdout, remarks and errors go to stderr, one line each. The exit code is 0 when
// all was done, 1 when something went wrong, 2 when the command line was not understood.
package doorwardcmd

import (
	"sync"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// BinaryName is what a ready-built Doorward is called. A binary with this name, set by its linker as
// caddy.CustomBinaryName, gets the commands at the top level without RegisterTopLevel.
const BinaryName = "doorward"

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "doorward",
		Usage: "token|client|policy|boundary|group|user|remote|audit|store|migrate|key|explain|quickstart …",
		Short: "Administers Doorward: tokens, OAuth2 clients, policies, groups, users, remote access, the audit trail, the store, and a trial run",
		CobraFunc: func(cmd *cobra.Command) {
			beNoun(cmd)
			for _, n := range nouns {
				child := &cobra.Command{Use: n.Name + " " + n.Usage, Short: n.Short, Long: n.Long}
				n.CobraFunc(child)
				cmd.AddCommand(child)
			}
		},
	})
	if caddy.CustomBinaryName == BinaryName {
		RegisterTopLevel()
	}
}

// nouns are the commands below `caddy doorward`, and at the top of a binary of our own.
var nouns = []caddycmd.Command{
	tokenNoun, clientNoun, policyNoun, boundaryNoun, groupNoun, userNoun, remoteNoun, auditNoun, storeNoun, migrateNoun, keyNoun, explainNoun,
	quickstartNoun,
}

// RegisterTopLevel makes the nouns commands of the binary itself. Call it before caddycmd.Main; later calls do nothing.
func RegisterTopLevel() { registerTopLevel() }

var registerTopLevel = sync.OnceFunc(func() {
	for _, n := range nouns {
		caddycmd.RegisterCommand(n)
	}
})

// beNoun makes cmd a command that only groups others: alone it shows its help, and a verb that it does not have is an
// error, where cobra would show the help and report success to the script that called.
func beNoun(cmd *cobra.Command) {
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			return usageErrorf("there is no such command; did you mean `%s %s`?", cmd.CommandPath(), near[0])
		}
		return usageErrorf("there is no such command; `%s --help` lists those there are", cmd.CommandPath())
	})
}

// beVerb makes cmd run a function whose error becomes one line and an exit code. Its arguments are the function's to
// check: cobra's own messages repeat them, and an argument may be a secret.
func beVerb(cmd *cobra.Command, run func(*cobra.Command, []string) error) {
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SuggestionsMinimumDistance = 2
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return outcome(cmd, run(cmd, args)) }
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return outcome(cmd, usageErrorf("%v; see `%s --help`", err, cmd.CommandPath()))
	})
}

// noArguments refuses any, without repeating them.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageErrorf("`%s` takes no arguments, only flags; see `%s --help`", cmd.CommandPath(), cmd.CommandPath())
	}
	return nil
}
