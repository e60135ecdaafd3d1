package session

import (
	"errors"
	"net/http"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens"
)

// api are the operations about sessions and their callers.
type api struct {
	store Store
	now   func() time.Time
}

// actionRevoke is how the end of a session by the API enters the audit trail.
const actionRevoke = "session.revoke"

// Operations are the REST API of sessions. Their paths are rows of the endpoint table. Those about the caller itself take every
// credential, also one that names no scopes: a person who may do nothing else can still see and end where it is signed in. So
// their rows are public, and the operations ask who is there.
func Operations(store Store, now func() time.Time) []rest.Operation {
	a := api{store, now}
	const root = "/api/doorward/v1"
	return []rest.Operation{
		{Method: http.MethodGet, Path: root + "/caller", Serve: known(a.caller)},
		{Method: http.MethodGet, Path: root + "/ownConsoleSessions", Serve: known(a.list(own))},
		// Without an action: attempts of strangers, who get this far, must not fill the audit trail. What ends a session is in it.
		{Method: http.MethodDelete, Path: root + "/ownConsoleSessions/{id}", Object: "id", Serve: known(a.end(own))},
		{Method: http.MethodGet, Path: root + "/consoleSessions", Serve: known(a.list(everybodys))},
		{Method: http.MethodDelete, Path: root + "/consoleSessions/{id}", Action: actionRevoke, Object: "id", Serve: known(a.end(everybodys))},
	}
}

type serve = func(http.ResponseWriter, *rest.Call) error

// known keeps out who sent no credential.
func known(do serve) serve {
	return func(w http.ResponseWriter, call *rest.Call) error {
		switch {
		case call.Caller.TokenID == "" && call.Caller.User == "":
			w.Header().Set("WWW-Authenticate", "Bearer")
			return rest.Errorf(http.StatusUnauthorized, "A credential is needed.")
		case call.Caller.Environment == "": // in a query "" would mean all of them
			return fault.New(fault.Forbidden, "Sessions of the console belong to an environment.", nil)
		}
		return do(w, call)
	}
}

func own(c *rest.Call) Whose {
	return Whose{Environment: c.Caller.Environment, Subject: SubjectOf(&c.Caller)}
}

func everybodys(c *rest.Call) Whose { return Whose{Environment: c.Caller.Environment} }

// Caller is who sent a request, as the API says.
type Caller struct {
	Subject       string     `json:"subject"` // of its sessions
	Actor         string     `json:"actor"`   // in the audit trail
	TokenID       string     `json:"tokenId"`
	TokenName     string     `json:"tokenName,omitempty"`
	Kind          string     `json:"kind"`
	User          string     `json:"user,omitempty"`
	Account       string     `json:"account"` // that the environment is of
	Environment   string     `json:"environment"`
	Personal      bool       `json:"personalAccessToken"`
	ActsForUser   bool       `json:"actsForUser"`
	Administrator bool       `json:"administrator"`
	Staff         string     `json:"remoteStaff,omitempty"`
	Scopes        []string   `json:"scopes"`
	Expires       *time.Time `json:"expirationDate"` // nil: never
}

func (a api) caller(w http.ResponseWriter, call *rest.Call) error {
	c := &call.Caller
	return rest.Write(w, http.StatusOK, Caller{
		Subject: SubjectOf(c), Actor: tokens.Mask(ActorOf(c)), TokenID: c.TokenID, TokenName: c.TokenName, Kind: c.Kind, User: c.User,
		Account: call.Account, Environment: c.Environment, Personal: c.Personal, ActsForUser: c.ActsForUser, Administrator: c.Administrator, Staff: c.Staff,
		Scopes: append([]string{}, c.Scopes...), Expires: moment(c.Expires),
	})
}

// View is a session as the API shows it.
type View struct {
	ID             string     `json:"id"`
	Subject        string     `json:"subject"`
	Method         string     `json:"method"`
	Issuer         string     `json:"issuer,omitempty"`
	Address        string     `json:"address"`
	UserAgent      string     `json:"userAgent"`
	Created        time.Time  `json:"creationDate"`
	LastUsed       time.Time  `json:"lastUsedDate"`
	Ends           time.Time  `json:"endDate"`
	Expires        time.Time  `json:"expirationDate"`
	ConfirmedUntil *time.Time `json:"confirmedUntil"` // nil: not confirmed yet
}

// Page is a page of sessions.
type Page struct {
	Sessions    []View  `json:"consoleSessions"`
	NextPageKey *string `json:"nextPageKey"`
}

func (a api) list(whose func(*rest.Call) Whose) serve {
	return func(w http.ResponseWriter, call *rest.Call) error {
		q := Query{Whose: whose(call), Now: a.now(), Limit: MaxPage}
		if err := readPlace(call.Query(), &q.After); err != nil {
			return err
		}
		found, err := a.store.ConsoleSessions(call.Context(), q)
		if err != nil {
			return fault.OfStore(err, "The sessions could not be read.")
		}
		page := Page{Sessions: make([]View, 0, len(found))}
		for _, s := range found {
			page.Sessions = append(page.Sessions, View{
				ID: s.ID, Subject: s.Subject, Method: s.Method, Issuer: s.Issuer, Address: s.Address, UserAgent: s.UserAgent,
				Created: s.Created, LastUsed: s.LastUsed, Ends: s.Ends, Expires: s.Expires, ConfirmedUntil: moment(s.ConfirmedUntil),
			})
		}
		if len(found) == q.Limit {
			last := found[len(found)-1]
			key, err := rest.PageKey(Place{Created: last.Created, ID: last.ID})
			if err != nil {
				return err
			}
			page.NextPageKey = &key
		}
		return rest.Write(w, http.StatusOK, page)
	}
}

func readPlace(q *rest.Query, after *Place) error {
	key := q.Text("nextPageKey")
	if err := q.Err(); err != nil || key == "" {
		return err
	}
	return rest.ReadPageKey(key, after)
}

func (a api) end(whose func(*rest.Call) Whose) serve {
	return func(w http.ResponseWriter, call *rest.Call) error {
		id := call.Param("id")
		e := audit.Event{
			Time: a.now().UTC().Truncate(time.Millisecond), Actor: tokens.Mask(ActorOf(&call.Caller)), Action: actionRevoke, Object: id,
		}
		err := a.store.EndConsoleSession(call.Context(), id, whose(call), e)
		if errors.Is(err, ErrNotFound) {
			return fault.New(fault.NotFound, "There is no such session.", err)
		}
		if err != nil {
			return fault.OfStore(err, "The session could not be ended.")
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}

// moment is a time that may be missing.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Millisecond)
	return &t
}
