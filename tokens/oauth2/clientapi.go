package oauth2

import (
	"cmp"
	"net/http"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens/jwt"
)

// clientJSON is a client in the style of the account management API: times in ISO 8601, null for never.
type clientJSON struct {
	ID                  string   `json:"clientId"`
	Name                string   `json:"name"`
	Description         string   `json:"description"`
	Owner               string   `json:"owner"`
	Account             string   `json:"accountUuid"`
	Scopes              []string `json:"scopes"`
	Enabled             bool     `json:"enabled"`
	CreatedAt           *string  `json:"createdAt"`
	UpdatedAt           *string  `json:"updatedAt"`
	LastUsedAt          *string  `json:"lastUsedAt"`
	OldSecretValidUntil *string  `json:"oldSecretValidUntil"`
}

// createdJSON has the secret, for this once.
type createdJSON struct {
	clientJSON
	Secret string `json:"clientSecret"`
}

type listJSON struct {
	Count int          `json:"count"`
	Items []clientJSON `json:"items"`
}

func jsonOf(c Client) clientJSON {
	return clientJSON{
		ID: c.ID, Name: c.Name, Description: c.Description, Owner: c.Owner, Account: c.Account, Scopes: c.Scopes, Enabled: c.Enabled,
		CreatedAt: timeOf(c.Created), UpdatedAt: timeOf(c.Modified), LastUsedAt: timeOf(c.LastUsed), OldSecretValidUntil: timeOf(c.OldUntil),
	}
}

func timeOf(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.UTC().Format("2006-01-02T15:04:05.000Z")
	return &text
}

// account is the one that the path names, which has to be the one that is administered here.
func account(c *rest.Call) (string, error) {
	named := c.Param("accountUuid")
	if named == "" || named != c.Account {
		return "", fault.New(fault.Forbidden, "The account is not one that you may administer.", nil)
	}
	return named, nil
}

// mayCommand refuses a caller that would gain rights by having the secret of a client: those of its owner, within its
// scopes. Only administrators make clients that may do what they may not.
func mayCommand(c *rest.Call, client Client) error {
	if c.Caller.Administrator {
		return nil
	}
	if user, ok := jwt.CanonicalUser(c.Caller.User); !ok || client.Owner != user {
		return fault.New(fault.Forbidden, "The client would act for somebody else than you.", nil)
	}
	for _, scope := range client.Scopes {
		if !c.Caller.Holds(scope) {
			return fault.New(fault.Forbidden, "You cannot delegate more than you hold: the scope "+scope+".", nil)
		}
	}
	return nil
}

func actor(c *rest.Call) string { return cmp.Or(c.Caller.TokenID, c.Caller.User) }

func (s *server) listClients(w http.ResponseWriter, c *rest.Call) error {
	account, err := account(c)
	if err != nil {
		return err
	}
	page, err := s.config.Service.ListClients(c.Context(), ClientQuery{Account: account}) // no account has more than a page
	if err != nil {
		return err
	}
	list := listJSON{Count: len(page), Items: []clientJSON{}}
	for _, client := range page {
		list.Items = append(list.Items, jsonOf(client))
	}
	return rest.Write(w, http.StatusOK, list)
}

func (s *server) showClient(w http.ResponseWriter, c *rest.Call) error {
	account, err := account(c)
	if err != nil {
		return err
	}
	client, err := s.config.Service.ShowClient(c.Context(), account, c.Param("clientId"))
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, jsonOf(client))
}

// clientBody is what a client can be made or changed with. What is absent or null stays as it is.
type clientBody struct {
	Name        *string  `json:"name"`
	Description *string  `json:"description"`
	Owner       *string  `json:"owner"`
	Scopes      []string `json:"scopes"`
	Enabled     *bool    `json:"enabled"`
}

func (s *server) createClient(w http.ResponseWriter, c *rest.Call) error {
	account, err := account(c)
	if err != nil {
		return err
	}
	var body clientBody
	if err := c.Read(&body); err != nil {
		return err
	}
	if body.Enabled != nil && !*body.Enabled {
		return rest.Invalid("enabled", "A new client is enabled.")
	}
	a := Attributes{Owner: c.Caller.User, Scopes: body.Scopes}
	replace(&a.Name, body.Name)
	replace(&a.Description, body.Description)
	replace(&a.Owner, body.Owner)
	checked, err := s.config.Service.checked(a)
	if err != nil {
		return err
	}
	if err := mayCommand(c, Client{Owner: checked.Owner, Scopes: checked.Scopes}); err != nil {
		return err
	}
	created, err := s.config.Service.CreateClient(c.Context(), actor(c), account, a)
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusCreated, createdJSON{jsonOf(created.Client), created.Secret.Reveal()})
}

// updateClient does not ask what the client was before: to take something away from it is everybody's who may administer.
func (s *server) updateClient(w http.ResponseWriter, c *rest.Call) error {
	account, err := account(c)
	if err != nil {
		return err
	}
	var body clientBody
	if err := c.Read(&body); err != nil {
		return err
	}
	client, err := s.config.Service.UpdateClient(c.Context(), actor(c), account, c.Param("clientId"), Change(body), func(before, after Client) error {
		if !addsTo(before, after) {
			return nil
		}
		return mayCommand(c, after)
	})
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, jsonOf(client))
}

// addsTo reports whether the client may do more than before.
func addsTo(before, after Client) bool {
	if before.Owner != after.Owner || !before.Enabled && after.Enabled {
		return true
	}
	for _, scope := range after.Scopes {
		if !before.holds(scope) {
			return true
		}
	}
	return false
}

func (s *server) deleteClient(w http.ResponseWriter, c *rest.Call) error {
	account, err := account(c)
	if err != nil {
		return err
	}
	if err := s.config.Service.DeleteClient(c.Context(), actor(c), account, c.Param("clientId")); err != nil {
		return err
	}
	rest.Empty(w, http.StatusNoContent)
	return nil
}

// rotateBody may be missing altogether.
type rotateBody struct {
	OverlapSeconds int64 `json:"overlapSeconds"`
	RevokeTokens   bool  `json:"revokeTokens"`
}

func (s *server) rotateSecret(w http.ResponseWriter, c *rest.Call) error {
	account, err := account(c)
	if err != nil {
		return err
	}
	var body rotateBody
	if c.ContentLength != 0 {
		if err := c.Read(&body); err != nil {
			return err
		}
	}
	if body.OverlapSeconds < 0 || body.OverlapSeconds > int64(MaxOverlap/time.Second) {
		return rest.Invalid("overlapSeconds", "Expected a number from 0 to %d.", MaxOverlap/time.Second)
	}
	rotation := Rotation{Overlap: time.Duration(body.OverlapSeconds) * time.Second, RevokeTokens: body.RevokeTokens}
	created, err := s.config.Service.RotateSecret(c.Context(), actor(c), account, c.Param("clientId"), rotation, func(client Client) error {
		return mayCommand(c, client)
	})
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, createdJSON{jsonOf(created.Client), created.Secret.Reveal()})
}
