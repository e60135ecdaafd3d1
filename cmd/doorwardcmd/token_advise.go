package doorwardcmd

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/tokens"
)

// adviceView is what --json shows of a proposal.
type adviceView struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Since   string    `json:"since"`
	Keep    []string  `json:"keep"`
	Drop    []string  `json:"drop"`
	Uses    []useView `json:"uses"`
	Command string    `json:"command,omitempty"` // that would do it; "" where there is nothing to do
	Applied bool      `json:"applied"`
}

// useView is a request for which one of these scopes was enough.
type useView struct {
	OneOf    []string `json:"oneOf"`
	LastUsed string   `json:"lastUsedDate"`
}

func tokenAdvise() *cobra.Command {
	var (
		store         storeFlags
		asJSON, apply bool
	)
	cmd := &cobra.Command{
		Use:   "advise <identifier>",
		Short: "Proposes the smallest set of scopes for a token, from its use",
		Long: `Proposes the smallest set of scopes with which every request of the last 30 days would have got through, and shows the
command that makes it so. What a token does once a quarter is not seen: read the proposal before you follow it.

Where no use has been seen, nothing is proposed.`,
	}
	store.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "As JSON")
	cmd.Flags().BoolVar(&apply, "apply", false, "Do what is proposed, without asking back")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		id, err := oneIdentifier(cmd, args)
		if err != nil {
			return err
		}
		return withStore(cmd.Context(), &store, mustExist, func(a *module.Administration) error {
			advice, err := a.Tokens.Advise(cmd.Context(), id)
			if err != nil {
				return withAdvice(cmd, err)
			}
			v := adviceViewOf(advice, cmd, &store)
			if apply && v.Command != "" {
				if err := a.Tokens.Update(cmd.Context(), actor(), id, tokens.Update{Scopes: &advice.Keep}); err != nil {
					return err
				}
				v.Applied = true
			}
			return v.write(cmd.OutOrStdout(), asJSON)
		})
	})
	return cmd
}

func adviceViewOf(a tokens.Advice, cmd *cobra.Command, store *storeFlags) adviceView {
	v := adviceView{
		ID: a.Token.ID, Name: a.Token.Name, Since: momentOr(a.Since, ""), Keep: notNull(a.Keep), Drop: notNull(a.Drop), Uses: []useView{},
	}
	for _, use := range a.Uses {
		v.Uses = append(v.Uses, useView{use.Alternatives, momentOr(use.At, "")})
	}
	// A token of which no use is known may be needed tomorrow, and one with no scope cannot be.
	if len(a.Keep) == 0 {
		v.Drop = []string{}
	}
	if len(v.Drop) > 0 {
		v.Command = fmt.Sprintf("%s update%s %s --scope %s", cmd.Parent().CommandPath(), store.words(), v.ID, strings.Join(v.Keep, ","))
	}
	return v
}

// words are the flags as they were given, for a command that is to work on the same store.
func (f *storeFlags) words() string {
	var words strings.Builder
	for _, flag := range [][2]string{{"config", f.config}, {"adapter", f.adapter}, {"store", f.store}} {
		if flag[1] != "" {
			fmt.Fprintf(&words, " --%s %s", flag[0], shellQuote(flag[1]))
		}
	}
	return words.String()
}

func (v adviceView) write(w io.Writer, asJSON bool) error {
	if asJSON {
		return writeJSON(w, v)
	}
	if len(v.Keep) == 0 {
		_, err := fmt.Fprintf(w, "no use of a scope of %s (%s) has been seen since %s, so there is nothing to propose\n",
			v.ID, oneLine(v.Name), v.Since)
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "token\t%s (%s)\n", v.ID, oneLine(v.Name))
	fmt.Fprintf(table, "observed\tsince %s\n", v.Since)
	fmt.Fprintf(table, "keep\t%s\n", strings.Join(v.Keep, " "))
	fmt.Fprintf(table, "drop\t%s\n", orWord(strings.Join(v.Drop, " "), "nothing: all of its scopes are in use"))
	switch {
	case v.Applied:
		fmt.Fprintf(table, "done\tthe token has the kept scopes only\n")
	case v.Command != "":
		fmt.Fprintf(table, "apply\t%s\n", v.Command)
	}
	return table.Flush()
}
