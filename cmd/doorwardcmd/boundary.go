package doorwardcmd

import (
	"cmp"
	"slices"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/policyengine/pap"
)

// boundaryView is a boundary as --json shows it, with the names of the policy administration API.
type boundaryView struct {
	UUID      string `json:"uuid"`
	Name      string `json:"name"`
	LevelType string `json:"levelType"`
	LevelID   string `json:"levelId"`
	Query     string `json:"boundaryQuery"`
	Created   string `json:"createdAt"`
	Modified  string `json:"updatedAt,omitempty"`
}

func boundaryViewOf(b pap.Boundary) boundaryView {
	return boundaryView{
		UUID: b.UUID, Name: b.Name, LevelType: string(pap.AccountLevel(b.AccountID).Type), LevelID: b.AccountID, Query: b.Query,
		Created: momentOr(b.Created, ""), Modified: momentOr(b.Modified, ""),
	}
}

func boundaryCreate() *cobra.Command {
	var (
		place    placeFlags
		name, id string
		asJSON   bool
	)
	cmd := &cobra.Command{
		Use:   "create --name <name> <file>",
		Short: "Stores a boundary",
		Long: `Stores the text of the file (- is standard input) as a boundary of the account. Its identifier goes to stdout. A text with
errors is refused, and they are shown.`,
	}
	place.registerAccount(cmd)
	cmd.Flags().StringVar(&name, "name", "", "Name, one of its kind in the account (required)")
	cmd.Flags().StringVar(&id, "id", "", "Identifier, a UUID of version 4 (default a new one)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Show the boundary as JSON")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		text, err := newText(cmd, args, &place, boundaryGrammar, name)
		if err != nil {
			return err
		}
		return withDesk(cmd, &place, mayBeNew, func(d desk) error {
			wanted := pap.BoundaryAttributes{Name: name, Query: text.text}
			b, _, err := d.policies.CreateBoundary(d.ctx, actor(), d.account, id, wanted)
			if err != nil {
				return err
			}
			return showMade(cmd, b.UUID, asJSON, boundaryViewOf(b))
		})
	})
	return cmd
}

func (d desk) allBoundaries() ([]pap.Boundary, error) {
	all, err := everything(func(page pap.Page) ([]pap.Boundary, error) {
		return d.policies.Boundaries(d.ctx, pap.BoundaryQuery{AccountID: d.account, Page: page})
	}, func(b pap.Boundary) string { return b.UUID })
	slices.SortFunc(all, func(a, b pap.Boundary) int { return cmp.Compare(a.Name, b.Name) })
	return all, err
}

func boundaryList() *cobra.Command {
	var (
		place  placeFlags
		asJSON bool
	)
	cmd := &cobra.Command{Use: "list", Short: "Lists the boundaries of the account"}
	place.registerAccount(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "A JSON array")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := noArguments(cmd, args); err != nil {
			return err
		}
		return withDesk(cmd, &place, mustExist, func(d desk) error {
			all, err := d.allBoundaries()
			if err != nil {
				return err
			}
			if asJSON {
				return writeViews(cmd.OutOrStdout(), all, boundaryViewOf)
			}
			return writeColumns(cmd.OutOrStdout(), "ID\tNAME\tMODIFIED", all, func(b pap.Boundary) []string {
				return []string{b.UUID, b.Name, momentOr(b.Modified, "never")}
			})
		})
	})
	return cmd
}

func boundaryShow() *cobra.Command {
	var (
		place              placeFlags
		asJSON, textAsItIs bool
	)
	cmd := &cobra.Command{Use: "show <boundary>", Short: "Shows all that is known of a boundary, and its text"}
	place.registerAccount(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "As JSON")
	cmd.Flags().BoolVar(&textAsItIs, "text", false, "The text alone, byte for byte as it was stored")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		wanted, err := oneName(cmd, args, "boundary")
		if err != nil {
			return err
		}
		return withDesk(cmd, &place, mustExist, func(d desk) error {
			b, err := d.boundary(wanted)
			if err != nil {
				return err
			}
			facts := [][2]string{
				{"id", b.UUID}, {"name", b.Name}, {"account", b.AccountID},
				{"created", momentOr(b.Created, "-")}, {"modified", momentOr(b.Modified, "never")},
			}
			return showText(cmd.OutOrStdout(), facts, b.Query, boundaryViewOf(b), asJSON, textAsItIs)
		})
	})
	return cmd
}

func boundaryUpdate() *cobra.Command {
	var (
		place placeFlags
		name  string
	)
	cmd := &cobra.Command{
		Use:   "update <boundary> [<file>]",
		Short: "Changes a boundary's name, or its text",
		Long: `Changes the name, and the text where a file (- is standard input) is given. A change of the text holds at once for every
binding that has the boundary, and each must still be possible.`,
	}
	place.registerAccount(cmd)
	cmd.Flags().StringVar(&name, "name", "", "New name")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 || len(args) > 2 || len(args) == 1 && name == "" {
			return usageErrorf("name one boundary, and a file with its new text or a new --name; see `%s --help`", cmd.CommandPath())
		}
		var text namedText
		if len(args) == 2 {
			var err error
			if text, err = judgedFile(cmd, args[1], &place, boundaryGrammar); err != nil {
				return err
			}
		}
		return withDesk(cmd, &place, mustExist, func(d desk) error {
			b, err := d.boundary(args[0])
			if err != nil {
				return err
			}
			wanted := pap.BoundaryAttributes{Name: cmp.Or(name, b.Name), Query: b.Query, Metadata: b.Metadata}
			if len(args) == 2 {
				wanted.Query = text.text
			}
			if _, err := d.policies.UpdateBoundary(d.ctx, actor(), d.account, b.UUID, wanted); err != nil {
				return err
			}
			return d.changed("updated", b.UUID, wanted.Name)
		})
	})
	return cmd
}

func boundaryDelete() *cobra.Command {
	var place placeFlags
	cmd := &cobra.Command{
		Use: "delete <boundary>…", Short: "Removes boundaries for good, without asking back",
		Long: `Removes boundaries. One that a binding has stays: without it the binding would grant more.`,
	}
	place.registerAccount(cmd)
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		names, err := someNames(cmd, args, "boundary")
		if err != nil {
			return err
		}
		return withDesk(cmd, &place, mustExist, func(d desk) error {
			return d.each(names, func(name string) error {
				b, err := d.boundary(name)
				if err != nil {
					return err
				}
				if err := d.policies.DeleteBoundary(d.ctx, actor(), d.account, b.UUID); err != nil {
					return err
				}
				return d.changed("deleted", b.UUID, b.Name)
			})
		})
	})
	return cmd
}
