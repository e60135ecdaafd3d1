package tokenapi

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/jwt"
)

// PlatformOperations administer platform tokens. No other gateway documents an API for them: path and lists are in the style of the
// account management API, the parts of a token are named as those of access tokens are.
func PlatformOperations(c Config) []rest.Operation {
	if c.Now == nil {
		c.Now = time.Now
	}
	const (
		all = "/iam/v1/accounts/{accountUuid}/platform-tokens"
		id  = "tokenId"
		one = all + "/{" + id + "}"
	)
	return []rest.Operation{
		{Method: http.MethodGet, Path: all, Serve: ofAccount(c.listPlatforms)},
		{Method: http.MethodPost, Path: all, Action: "token.create", Serve: ofAccount(c.createPlatform)},
		{Method: http.MethodGet, Path: one, Serve: ofAccount(c.showPlatform)},
		{Method: http.MethodPut, Path: one, Action: "token.update", Object: id, Serve: ofAccount(c.updatePlatform)},
		{Method: http.MethodDelete, Path: one, Action: "token.delete", Object: id, Serve: ofAccount(c.deletePlatform)},
	}
}

// ofAccount serves calls that name the account which is administered here, and refuses those that name another.
func ofAccount(serve func(http.ResponseWriter, *rest.Call) error) func(http.ResponseWriter, *rest.Call) error {
	return func(w http.ResponseWriter, call *rest.Call) error {
		if named := call.Param("accountUuid"); named == "" || named != call.Account {
			return fault.New(fault.Forbidden, "The account is not one that you may administer.", nil)
		}
		return serve(w, call)
	}
}

// platformToken is a platform token in an answer. What does not exist is absent.
type platformToken struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	Enabled      bool     `json:"enabled"`
	Owner        string   `json:"owner"` // whom it acts for
	Environments []string `json:"environments"`
	Scopes       []string `json:"scopes"`
	Networks     []string `json:"allowedNetworks,omitempty"`
	Created      *string  `json:"creationDate"`
	Modified     *string  `json:"modifiedDate,omitempty"`
	Expires      *string  `json:"expirationDate,omitempty"` // absent: never
	LastUsed     *string  `json:"lastUsedDate,omitempty"`   // absent: never
	LastUsedIP   string   `json:"lastUsedIpAddress,omitempty"`
	Staff        bool     `json:"staff,omitempty"`
}

// platformCreated has the whole text, for this once.
type platformCreated struct {
	platformToken
	Token string `json:"token"`
}

func platformView(r tokens.Record) platformToken {
	return platformToken{
		ID: r.ID, Name: r.Name, Enabled: r.Enabled, Owner: r.Owner, Environments: tokens.EnvironmentsOf(r), Scopes: *list(r.Scopes),
		Networks: r.Networks, Created: date(r.Created), Modified: date(r.Modified), Expires: date(r.Expires),
		LastUsed: date(r.LastUsed), LastUsedIP: r.LastUsedIP, Staff: r.Staff,
	}
}

// platformList is whole: a user has few.
type platformList struct {
	Count int             `json:"count"`
	Items []platformToken `json:"items"`
}

func (c Config) listPlatforms(w http.ResponseWriter, call *rest.Call) error {
	q := call.Query()
	user := q.Text("user")
	if user == "" && call.Caller.User == "" {
		q.Refuse("user", "Name the user: your token has none.")
	}
	if err := q.Err(); err != nil {
		return err
	}
	if canonical, ok := jwt.CanonicalUser(user); ok {
		user = canonical
	}
	records, err := c.within(call).ListPlatforms(call.Context(), user)
	if err != nil {
		return err
	}
	answer := platformList{Count: len(records), Items: []platformToken{}}
	for _, r := range records {
		answer.Items = append(answer.Items, platformView(r))
	}
	return rest.Write(w, http.StatusOK, answer)
}

// platformCreation is the body of a creation.
type platformCreation struct {
	Name         string          `json:"name"`
	Owner        string          `json:"owner"`        // the caller's user, if absent
	Environments []string        `json:"environments"` // the one that the call is sent to, if absent
	Scopes       []string        `json:"scopes"`
	Expires      json.RawMessage `json:"expirationDate"` // a text, or a number of milliseconds
	Enabled      *bool           `json:"enabled"`
	Networks     []string        `json:"allowedNetworks"`
}

func (c Config) createPlatform(w http.ResponseWriter, call *rest.Call) error {
	var body platformCreation
	if err := call.Read(&body); err != nil {
		return err
	}
	if body.Owner != "" {
		// One spelling, or the limit would count one user as several.
		canonical, ok := jwt.CanonicalUser(body.Owner)
		if !ok {
			return rest.Invalid("owner", "The owner has no unambiguous spelling.")
		}
		body.Owner = canonical
	}
	request := tokens.CreateRequest{
		Attributes: tokens.Attributes{
			Name: body.Name, Owner: body.Owner, Environments: body.Environments, Scopes: body.Scopes, Networks: body.Networks,
		},
		Disabled: body.Enabled != nil && !*body.Enabled,
	}
	expires, wrong := expiry(body.Expires, c.now())
	if request.Expires = expires; wrong != nil {
		request.Expires = time.Unix(0, 0) // long past: refused in any case, with all else that is wrong
	}
	created, err := c.within(call).CreatePlatform(call.Context(), request)
	if err != nil {
		return explained(err, wrong)
	}
	return rest.Write(w, http.StatusCreated, platformCreated{platformView(created.Record), created.Secret.Reveal()})
}

func (c Config) showPlatform(w http.ResponseWriter, call *rest.Call) error {
	r, err := c.within(call).ShowPlatform(call.Context(), call.Param("tokenId"))
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, platformView(r))
}

// platformUpdate is the body of an update. What is absent stays as it is.
type platformUpdate struct {
	Name    *string `json:"name"`
	Enabled *bool   `json:"enabled"`
}

func (c Config) updatePlatform(w http.ResponseWriter, call *rest.Call) error {
	var body platformUpdate
	if err := call.Read(&body); err != nil {
		return err
	}
	if err := c.within(call).UpdatePlatform(call.Context(), call.Param("tokenId"), body.Name, body.Enabled); err != nil {
		return err
	}
	rest.Empty(w, http.StatusNoContent)
	return nil
}

func (c Config) deletePlatform(w http.ResponseWriter, call *rest.Call) error {
	if err := c.within(call).DeletePlatform(call.Context(), call.Param("tokenId")); err != nil {
		return err
	}
	rest.Empty(w, http.StatusNoContent)
	return nil
}
