package doorwardcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/tokens"
)

// pageSize is how many tokens are held in memory at a time.
const pageSize = 1000

func tokenList() *cobra.Command {
	var (
		store  storeFlags
		query  tokens.Query
		limit  int
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Lists tokens, newest first",
		Long:  "Lists tokens, newest first: a table, or a JSON array. Secrets are not among what is known of them.",
	}
	store.register(cmd)
	cmd.Flags().StringVar(&query.Owner, "owner", "", "Only tokens of this user")
	cmd.Flags().StringVar(&query.Prefix, "prefix", "", "Only tokens whose identifier begins so")
	cmd.Flags().IntVar(&limit, "limit", 0, "At most so many (default all)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "A JSON array")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := noArguments(cmd, args); err != nil {
			return err
		}
		if limit < 0 {
			return usageErrorf("--limit is a number of tokens, 0 for all")
		}
		return withStore(cmd.Context(), &store, mustExist, func(a *module.Administration) error {
			pages := pagesOf(cmd.Context(), a.Tokens, query, limit)
			if asJSON {
				return writeArray(cmd.OutOrStdout(), pages)
			}
			return writeTable(cmd.OutOrStdout(), pages)
		})
	})
	return cmd
}

// pagesOf walks over a listing page by page, up to limit tokens (0: all). An error ends it.
func pagesOf(ctx context.Context, s *tokens.Service, query tokens.Query, limit int) iter.Seq2[[]tokens.Record, error] {
	return func(yield func([]tokens.Record, error) bool) {
		for left := limit; limit == 0 || left > 0; {
			query.Limit = pageSize
			if limit > 0 {
				query.Limit = min(left, pageSize)
			}
			page, err := s.List(ctx, query)
			if query.After != "" && fault.KindOf(err) == fault.NotFound {
				err = errors.New("the tokens changed while they were listed; list them again")
			}
			if !yield(page, err) || err != nil || len(page) < query.Limit {
				return
			}
			left -= len(page)
			query.After = page[len(page)-1].ID
		}
	}
}

func writeTable(w io.Writer, pages iter.Seq2[[]tokens.Record, error]) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tNAME\tOWNER\tENVIRONMENT\tENABLED\tEXPIRES\tLAST USED\tSCOPES")
	for page, err := range pages {
		if err != nil {
			return errors.Join(err, table.Flush())
		}
		for _, r := range page {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\n", r.ID, oneLine(r.Name), orDash(oneLine(r.Owner)),
				r.Environment, yesNo(r.Enabled), momentOr(r.Expires, "never"), momentOr(r.LastUsed, "never"), len(r.Scopes))
		}
		// Columns are as wide as this page needs: to align all pages all would have to be in memory.
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// writeArray writes a JSON array without holding it in memory. After an error the array stays open, so that half a list
// cannot be read as a whole one.
func writeArray(w io.Writer, pages iter.Seq2[[]tokens.Record, error]) error {
	before, end := "[", "[]"
	for page, err := range pages {
		if err != nil {
			return err
		}
		for _, r := range page {
			text, err := json.MarshalIndent(viewOf(r), "  ", "  ")
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w, "%s\n  %s", before, text); err != nil {
				return err
			}
			before, end = ",", "\n]"
		}
	}
	_, err := fmt.Fprintln(w, end)
	return err
}
