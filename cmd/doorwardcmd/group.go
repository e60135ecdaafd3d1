package doorwardcmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/doorward/doorward/policyengine/pap"
)

var groupNoun = caddycmd.Command{
	Name:  "group",
	Usage: "create|list|delete|add|remove",
	Short: "Administers groups, to which policies are bound",
	Long: `
Administers groups, and who belongs to them, in the store that the config names or that --store names. Policies are bound
to groups, and never to users. A group is named by its name or its identifier, a user by e-mail address or identifier.`,
	CobraFunc: func(cmd *cobra.Command) {
		beNoun(cmd)
		cmd.AddCommand(groupCreate(), groupList(), groupDelete(), groupAdd(), groupRemove())
	},
}

// groupView is a group as --json shows it, with the names of the account management API.
type groupView struct {
	UUID            string   `json:"uuid"`
	Name            string   `json:"name"`
	Description     string   `json:"description"`
	FederatedValues []string `json:"federatedAttributeValues"`
	Owner           string   `json:"owner"`
	Created         string   `json:"createdAt"`
	Modified        string   `json:"updatedAt,omitempty"`
}

func groupViewOf(g pap.Group) groupView {
	return groupView{
		UUID: g.UUID, Name: g.Name, Description: g.Description, FederatedValues: notNull(g.FederatedValues), Owner: string(g.Owner),
		Created: momentOr(g.Created, ""), Modified: momentOr(g.Modified, ""),
	}
}

func groupCreate() *cobra.Command {
	var (
		place     placeFlags
		wanted    pap.GroupAttributes
		federated []string
		asJSON    bool
	)
	cmd := &cobra.Command{
		Use: "create <name>", Short: "Makes a group",
		Long: `Makes a group in the account. Its identifier goes to stdout.`,
	}
	place.registerAccount(cmd)
	cmd.Flags().StringVar(&wanted.Description, "description", "", "What the group is for")
	cmd.Flags().StringArrayVar(&federated, "federated", nil, "Name of the group at an identity provider; may be repeated")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Show the group as JSON")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageErrorf("say what the group is called; see `%s --help`", cmd.CommandPath())
		}
		wanted.Name, wanted.FederatedValues = args[0], federated
		return withDesk(cmd, &place, mayBeNew, func(d desk) error {
			g, err := d.policies.CreateGroup(d.ctx, actor(), d.account, wanted)
			if errors.Is(err, pap.ErrExists) {
				return fmt.Errorf("there is a group %s already; `%s list` shows it", wanted.Name, cmd.Parent().CommandPath())
			}
			if err != nil {
				return err
			}
			return showMade(cmd, g.UUID, asJSON, groupViewOf(g))
		})
	})
	return cmd
}

func (d desk) allGroups() ([]pap.Group, error) {
	all, err := everything(func(page pap.Page) ([]pap.Group, error) {
		return d.policies.Groups(d.ctx, pap.GroupQuery{AccountID: d.account, Page: page})
	}, func(g pap.Group) string { return g.UUID })
	slices.SortFunc(all, func(a, b pap.Group) int { return cmp.Compare(a.Name, b.Name) })
	return all, err
}

func groupList() *cobra.Command {
	var (
		place  placeFlags
		asJSON bool
	)
	cmd := &cobra.Command{Use: "list", Short: "Lists the groups of the account"}
	place.registerAccount(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "A JSON array")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := noArguments(cmd, args); err != nil {
			return err
		}
		return withDesk(cmd, &place, mustExist, func(d desk) error {
			all, err := d.allGroups()
			if err != nil {
				return err
			}
			if asJSON {
				return writeViews(cmd.OutOrStdout(), all, groupViewOf)
			}
			return writeColumns(cmd.OutOrStdout(), "ID\tNAME\tOWNER\tDESCRIPTION", all, func(g pap.Group) []string {
				return []string{g.UUID, g.Name, string(g.Owner), g.Description}
			})
		})
	})
	return cmd
}

func groupDelete() *cobra.Command {
	var place placeFlags
	cmd := &cobra.Command{
		Use: "delete <group>…", Short: "Removes groups for good, without asking back",
		Long: `Removes groups, with what is bound to them and who belongs to them.`,
	}
	place.registerAccount(cmd)
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		names, err := someNames(cmd, args, "group")
		if err != nil {
			return err
		}
		return withDesk(cmd, &place, mustExist, func(d desk) error {
			return d.each(names, func(name string) error {
				g, err := d.group(name)
				if err != nil {
					return err
				}
				if err := d.policies.DeleteGroup(d.ctx, actor(), d.account, g.UUID); err != nil {
					return err
				}
				return d.changed("deleted", g.UUID, g.Name)
			})
		})
	})
	return cmd
}

func groupAdd() *cobra.Command {
	return membership("add", "Makes users members of a group", "added", "to",
		func(ctx context.Context, s *pap.Service, account, user, group string) error {
			return s.AddToGroups(ctx, actor(), account, user, []string{group})
		})
}

func groupRemove() *cobra.Command {
	return membership("remove", "Ends the membership of users in a group", "removed", "from",
		func(ctx context.Context, s *pap.Service, account, user, group string) error {
			return s.RemoveFromGroups(ctx, actor(), account, user, []string{group})
		})
}

// membership is a verb about a group and users. To be what is asked for already is fine.
func membership(name, short, done, preposition string,
	do func(ctx context.Context, s *pap.Service, account, user, group string) error) *cobra.Command {
	var place placeFlags
	cmd := &cobra.Command{Use: name + " <group> <user>…", Short: short}
	place.registerAccount(cmd)
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if len(args) < 2 {
			return usageErrorf("name one group, and then at least one user; see `%s --help`", cmd.CommandPath())
		}
		return withDesk(cmd, &place, mustExist, func(d desk) error {
			g, err := d.group(args[0])
			if err != nil {
				return err
			}
			return d.each(args[1:], func(who string) error {
				u, err := d.user(who)
				if err != nil {
					return err
				}
				if err := do(d.ctx, d.policies, d.account, u.ID, g.UUID); err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s %s %s\n", done, u.Email, preposition, oneLine(g.Name))
				return err
			})
		})
	})
	return cmd
}
