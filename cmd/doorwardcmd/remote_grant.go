package doorwardcmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/remote"
)

func remoteGrant() *cobra.Command {
	var (
		store  storeFlags
		wanted remote.Ask
		role   string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "grant <user> --role <role> --days <days> --reason <text>",
		Short: "Lets a member of the staff in who has not asked",
		Long: `Makes a request for a member of the support staff and accepts it in one step. Its identifier goes to stdout. Where the config
asks for two approvers the request is pending, and you are the first of them.

The grant begins now and ends after so many times 24 hours. It takes effect while the setting asks for approval.`,
	}
	store.register(cmd)
	cmd.Flags().StringVar(&role, "role", "", "What the user may do: devops-viewer, devops-user or devops-admin (required)")
	cmd.Flags().IntVar(&wanted.Days, "days", 0, "For how many days (required)")
	cmd.Flags().StringVar(&wanted.Reason, "reason", "", "Why, with the ticket where the config asks for one (required)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Show the request as JSON")
	_ = cmd.RegisterFlagCompletionFunc("role", cobra.FixedCompletions(roleWords, cobra.ShellCompDirectiveNoFileComp)) // fails for a flag that there is not
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := readAsk(cmd, args, role, &wanted); err != nil {
			return err
		}
		return withStore(cmd.Context(), &store, mustExist, func(a *module.Administration) error {
			r, err := a.Remote.Grant(cmd.Context(), remoteActor(), wanted)
			if err != nil {
				return withRemoteAdvice(cmd, err)
			}
			if err := showMade(cmd, r.ID, asJSON, requestViewOf(r)); err != nil {
				return err
			}
			remark(cmd, "%s", grantSentence(cmd, r))
			return nil
		})
	})
	return cmd
}

// readAsk says of everything that is missing what to do about it.
func readAsk(cmd *cobra.Command, args []string, role string, wanted *remote.Ask) (err error) {
	if len(args) != 1 {
		return usageErrorf("name one user, and all else with flags; see `%s --help`", cmd.CommandPath())
	}
	if wanted.User, err = userOf(args[0]); err != nil {
		return err
	}
	if wanted.Role, err = roleOf(role); err != nil {
		return err
	}
	switch {
	case wanted.Role == remote.NoRole:
		return usageErrorf("say what the user may do, with --role: there is no default")
	case !cmd.Flags().Changed("days"):
		return usageErrorf("say for how long, with --days")
	case wanted.Days < 1:
		return usageErrorf("--days is a number of days, 1 or more")
	case wanted.Reason == "":
		return usageErrorf("say why, with --reason")
	}
	return nil
}

// grantSentence is what an accepted request means, or one that waits for another approver.
func grantSentence(cmd *cobra.Command, r remote.Request) string {
	if r.State != remote.Accepted {
		return fmt.Sprintf("%s does not get in yet: the role %s needs another approver, who says `%s approve %s` before %s",
			r.User, r.Role, cmd.Parent().CommandPath(), r.ID, momentOr(r.PendingUntil, "-"))
	}
	return fmt.Sprintf("%s gets in as %s until %s", r.User, r.Role, momentOr(r.Expires, "-"))
}
