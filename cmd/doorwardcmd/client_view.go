package doorwardcmd

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/tokens/oauth2"
)

// clientView is a client as --json shows it, named as in the API; times are left out where there are none.
type clientView struct {
	ID             string   `json:"clientId"`
	Secret         string   `json:"clientSecret,omitempty"` // only create and rotate fill it in
	Name           string   `json:"name"`
	Description    string   `json:"description"`
	Owner          string   `json:"owner"`
	Account        string   `json:"accountUuid"`
	Scopes         []string `json:"scopes"`
	Enabled        bool     `json:"enabled"`
	Created        string   `json:"createdAt"`
	Modified       string   `json:"updatedAt,omitempty"`
	LastUsed       string   `json:"lastUsedAt,omitempty"`
	OldSecretUntil string   `json:"oldSecretValidUntil,omitempty"`
}

func clientViewOf(c oauth2.Client) clientView {
	return clientView{
		ID: c.ID, Name: c.Name, Description: c.Description, Owner: c.Owner, Account: c.Account, Scopes: notNull(c.Scopes), Enabled: c.Enabled,
		Created: momentOr(c.Created, ""), Modified: momentOr(c.Modified, ""), LastUsed: momentOr(c.LastUsed, ""),
		OldSecretUntil: momentOr(c.OldUntil, ""),
	}
}

func clientList() *cobra.Command {
	var (
		place  clientFlags
		asJSON bool
	)
	cmd := &cobra.Command{Use: "list", Short: "Lists the clients of the account"}
	place.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "A JSON array")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := noArguments(cmd, args); err != nil {
			return err
		}
		return withClients(cmd, &place, mustExist, func(d clientDesk) error {
			if asJSON {
				return writeArray(cmd.OutOrStdout(), d.pages(cmd.Context()), clientViewOf)
			}
			return writePages(cmd.OutOrStdout(), "ID\tNAME\tOWNER\tENABLED\tLAST USED\tSCOPES", d.pages(cmd.Context()), func(w io.Writer, c oauth2.Client) {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\n", c.ID, oneLine(c.Name), oneLine(c.Owner), yesNo(c.Enabled),
					momentOr(c.LastUsed, "never"), len(c.Scopes))
			})
		})
	})
	return cmd
}

// pages walks over the clients of the account page by page. An error ends it.
func (d clientDesk) pages(ctx context.Context) iter.Seq2[[]oauth2.Client, error] {
	return func(yield func([]oauth2.Client, error) bool) {
		query := oauth2.ClientQuery{Account: d.account, Limit: oauth2.MaxPage}
		for {
			page, err := d.ListClients(ctx, query)
			if !yield(page, err) || err != nil || len(page) < query.Limit {
				return
			}
			query.After = page[len(page)-1].ID
		}
	}
}

func clientShow() *cobra.Command {
	var (
		place  clientFlags
		asJSON bool
	)
	cmd := &cobra.Command{Use: "show <identifier>", Short: "Shows all that is known of a client"}
	place.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "As JSON")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		id, err := oneClient(cmd, args)
		if err != nil {
			return err
		}
		return withClients(cmd, &place, mustExist, func(d clientDesk) error {
			c, err := d.ShowClient(cmd.Context(), d.account, id)
			if err != nil {
				return withClientAdvice(cmd, err)
			}
			return writeClient(cmd.OutOrStdout(), clientViewOf(c), asJSON)
		})
	})
	return cmd
}

// writeClient shows one client, as JSON or a line for each of its facts.
func writeClient(w io.Writer, v clientView, asJSON bool) error {
	if asJSON {
		return writeJSON(w, v)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, fact := range [][2]string{
		{"id", v.ID}, {"name", v.Name}, {"description", orDash(v.Description)}, {"owner", v.Owner}, {"account", v.Account},
		{"enabled", yesNo(v.Enabled)}, {"created", v.Created}, {"modified", orWord(v.Modified, "never")},
		{"last used", orWord(v.LastUsed, "never")}, {"old secret", orWord(v.OldSecretUntil, "not good")}, {"scopes", strings.Join(v.Scopes, " ")},
	} {
		fmt.Fprintf(table, "%s\t%s\n", fact[0], oneLine(fact[1]))
	}
	return table.Flush()
}
