package doorwardcmd

import (
	"cmp"
	"slices"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/doorward/doorward/policyengine/pap"
)

var userNoun = caddycmd.Command{
	Name:  "user",
	Usage: "create|list|show|delete",
	Short: "Administers users, who belong to groups",
	Long: `
Administers users in the store that the config names or that --store names. Tokens name their owner by the user's e-mail
address; what the user may do follows from the user's groups. A user is named by e-mail address or identifier.`,
	CobraFunc: func(cmd *cobra.Command) {
		beNoun(cmd)
		cmd.AddCommand(userCreate(), userList(), userShow(), userDelete())
	},
}

// userView is a user as --json shows it.
type userView struct {
	ID          string      `json:"uid"`
	Email       string      `json:"email"`
	Name        string      `json:"name"`
	ServiceUser bool        `json:"serviceUser"`
	Groups      []groupName `json:"groups,omitempty"` // show only
	Created     string      `json:"createdAt"`
	Modified    string      `json:"updatedAt,omitempty"`
}

type groupName struct {
	UUID string `json:"uuid"`
	Name string `json:"name"`
}

func userViewOf(u pap.User) userView {
	return userView{
		ID: u.ID, Email: u.Email, Name: u.Name, ServiceUser: u.ServiceUser,
		Created: momentOr(u.Created, ""), Modified: momentOr(u.Modified, ""),
	}
}

func userCreate() *cobra.Command {
	var (
		place  placeFlags
		wanted pap.UserAttributes
		asJSON bool
	)
	cmd := &cobra.Command{
		Use: "create <e-mail address>", Short: "Makes a user",
		Long: `Makes a user in the account. The user's identifier goes to stdout. No other user of the store may have the address.`,
	}
	place.registerAccount(cmd)
	cmd.Flags().StringVar(&wanted.Name, "name", "", "Name of the user")
	cmd.Flags().BoolVar(&wanted.ServiceUser, "service", false, "The user is a program")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Show the user as JSON")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageErrorf("name one e-mail address; see `%s --help`", cmd.CommandPath())
		}
		wanted.Email = args[0]
		return withDesk(cmd, &place, mayBeNew, func(d desk) error {
			u, err := d.policies.CreateUser(d.ctx, actor(), d.account, wanted)
			if err != nil {
				return err
			}
			return showMade(cmd, u.ID, asJSON, userViewOf(u))
		})
	})
	return cmd
}

func userList() *cobra.Command {
	var (
		place  placeFlags
		group  string
		asJSON bool
	)
	cmd := &cobra.Command{Use: "list", Short: "Lists the users of the account"}
	place.registerAccount(cmd)
	cmd.Flags().StringVar(&group, "group", "", "Only members of this group")
	cmd.Flags().BoolVar(&asJSON, "json", false, "A JSON array")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := noArguments(cmd, args); err != nil {
			return err
		}
		return withDesk(cmd, &place, mustExist, func(d desk) error {
			q := pap.UserQuery{AccountID: d.account}
			if group != "" {
				g, err := d.group(group)
				if err != nil {
					return err
				}
				q.Group = g.UUID
			}
			all, err := everything(func(page pap.Page) ([]pap.User, error) {
				q.Page = page
				return d.policies.Users(d.ctx, q)
			}, func(u pap.User) string { return u.ID })
			if err != nil {
				return err
			}
			slices.SortFunc(all, func(a, b pap.User) int { return cmp.Compare(a.Email, b.Email) })
			if asJSON {
				return writeViews(cmd.OutOrStdout(), all, userViewOf)
			}
			return writeColumns(cmd.OutOrStdout(), "ID\tE-MAIL\tNAME\tSERVICE", all, func(u pap.User) []string {
				return []string{u.ID, u.Email, u.Name, yesNo(u.ServiceUser)}
			})
		})
	})
	return cmd
}

func userShow() *cobra.Command {
	var (
		place  placeFlags
		asJSON bool
	)
	cmd := &cobra.Command{Use: "show <user>", Short: "Shows all that is known of a user, and the user's groups"}
	place.registerAccount(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "As JSON")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		wanted, err := oneName(cmd, args, "user")
		if err != nil {
			return err
		}
		return withDesk(cmd, &place, mustExist, func(d desk) error {
			u, err := d.user(wanted)
			if err != nil {
				return err
			}
			v := userViewOf(u)
			if v.Groups, err = d.groupsOf(u); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), v)
			}
			facts := [][2]string{
				{"id", u.ID}, {"e-mail", u.Email}, {"name", orDash(u.Name)}, {"service user", yesNo(u.ServiceUser)},
				{"created", momentOr(u.Created, "-")}, {"modified", momentOr(u.Modified, "never")},
			}
			var names []string
			for _, g := range v.Groups {
				names = append(names, g.Name)
			}
			facts = append(facts, [2]string{"groups", orDash(strings.Join(names, ", "))})
			return writeFacts(cmd.OutOrStdout(), facts)
		})
	})
	return cmd
}

// groupsOf are the groups of a user, by name.
func (d desk) groupsOf(u pap.User) ([]groupName, error) {
	uuids, err := d.policies.GroupsOf(d.ctx, u.ID)
	if err != nil {
		return nil, err
	}
	var groups []groupName
	for _, uuid := range uuids {
		g, err := d.policies.Group(d.ctx, u.AccountID, uuid)
		if err != nil && !isMissing(err) {
			return nil, err
		}
		// A group that went away meanwhile has no name any more.
		groups = append(groups, groupName{uuid, cmp.Or(g.Name, uuid)})
	}
	slices.SortFunc(groups, func(a, b groupName) int { return cmp.Compare(a.Name, b.Name) })
	return groups, nil
}

func userDelete() *cobra.Command {
	var place placeFlags
	cmd := &cobra.Command{
		Use: "delete <user>…", Short: "Removes users for good, without asking back",
		Long: `Removes users, and ends their memberships. Their tokens stay; token list --owner shows them.`,
	}
	place.registerAccount(cmd)
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		names, err := someNames(cmd, args, "user")
		if err != nil {
			return err
		}
		return withDesk(cmd, &place, mustExist, func(d desk) error {
			return d.each(names, func(name string) error {
				u, err := d.user(name)
				if err != nil {
					return err
				}
				if err := d.policies.DeleteUser(d.ctx, actor(), d.account, u.ID); err != nil {
					return err
				}
				return d.changed("deleted", u.ID, u.Email)
			})
		})
	})
	return cmd
}
