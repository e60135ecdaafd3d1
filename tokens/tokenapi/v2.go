package tokenapi

import (
	"net/http"
	"time"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens"
)

// accessTokenOperations are the access tokens API v2.
func accessTokenOperations(c Config) []rest.Operation {
	const one = "/api/v2/apiTokens/{id}"
	return []rest.Operation{
		{Method: http.MethodGet, Path: "/api/v2/apiTokens", Serve: c.listTokens},
		{Method: http.MethodPost, Path: "/api/v2/apiTokens", Action: "token.create", Serve: c.createToken},
		{Method: http.MethodPost, Path: "/api/v2/apiTokens/lookup", Serve: c.lookUpToken},
		{Method: http.MethodGet, Path: one, Serve: c.showToken},
		{Method: http.MethodPut, Path: one, Action: "token.update", Object: "id", Serve: c.updateToken},
		{Method: http.MethodDelete, Path: one, Action: "token.delete", Object: "id", Serve: c.deleteToken},
	}
}

// tokenPage is a page of a listing.
type tokenPage struct {
	Total    int        `json:"totalCount"`
	PageSize int        `json:"pageSize"`
	Next     string     `json:"nextPageKey,omitempty"`
	Tokens   []apiToken `json:"apiTokens"`
}

func (c Config) listTokens(w http.ResponseWriter, call *rest.Call) error {
	l, err := readListing(call.Query(), c.now())
	if err != nil {
		return err
	}
	records, next, err := c.page(call, &l)
	if err != nil {
		return err
	}
	page := tokenPage{Total: l.total, PageSize: l.pageSize, Next: next, Tokens: make([]apiToken, 0, len(records))}
	for _, r := range records {
		page.Tokens = append(page.Tokens, view(r, l.fields))
	}
	return rest.Write(w, http.StatusOK, page)
}

// page reads a page and the key of the next one, "" on the last page. The first page counts the whole listing. The key
// carries the number on: counting again for each page would cost more than the page, and the number would change under a
// client that asks how far it has come.
func (c Config) page(call *rest.Call, l *listing) (records []tokens.Record, next string, err error) {
	limited, ctx, first := c.within(call), call.Context(), l.after == nil
	records, err = limited.List(ctx, l.query())
	if first {
		l.total = len(records)
	}
	if err != nil || len(records) < l.pageSize {
		return records, "", err
	}
	last := records[len(records)-1]
	beyond := l.query()
	beyond.After, beyond.Limit = tokens.PositionOf(last, l.order.by), 1
	more, err := limited.List(ctx, beyond)
	if err != nil || len(more) == 0 {
		return records, "", err
	}
	if first {
		if l.total, err = limited.Count(ctx, l.query()); err != nil {
			return nil, "", err
		}
	}
	next, err = l.key(last)
	return records, next, err
}

func (c Config) showToken(w http.ResponseWriter, call *rest.Call) error {
	r, err := c.within(call).Show(call.Context(), call.Param("id"))
	if err != nil {
		return bareNotFound(err)
	}
	hygiene, err := c.Tokens.Hygiene(call.Context(), r)
	if err != nil {
		return err
	}
	t := view(r, allFields)
	t.UnusedScopes, t.UnusedScopesSince = list(hygiene.Unused), date(hygiene.Since)
	return rest.Write(w, http.StatusOK, t)
}

// tokenUpdate is the body of an update. What is absent stays as it is.
type tokenUpdate struct {
	Name     *string   `json:"name"`
	Enabled  *bool     `json:"enabled"`
	Scopes   *[]string `json:"scopes"`
	Networks *[]string `json:"allowedNetworks"`
}

// update lacks the staff mark, which is set by command only.
func (u tokenUpdate) update() tokens.Update {
	return tokens.Update{Name: u.Name, Enabled: u.Enabled, Scopes: u.Scopes, Networks: u.Networks}
}

func (c Config) updateToken(w http.ResponseWriter, call *rest.Call) error {
	var body tokenUpdate
	if err := call.Read(&body); err != nil {
		return err
	}
	if err := c.within(call).Update(call.Context(), call.Param("id"), body.update()); err != nil {
		return err
	}
	rest.Empty(w, http.StatusNoContent)
	return nil
}

// deleteToken takes the identifier or the whole secret, as the API documents.
func (c Config) deleteToken(w http.ResponseWriter, call *rest.Call) error {
	if err := c.within(call).Delete(call.Context(), call.Param("id")); err != nil {
		return bareNotFound(err)
	}
	rest.Empty(w, http.StatusNoContent)
	return nil
}

func (c Config) lookUpToken(w http.ResponseWriter, call *rest.Call) error {
	r, err := c.lookUp(call)
	if err != nil {
		return bareNotFound(err)
	}
	return rest.Write(w, http.StatusOK, view(r, allFields))
}

// lookUp finds the token whose secret is in the body.
func (c Config) lookUp(call *rest.Call) (tokens.Record, error) {
	var body struct {
		Token string `json:"token"`
	}
	if err := call.Read(&body); err != nil {
		return tokens.Record{}, err
	}
	if body.Token == "" {
		return tokens.Record{}, rest.Invalid("token", "The token to look up is missing.")
	}
	return c.within(call).Lookup(call.Context(), tokens.NewSecret(body.Token))
}

// now is one instant for a whole call, in the precision that stores keep.
func (c Config) now() time.Time { return c.Now().UTC().Truncate(time.Millisecond) }
