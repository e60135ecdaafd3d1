package tokenapi

import (
	"net/http"

	"github.com/doorward/doorward/internal/rest"
)

// adviceOperations propose how a token could do with less.
func adviceOperations(c Config) []rest.Operation {
	return []rest.Operation{{Method: http.MethodGet, Path: "/api/doorward/v1/apiTokens/{id}/advice", Serve: c.advise}}
}

// advice is the smallest set of scopes with which everything that the token did would have got through. Where no use was seen, there
// is nothing to keep, and nothing is proposed.
type advice struct {
	ID    string     `json:"id"`
	Name  string     `json:"name"`
	Since *string    `json:"since"` // what was done before is not known, or too long ago
	Keep  *[]string  `json:"keep"`
	Drop  *[]string  `json:"drop"`
	Uses  []scopeUse `json:"uses"` // newest first
}

// scopeUse is a request for which one of these scopes was enough.
type scopeUse struct {
	OneOf    []string `json:"oneOf"`
	LastUsed *string  `json:"lastUsedDate"`
}

func (c Config) advise(w http.ResponseWriter, call *rest.Call) error {
	ctx := call.Context()
	r, err := c.within(call).Show(ctx, call.Param("id"))
	if err != nil {
		return err
	}
	found, err := c.Tokens.Advise(ctx, r.ID)
	if err != nil {
		return err
	}
	drop := found.Drop
	if len(found.Keep) == 0 { // of which no use is known may be needed tomorrow
		drop = nil
	}
	a := advice{ID: r.ID, Name: r.Name, Since: date(found.Since), Keep: list(found.Keep), Drop: list(drop), Uses: []scopeUse{}}
	for _, use := range found.Uses {
		a.Uses = append(a.Uses, scopeUse{use.Alternatives, date(use.At)})
	}
	return rest.Write(w, http.StatusOK, a)
}
