package tokenapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens"
)

// deprecatedOperations are the tokens API v1, for clients that were written before v2.
//
// The shapes are those of its public reference ("Tokens API v1"): a listing has identifiers and names only, times are
// milliseconds, "revoked" is the reverse of "enabled", and a 404 has a body.
func deprecatedOperations(c Config) []rest.Operation {
	const one = "/api/v1/tokens/{id}"
	operations := []rest.Operation{
		{Method: http.MethodGet, Path: "/api/v1/tokens", Serve: c.listStubs},
		{Method: http.MethodPost, Path: "/api/v1/tokens", Action: "token.create", Serve: c.createV1},
		{Method: http.MethodPost, Path: "/api/v1/tokens/lookup", Serve: c.lookUpV1},
		{Method: http.MethodGet, Path: one, Serve: c.showV1},
		{Method: http.MethodPut, Path: one, Action: "token.update", Object: "id", Serve: c.updateV1},
		{Method: http.MethodDelete, Path: one, Action: "token.delete", Object: "id", Serve: c.deleteV1},
	}
	for i, o := range operations {
		operations[i].Serve = func(w http.ResponseWriter, call *rest.Call) error {
			w.Header().Set("Deprecation", deprecation)
			return o.Serve(w, call)
		}
	}
	return operations
}

// deprecated is the day on which the guide from v1 to v2 was published.
var deprecated = time.Date(2022, time.July, 26, 0, 0, 0, 0, time.UTC)

// deprecation is that day in the form of RFC 9745 section 2.1.
var deprecation = "@" + strconv.FormatInt(deprecated.Unix(), 10)

// tokenMetadata is a token in an answer of v1.
type tokenMetadata struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	User     string   `json:"userId,omitempty"`
	Created  *int64   `json:"created,omitempty"`
	Expires  *int64   `json:"expires,omitempty"`
	LastUse  *int64   `json:"lastUse,omitempty"`
	Revoked  bool     `json:"revoked"`
	Personal bool     `json:"personalAccessToken"`
	Scopes   []string `json:"scopes"`
	Staff    bool     `json:"staff,omitempty"`
}

func writeMetadata(w http.ResponseWriter, r tokens.Record) error {
	return rest.Write(w, http.StatusOK, tokenMetadata{
		ID: r.ID, Name: r.Name, User: r.Owner, Created: millis(r.Created), Expires: millis(r.Expires), LastUse: millis(r.LastUsed),
		Revoked: !r.Enabled, Personal: r.Personal, Scopes: *list(r.Scopes), Staff: r.Staff,
	})
}

func (c Config) showV1(w http.ResponseWriter, call *rest.Call) error {
	r, err := c.within(call).Show(call.Context(), call.Param("id"))
	if err != nil {
		return err
	}
	return writeMetadata(w, r)
}

func (c Config) lookUpV1(w http.ResponseWriter, call *rest.Call) error {
	r, err := c.lookUp(call)
	if err != nil {
		return err
	}
	return writeMetadata(w, r)
}

func (c Config) updateV1(w http.ResponseWriter, call *rest.Call) error {
	var body struct {
		Name    *string   `json:"name"`
		Revoked *bool     `json:"revoked"`
		Scopes  *[]string `json:"scopes"`
	}
	if err := call.Read(&body); err != nil {
		return err
	}
	// v1 refuses every change to the calling token, v2 only the one that would switch it off.
	if call.Param("id") == call.Caller.TokenID {
		return rest.Errorf(http.StatusBadRequest, "The token that authenticates the request cannot be updated with it.")
	}
	update := tokens.Update{Name: body.Name, Scopes: body.Scopes}
	if body.Revoked != nil {
		update.Enabled = new(!*body.Revoked)
	}
	if err := c.within(call).Update(call.Context(), call.Param("id"), update); err != nil {
		return err
	}
	rest.Empty(w, http.StatusNoContent)
	return nil
}

func (c Config) deleteV1(w http.ResponseWriter, call *rest.Call) error {
	if err := c.within(call).Delete(call.Context(), call.Param("id")); err != nil {
		return err
	}
	rest.Empty(w, http.StatusNoContent)
	return nil
}
