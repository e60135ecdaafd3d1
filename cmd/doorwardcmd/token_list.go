package doorwardcmd

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/tokens"
)

// pageSize is how many tokens are held in memory at a time.
const pageSize = 1000

// listFlags select tokens and say in which order they come.
type listFlags struct {
	query                tokens.Query
	sort, kind           string
	personal, noPersonal bool
	limit                int
}

// orders are words for the orders of a listing.
var orders = map[string]tokens.Sort{
	"name": tokens.SortName, "created": tokens.SortCreated, "last-used": tokens.SortLastUsed,
	"expires": tokens.SortExpires, "modified": tokens.SortModified,
}

func tokenList() *cobra.Command {
	var (
		store  storeFlags
		wanted listFlags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Lists tokens, newest first",
		Long: `Lists tokens, newest first unless --sort says otherwise: a table, or a JSON array. Secrets are not among what is known of
them.`,
	}
	store.register(cmd)
	wanted.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "A JSON array")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if err := noArguments(cmd, args); err != nil {
			return err
		}
		if err := wanted.read(); err != nil {
			return err
		}
		return withStore(cmd.Context(), &store, mustExist, func(a *module.Administration) error {
			pages := pagesOf(cmd.Context(), a.Tokens, wanted.query, wanted.limit)
			if asJSON {
				return writeArray(cmd.OutOrStdout(), pages, viewOf)
			}
			return writeTable(cmd.OutOrStdout(), pages)
		})
	})
	return cmd
}

func (f *listFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.query.Owner, "owner", "", "Only tokens of this user")
	flags.StringVar(&f.kind, "kind", "", "Only tokens of this kind: access or platform")
	flags.StringVar(&f.query.IDPrefix, "prefix", "", "Only tokens whose identifier begins so")
	flags.StringVar(&f.query.Environment, "environment", "", "Only tokens of this environment")
	flags.StringSliceVar(&f.query.Scopes, "scope", nil, "Only tokens with this scope; with one of several")
	flags.BoolVar(&f.personal, "personal", false, "Only personal tokens")
	flags.BoolVar(&f.noPersonal, "no-personal", false, "No personal tokens")
	flags.StringVar(&f.sort, "sort", "", "Order: name, created, last-used, expires or modified; name:desc the other way round")
	flags.IntVar(&f.limit, "limit", 0, "At most so many (default all)")
}

func (f *listFlags) read() error {
	f.query.Kind = kinds[f.kind]
	switch {
	case f.kind != "" && f.query.Kind == "":
		return usageErrorf("--kind is access or platform; select any other kind by its --prefix")
	case f.limit < 0:
		return usageErrorf("--limit is a number of tokens, 0 for all")
	case f.personal && f.noPersonal:
		return usageErrorf("--personal and --no-personal exclude each other")
	case f.personal:
		f.query.Personal = tokens.Only
	case f.noPersonal:
		f.query.Personal = tokens.Without
	}
	if f.sort == "" {
		return nil
	}
	word, direction, directed := strings.Cut(f.sort, ":")
	order, known := orders[word]
	if !known || directed && direction != "asc" && direction != "desc" {
		return usageErrorf("--sort is name, created, last-used, expires or modified, and :desc after it for the other way round")
	}
	f.query.Sort, f.query.Descending = order, direction == "desc"
	return nil
}

// pagesOf walks over a listing page by page, up to limit tokens (0: all). An error ends it. Tokens that come and go
// meanwhile do not disturb it.
func pagesOf(ctx context.Context, s *tokens.Service, query tokens.Query, limit int) iter.Seq2[[]tokens.Record, error] {
	return func(yield func([]tokens.Record, error) bool) {
		for left := limit; limit == 0 || left > 0; {
			query.Limit = pageSize
			if limit > 0 {
				query.Limit = min(left, pageSize)
			}
			page, err := s.List(ctx, query)
			if !yield(page, err) || err != nil || len(page) < query.Limit {
				return
			}
			left -= len(page)
			query.After = tokens.PositionOf(page[len(page)-1], query.Sort)
		}
	}
}

func writeTable(w io.Writer, pages iter.Seq2[[]tokens.Record, error]) error {
	return writePages(w, "ID\tNAME\tOWNER\tENVIRONMENT\tENABLED\tEXPIRES\tLAST USED\tSCOPES", pages, func(w io.Writer, r tokens.Record) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\n", r.ID, oneLine(r.Name), orDash(oneLine(r.Owner)),
			strings.Join(tokens.EnvironmentsOf(r), ","), yesNo(r.Enabled), momentOr(r.Expires, "never"), momentOr(r.LastUsed, "never"), len(r.Scopes))
	})
}
