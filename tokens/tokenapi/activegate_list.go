package tokenapi

import (
	"net/http"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens"
)

// Bounds of a page, in ActiveGate tokens.
const (
	minActiveGatePage = 100 // what a page has where nothing is said, too
	maxActiveGatePage = 3000
)

// activeGatePage is a page of the listing, the newest tokens first.
type activeGatePage struct {
	Total    int               `json:"totalCount"`
	PageSize int               `json:"pageSize"`
	Next     string            `json:"nextPageKey,omitempty"` // absent on the last page
	Tokens   []activeGateToken `json:"activeGateTokens"`
}

func (c Config) listActiveGates(w http.ResponseWriter, call *rest.Call) error {
	l, err := readActiveGateListing(call.Query())
	if err != nil {
		return err
	}
	limited, ctx := c.within(call), call.Context()
	// One more than the page has: it tells whether there is a next one.
	records, err := limited.ListActiveGates(ctx, tokens.Query{After: l.after, Limit: l.pageSize + 1})
	if err != nil {
		return err
	}
	if l.after == nil {
		if l.total, err = limited.CountActiveGates(ctx, tokens.Query{}); err != nil {
			return err
		}
	}
	page := activeGatePage{Total: l.total, PageSize: l.pageSize, Tokens: []activeGateToken{}}
	for i, r := range records {
		if i == l.pageSize {
			if page.Next, err = l.key(records[i-1]); err != nil {
				return err
			}
			break
		}
		page.Tokens = append(page.Tokens, activeGateView(r))
	}
	return rest.Write(w, http.StatusOK, page)
}

// activeGateListing is what a page is asked with. Every page after the first has it from the page key.
type activeGateListing struct {
	pageSize int
	total    int // tokens in the whole listing, as they were counted with the first page
	after    *tokens.Position
}

// activeGateListingName tells page keys of this listing from those of others.
const activeGateListingName = "activeGateTokens"

// activeGatePlace is a listing in a page key.
type activeGatePlace struct {
	Listing  string `json:"l"`
	PageSize int    `json:"n"`
	Total    int    `json:"t"`
	After    spot   `json:"a"`
}

func readActiveGateListing(q *rest.Query) (activeGateListing, error) {
	key := q.OnlyPageKey()
	l := activeGateListing{pageSize: q.Number("pageSize", minActiveGatePage, minActiveGatePage, maxActiveGatePage)}
	if err := q.Err(); err != nil || key == "" {
		return l, err
	}
	var p activeGatePlace
	if err := rest.ReadPageKey(key, &p); err != nil {
		return l, err
	}
	at, ok := fromMillis(p.After.At)
	if !ok || p.Listing != activeGateListingName || p.After.ID == "" || p.Total < 0 || p.PageSize < minActiveGatePage || p.PageSize > maxActiveGatePage {
		return l, rest.InvalidQuery("nextPageKey", "The page key is not one that was given out.")
	}
	return activeGateListing{pageSize: p.PageSize, total: p.Total, after: &tokens.Position{ID: p.After.ID, At: at}}, nil
}

// key is the page key of what follows a token.
func (l activeGateListing) key(last tokens.Record) (string, error) {
	after := tokens.PositionOf(last, tokens.SortNewest)
	return rest.PageKey(activeGatePlace{
		Listing: activeGateListingName, PageSize: l.pageSize, Total: l.total, After: spot{ID: after.ID, At: millis(after.At)},
	})
}
