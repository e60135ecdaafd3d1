package doorwardcmd

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/policyengine/pap"
)

// policyView is a policy as --json shows it, with the names of the policy administration API.
type policyView struct {
	UUID        string   `json:"uuid"`
	Name        string   `json:"name"`
	LevelType   string   `json:"levelType"`
	LevelID     string   `json:"levelId"`
	Description string   `json:"description"`
	Tags        []string `json:"tags"`
	Statement   string   `json:"statementQuery"`
	Shadow      bool     `json:"shadow,omitempty"`    // on trial: it has no effect
	Created     string   `json:"createdAt,omitempty"` // none for a global policy
	Modified    string   `json:"updatedAt,omitempty"`
}

func policyViewOf(p pap.Policy) policyView {
	return policyView{
		UUID: p.UUID, Name: p.Name, LevelType: string(p.Level.Type), LevelID: p.Level.ID, Description: p.Description,
		Tags: notNull(p.Tags), Statement: p.Statement, Shadow: p.Shadow, Created: momentOr(p.Created, ""), Modified: momentOr(p.Modified, ""),
	}
}

// notNull writes an empty list as [].
func notNull[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func policyList() *cobra.Command {
	var (
		place  placeFlags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Lists the policies that can be bound",
		Long: `Lists the policies that can be bound at the account, or with --environment at that environment: its own, the account's, and
the global ones, which are built in.`,
	}
	place.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "A JSON array")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := noArguments(cmd, args); err != nil {
			return err
		}
		return withDesk(cmd, &place, mustExist, func(d desk) error {
			all, err := d.allPolicies()
			if err != nil {
				return err
			}
			if asJSON {
				return writeViews(cmd.OutOrStdout(), all, policyViewOf)
			}
			return writeColumns(cmd.OutOrStdout(), "ID\tNAME\tLEVEL\tDESCRIPTION", all, func(p pap.Policy) []string {
				return []string{p.UUID, p.Name, levelText(p.Level), p.Description}
			})
		})
	})
	return cmd
}

// allPolicies are the policies of all levels, by level and name.
func (d desk) allPolicies() ([]pap.Policy, error) {
	var all []pap.Policy
	for _, level := range append(d.levels(), pap.GlobalLevel) {
		policies, err := everything(func(page pap.Page) ([]pap.Policy, error) {
			return d.policies.Policies(d.ctx, pap.PolicyQuery{Level: level, Page: page})
		}, func(p pap.Policy) string { return p.UUID })
		if err != nil {
			return nil, err
		}
		slices.SortFunc(policies, func(a, b pap.Policy) int { return cmp.Compare(a.Name, b.Name) })
		all = append(all, policies...)
	}
	return all, nil
}

func policyShow() *cobra.Command {
	var (
		place      placeFlags
		asJSON     bool
		textAsItIs bool
	)
	cmd := &cobra.Command{Use: "show <policy>", Short: "Shows all that is known of a policy, and its text"}
	place.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "As JSON")
	cmd.Flags().BoolVar(&textAsItIs, "text", false, "The text alone, byte for byte as it was stored")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		wanted, err := oneName(cmd, args, "policy")
		if err != nil {
			return err
		}
		return withDesk(cmd, &place, mustExist, func(d desk) error {
			p, err := d.policy(wanted)
			if err != nil {
				return err
			}
			facts := [][2]string{
				{"id", p.UUID}, {"name", p.Name}, {"level", levelText(p.Level)}, {"description", orDash(p.Description)},
				{"tags", orDash(strings.Join(p.Tags, ", "))}, {"created", momentOr(p.Created, "-")}, {"modified", momentOr(p.Modified, "never")},
			}
			if p.Shadow {
				facts = append(facts, [2]string{"shadow", "on trial, without an effect"})
			}
			return showText(cmd.OutOrStdout(), facts, p.Statement, policyViewOf(p), asJSON, textAsItIs)
		})
	})
	return cmd
}

// showText shows something that has a text, in one of three ways.
func showText(w io.Writer, facts [][2]string, text string, view any, asJSON, textAsItIs bool) error {
	switch {
	case asJSON:
		return writeJSON(w, view)
	case textAsItIs:
		_, err := io.WriteString(w, text)
		return err
	}
	if err := writeFacts(w, facts); err != nil {
		return err
	}
	fmt.Fprintln(w)
	// Comments may hold anything, and a terminal obeys some of it.
	for line := range strings.Lines(text) {
		if _, err := fmt.Fprintln(w, printable(strings.TrimRight(line, "\r\n"))); err != nil {
			return err
		}
	}
	return nil
}

// writeFacts writes a line for each fact.
func writeFacts(w io.Writer, facts [][2]string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, fact := range facts {
		fmt.Fprintf(table, "%s\t%s\n", fact[0], oneLine(fact[1]))
	}
	return table.Flush()
}

// printable is a line of a text as it can be shown: its indentation stays.
func printable(line string) string {
	rest := strings.TrimLeft(line, " \t")
	return line[:len(line)-len(rest)] + oneLine(rest)
}

// showMade shows what was made: its identifier alone, which a script can take, or everything.
func showMade(cmd *cobra.Command, id string, asJSON bool, view any) error {
	if asJSON {
		return writeJSON(cmd.OutOrStdout(), view)
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), id)
	return err
}

// writeColumns writes a table.
func writeColumns[T any](w io.Writer, head string, rows []T, columns func(T) []string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, head)
	for _, row := range rows {
		var cells []string
		for _, cell := range columns(row) {
			cells = append(cells, orDash(oneLine(cell)))
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	return table.Flush()
}

// writeViews writes a JSON array.
func writeViews[T, V any](w io.Writer, rows []T, view func(T) V) error {
	views := make([]V, 0, len(rows))
	for _, row := range rows {
		views = append(views, view(row))
	}
	return writeJSON(w, views)
}
