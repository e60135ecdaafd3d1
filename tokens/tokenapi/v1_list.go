package tokenapi

import (
	"bufio"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"slices"
	"time"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/scope"
)

const (
	usualLimit = 1000
	maxLimit   = 1_000_000
	// stubPage is how many tokens are held at a time. The listing as a whole is written as it is read.
	stubPage = 1000
	// maxPermissions is several times what any catalogue has.
	maxPermissions = 1000
)

// stub is a token in a listing of v1.
type stub struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// listStubs writes a listing while it reads it. A store that fails in the middle ends the connection, so that nobody takes
// the part for the whole.
func (c Config) listStubs(w http.ResponseWriter, call *rest.Call) error {
	query, all, limit, err := stubQuery(call)
	if err != nil {
		return err
	}
	next, stop := iter.Pull2(c.stubs(call, query, all, limit))
	defer stop()
	first, err, some := next() // before anything is written, a fault can still be answered
	if err != nil {
		return err
	}
	rest.Begin(w, http.StatusOK, rest.JSON)
	out := bufio.NewWriter(w)
	_, _ = out.WriteString(`{"values":[`)
	for separator := ""; some; first, err, some = next() {
		text, wrong := json.Marshal(first)
		if err != nil || wrong != nil {
			panic(http.ErrAbortHandler)
		}
		_, _ = out.WriteString(separator)
		if _, err := out.Write(text); err != nil {
			return nil // the client has gone
		}
		separator = ","
	}
	_, _ = out.WriteString(`]}`)
	_ = out.Flush()
	return nil
}

// stubQuery reads the query of a listing: what the store is asked, the scopes that a token holds all of, and the limit.
func stubQuery(call *rest.Call) (query tokens.Query, all []string, limit int, err error) {
	q := call.Query()
	limit = q.Number("limit", usualLimit, 1, maxLimit)
	query = tokens.Query{Owner: q.Text("user"), UsedFrom: milliseconds(q, "from"), UsedTo: milliseconds(q, "to"), Limit: stubPage}
	if !query.UsedTo.IsZero() && query.UsedTo.Before(query.UsedFrom) {
		q.Refuse("from", "The time frame begins after its end.")
	}
	all = q.All("permissions")
	if len(all) > maxPermissions || slices.ContainsFunc(all, func(value string) bool { return !scope.Valid(value) }) {
		q.Refuse("permissions", "Expected names of scopes.")
	}
	if len(all) > 0 {
		query.Scopes = all[:1] // the store looks for one of several; the others are looked for here
	}
	return query, all, limit, q.Err()
}

func milliseconds(q *rest.Query, name string) time.Time {
	if !q.Has(name) {
		return time.Time{}
	}
	return time.UnixMilli(int64(q.Number(name, 0, 0, maxMillis))).UTC()
}

// stubs reads page after page until the limit is reached. An error ends the sequence.
func (c Config) stubs(call *rest.Call, query tokens.Query, all []string, limit int) iter.Seq2[stub, error] {
	return func(yield func(stub, error) bool) {
		for r, err := range records(call.Context(), c.within(call), query) {
			if err == nil && !holdsAll(r.Scopes, all) {
				continue
			}
			if !yield(stub{r.ID, r.Name}, err) || err != nil {
				return
			}
			if limit--; limit == 0 {
				return
			}
		}
	}
}

// records is a whole listing, of which one page is held at a time.
func records(ctx context.Context, l *tokens.Limited, query tokens.Query) iter.Seq2[tokens.Record, error] {
	return func(yield func(tokens.Record, error) bool) {
		for {
			page, err := l.List(ctx, query)
			if err != nil {
				yield(tokens.Record{}, err)
				return
			}
			for _, r := range page {
				if !yield(r, nil) {
					return
				}
			}
			if len(page) < query.Limit {
				return
			}
			query.After = tokens.PositionOf(page[len(page)-1], query.Sort)
		}
	}
}

// holdsAll reports whether every wanted scope is among the held ones, which are sorted.
func holdsAll(held, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(value string) bool {
		_, found := slices.BinarySearch(held, value)
		return !found
	})
}
