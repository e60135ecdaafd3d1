package doorwardcmd

import (
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

var policyNoun = caddycmd.Command{
	Name:  "policy",
	Usage: "check|fmt|rego|test|create|list|show|update|delete|bind|unbind|bindings|apply|export",
	Short: "Writes, tests and administers IAM policies",
	Long: `
Writes, tests and administers IAM policies. check, fmt, rego and test work on files; the other verbs work on the store
that the config names (--config, or ./Caddyfile where there is one), or that --store names.

A policy lives in an account or in one environment, and does nothing until it is bound to a group there. Global policies
are built in: they can be bound, and not changed. A policy, group or boundary is named by its name or by its identifier.`,
	CobraFunc: func(cmd *cobra.Command) {
		beNoun(cmd)
		cmd.AddCommand(
			checkVerb(policyGrammar), fmtVerb(policyGrammar), policyRego(), policyTest(time.Now),
			policyCreate(), policyList(), policyShow(), policyUpdate(), policyDelete(),
			policyBind(), policyUnbind(), policyBindings(),
			policyApply(time.Now), policyExport(),
		)
	},
}

var boundaryNoun = caddycmd.Command{
	Name:  "boundary",
	Usage: "check|fmt|create|list|show|update|delete",
	Short: "Writes and administers policy boundaries",
	Long: `
Writes and administers policy boundaries: lists of conditions that narrow what a binding grants. check and fmt work on
files, the other verbs on the store. A boundary lives in an account and is put on a binding by policy bind --boundary.`,
	CobraFunc: func(cmd *cobra.Command) {
		beNoun(cmd)
		cmd.AddCommand(
			checkVerb(boundaryGrammar), fmtVerb(boundaryGrammar),
			boundaryCreate(), boundaryList(), boundaryShow(), boundaryUpdate(), boundaryDelete(),
		)
	},
}
