package doorwardcmd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/remote"
)

// ifHelp is the help of --if. The defaults are the states in which the verbs are meant, so that whoever decides about a list
// that they have read does not take back what somebody else has decided since.
const ifHelp = "Only where the request is in this state: pending, accepted, rejected or expired"

func remoteApprove() *cobra.Command {
	var (
		store      storeFlags
		decision   remote.Decision
		role, seen string
	)
	cmd := &cobra.Command{
		Use:   "approve <identifier>",
		Short: "Accepts a request",
		Long: `Accepts a request, with the role and the days that were asked for, or with less of them. The time begins now. Where the config
asks for two approvers, the first one leaves it pending.

A request that somebody else has decided about stays as it is; what became of it is told. Nobody approves a request of their own, and
all who work as the same system user, such as root, are one approver.`,
	}
	flags := cmd.Flags()
	flags.StringVar(&role, "role", "", "A lower role than was asked for")
	flags.IntVar(&decision.Days, "days", 0, "Fewer days than were asked for")
	flags.StringVar(&seen, "if", "pending", ifHelp)
	remoteVerb(cmd, &store, func() (err error) {
		if flags.Changed("days") && decision.Days < 1 {
			return usageErrorf("--days is a number of days, 1 or more")
		}
		if decision.Role, err = roleOf(role); err != nil {
			return err
		}
		decision.State = remote.Accepted
		decision.If, err = stateOf("--if", seen)
		return err
	}, func(ctx context.Context, a *module.Administration, id string) error {
		before, err := a.Remote.Kept(ctx, id)
		if err != nil {
			return err
		}
		if before.State == remote.Accepted && (decision.Role != remote.NoRole || decision.Days != 0) {
			return fmt.Errorf("%s; its role and days stay", acceptedBefore(cmd, before))
		}
		after, err := a.Remote.SetState(ctx, remoteActor(), id, decision)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), approvedText(cmd, before, after))
		return err
	})
	return cmd
}

// approvedText says what an approval has come to. That it changed nothing is no error, but has to be seen.
func approvedText(cmd *cobra.Command, before, after remote.Request) string {
	me := actor()
	switch {
	case after.State == remote.Accepted && before.State != remote.Accepted && after.ChangedBy == me:
		return fmt.Sprintf("approved %s: %s", after.ID, grantSentence(cmd, after))
	case after.State == remote.Accepted:
		return fmt.Sprintf("unchanged %s: %s", after.ID, acceptedBefore(cmd, after))
	case slices.Contains(before.Approvals, me):
		return fmt.Sprintf("unchanged %s: you have approved it already, and somebody else has to", after.ID)
	}
	return fmt.Sprintf("approved %s: %s", after.ID, grantSentence(cmd, after))
}

func acceptedBefore(cmd *cobra.Command, r remote.Request) string {
	return fmt.Sprintf("%s has accepted it already, at %s; %s", oneLine(r.ChangedBy), momentOr(r.Changed, "-"), grantSentence(cmd, r))
}

func remoteReject() *cobra.Command {
	return remoteEnd(ending{
		name: "reject", short: "Refuses requests", done: "rejected", to: remote.Rejected, seen: "pending",
		long: `Refuses requests that are pending. A request that somebody else has decided about stays as it is; to end a grant, revoke it.`,
	})
}

func remoteRevoke() *cobra.Command {
	return remoteEnd(ending{
		name: "revoke", short: "Ends grants now, without asking back", done: "revoked", to: remote.Expired, seen: "accepted",
		long: `Ends grants. The next request of the user is refused, and open connections are cut within a second. Whoever needs access
again needs a new request.`,
	})
}

// ending is a verb that ends requests.
type ending struct {
	name, short, long, done string
	to                      remote.State
	seen                    string // the state in which it is meant
}

// remoteEnd takes identifiers. All are read before the first request is touched; one that cannot be ended does not keep the
// next one from it.
func remoteEnd(e ending) *cobra.Command {
	var (
		store storeFlags
		given string
	)
	cmd := &cobra.Command{Use: e.name + " <identifier>…", Short: e.short, Long: e.long}
	store.register(cmd)
	cmd.Flags().StringVar(&given, "if", e.seen, ifHelp)
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		ids, err := requestIDs(cmd, args)
		if err != nil {
			return err
		}
		seen, err := stateOf("--if", given)
		if err != nil {
			return err
		}
		return withStore(cmd.Context(), &store, mustExist, func(a *module.Administration) error {
			var failed error
			for _, id := range ids {
				r, err := a.Remote.SetState(cmd.Context(), remoteActor(), id, remote.Decision{State: e.to, If: seen})
				if err != nil {
					remark(cmd, "%s: %s", id, explain(withRemoteAdvice(cmd, err)))
					failed = errReported
					continue
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s %s (%s, %s)\n", e.done, r.ID, oneLine(r.User), r.Role)
			}
			return failed
		})
	})
	return cmd
}

func remoteRevokeAll() *cobra.Command {
	var store storeFlags
	cmd := &cobra.Command{
		Use: "revoke-all", Short: "Ends every grant now, without asking back",
		Long: `Ends every live grant, whatever the setting is. Requests that are pending stay pending. To keep everybody out who does not need a
grant as well, say setting off.`,
	}
	store.register(cmd)
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := noArguments(cmd, args); err != nil {
			return err
		}
		return withStore(cmd.Context(), &store, mustExist, func(a *module.Administration) error {
			n, err := a.Remote.RevokeAll(cmd.Context(), remoteActor())
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "revoked %s\n", countOf(n, "grant"))
			return warnOfOpenSetting(cmd, a)
		})
	})
	return cmd
}

// warnOfOpenSetting tells who has ended every grant that nobody needs one.
func warnOfOpenSetting(cmd *cobra.Command, a *module.Administration) error {
	s, err := a.Remote.Setting(cmd.Context())
	if err == nil && s != remote.Off && !s.AsksForApproval() {
		remark(cmd, "warning: the setting is %s: %s; `%s setting off` ends that", s, effects[s], cmd.Parent().CommandPath())
	}
	return err
}

func remoteReview() *cobra.Command {
	var (
		store   storeFlags
		comment string
	)
	cmd := &cobra.Command{
		Use:   "review <identifier> --comment <text>",
		Short: "Records that somebody has looked at what access without approval was used for",
		Long: `Records that you have looked at what access without approval was used for; report shows that. It is done once, within 24 hours of
the access, and not by whoever had it. Until then the user can take no other access without approval.`,
	}
	cmd.Flags().StringVar(&comment, "comment", "", "What you have found (required)")
	remoteVerb(cmd, &store, func() error {
		if strings.TrimSpace(comment) == "" {
			return usageErrorf("say what you have found, with --comment")
		}
		return nil
	}, func(ctx context.Context, a *module.Administration, id string) error {
		r, err := a.Remote.Review(ctx, remoteActor(), id, comment)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "reviewed %s (%s, %s)\n", r.ID, oneLine(r.User), r.Role)
		return err
	})
	return cmd
}
