package doorwardcmd

import (
	"context"
	"fmt"
	"strings"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/remote"
)

var remoteNoun = caddycmd.Command{
	Name:  "remote",
	Usage: "setting|grant|list|show|approve|reject|revoke|revoke-all|review|report",
	Short: "Lets remote support staff in, and ends their access",
	Long: `
Says how far remote support staff get in, and decides about their requests, in the store that the config names or that
--store names. A change holds within a second at every running gateway, and cuts the connections of whoever is not let in any
more; the gateways send the mails and webhooks that it causes.

A request has an identifier, such as 7a397770-86b7-473b-b23e-4a07d79f2eff. Accepted, it is a grant, until it expires or is
revoked. The roles are devops-viewer, devops-user and devops-admin.`,
	CobraFunc: func(cmd *cobra.Command) {
		beNoun(cmd)
		cmd.AddCommand(
			remoteSetting(), remoteGrant(), remoteList(), remoteShow(), remoteApprove(), remoteReject(), remoteRevoke(),
			remoteRevokeAll(), remoteReview(), remoteReport(time.Now),
		)
	},
}

// remoteActor is who sits at the command line. The four-eyes rules take the name for a person, as the trail does.
func remoteActor() remote.Actor { return remote.Actor{Name: actor()} }

// remoteVerb is a verb about one request. What it is about is read before the store is opened.
func remoteVerb(cmd *cobra.Command, store *storeFlags, check func() error, work func(context.Context, *module.Administration, string) error) {
	store.register(cmd)
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		ids, err := requestIDs(cmd, args)
		if err != nil {
			return err
		}
		if len(ids) > 1 {
			return usageErrorf("name one request; `%s list` shows several", cmd.Parent().CommandPath())
		}
		if err := check(); err != nil {
			return err
		}
		return withStore(cmd.Context(), store, mustExist, func(a *module.Administration) error {
			return withRemoteAdvice(cmd, work(cmd.Context(), a, ids[0]))
		})
	})
}

// withRemoteAdvice adds what to do about a refusal that somebody at a terminal can do something about.
func withRemoteAdvice(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	advice, noun := "", cmd.Parent().CommandPath()
	switch f := explain(err); {
	case fault.KindOf(err) == fault.NotFound:
		advice = fmt.Sprintf("`%s list` shows those there are", noun)
	case fault.KindOf(err) == fault.Forbidden && strings.HasPrefix(f, closedSentence):
		advice = fmt.Sprintf("the setting does not ask for approval: see `%s setting`", noun)
		if cmd.Name() == "revoke" {
			advice += fmt.Sprintf("; `%s revoke-all` ends every grant all the same", noun)
		}
	case strings.HasPrefix(f, raceSentence):
		advice = fmt.Sprintf("see `%s show`, and say --if with the state that you have seen", noun)
	default:
		return err
	}
	return fmt.Errorf("%s; %s", strings.TrimSuffix(explain(err), "."), advice)
}

// The beginnings of sentences that get some advice. The first is the API's, word for word.
const (
	closedSentence = "Approving remote access request is disabled"
	raceSentence   = "Another change came first"
)

// effects say what a setting does, for whoever has just made it.
var effects = [...]string{
	remote.Off:              "nobody of the staff gets in, and no grant is left",
	remote.All:              "everybody of the staff gets in, without approval",
	remote.ReadOnly:         "everybody of the staff gets in as devops-viewer, without approval",
	remote.Approved:         "whoever has a grant gets in, with its role",
	remote.ApprovedReadOnly: "whoever has a grant gets in, as devops-viewer",
}

func remoteSetting() *cobra.Command {
	var (
		store  storeFlags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "setting [off|all|read-only|approved|approved-read-only]",
		Short: "Shows, or changes, which of the staff get in",
		Long: `Shows which of the support staff get in. With a word, changes it, without asking back:

	off                 nobody; every grant ends now
	all                 everybody of the staff, without approval
	read-only           everybody of the staff, as devops-viewer
	approved            whoever has a grant, with its role
	approved-read-only  whoever has a grant, as devops-viewer

Requests can be made and decided about while it is approved or approved-read-only. Under all and read-only grants are passed over,
and their time runs on.`,
		ValidArgs: settingWords(),
	}
	store.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "As JSON")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return withStore(cmd.Context(), &store, mustExist, func(a *module.Administration) error {
				return showSetting(cmd, a, asJSON)
			})
		}
		wanted, err := settingOf(args)
		if err != nil {
			return err
		}
		return withStore(cmd.Context(), &store, mayBeNew, func(a *module.Administration) error {
			return changeSetting(cmd, a, wanted, asJSON)
		})
	})
	return cmd
}

func showSetting(cmd *cobra.Command, a *module.Administration, asJSON bool) error {
	s, err := a.Remote.Setting(cmd.Context())
	if err != nil {
		return err
	}
	return writeSetting(cmd, s, s.String(), asJSON)
}

func changeSetting(cmd *cobra.Command, a *module.Administration, wanted remote.Setting, asJSON bool) error {
	var before remote.Setting
	after, err := a.Remote.SetSetting(cmd.Context(), remoteActor(), func(s remote.Setting) remote.Setting {
		before = s
		return wanted
	})
	if err != nil {
		return err
	}
	text := fmt.Sprintf("changed from %s to %s: %s", before, after, effects[after])
	if before == after {
		text = fmt.Sprintf("stays %s: %s", after, effects[after])
	}
	return writeSetting(cmd, after, text, asJSON)
}

func writeSetting(cmd *cobra.Command, s remote.Setting, text string, asJSON bool) error {
	if asJSON {
		return writeJSON(cmd.OutOrStdout(), struct {
			Setting string `json:"setting"`
			remote.Preferences
		}{s.String(), s.Preferences()})
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), text)
	return err
}
