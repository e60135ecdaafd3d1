package remoteapi

import (
	"net/http"
	"time"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/remote"
)

// staffOperations are what members of the support staff do for themselves. Whom they ask for is who they are, and nothing
// that they send.
func (c Config) staffOperations() []rest.Operation {
	const own = ownPath + "/ownRequests"
	return []rest.Operation{
		{Method: http.MethodGet, Path: own, Serve: forStaff(c.listOwn)},
		{Method: http.MethodPost, Path: own, Action: actionCreate, Serve: forStaff(c.createOwn)},
		{Method: http.MethodPost, Path: ownPath + "/breakGlass", Action: actionCreate, Serve: forStaff(c.breakGlass)},
	}
}

// forStaff keeps out everybody else: the rows take any token.
func forStaff(do serve) serve {
	return func(w http.ResponseWriter, call *rest.Call) error {
		if call.Caller.Staff == "" {
			return rest.Errorf(http.StatusForbidden, "Only remote support staff ask for access themselves.")
		}
		return do(w, call)
	}
}

func (c Config) listOwn(w http.ResponseWriter, call *rest.Call) error {
	views, err := c.requests(call, remote.Query{User: call.Caller.Staff})
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, views)
}

func (c Config) createOwn(w http.ResponseWriter, call *rest.Call) error {
	var body asking
	if err := read(call, &body); err != nil {
		return err
	}
	body.User = call.Caller.Staff
	r, err := c.Service.Create(call.Context(), actor(call), body.ask())
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusCreated, viewOf(r))
}

// breakGlass is access without approval, for minutes.
func (c Config) breakGlass(w http.ResponseWriter, call *rest.Call) error {
	var body struct {
		asking
		Minutes int `json:"minutes"`
	}
	if err := read(call, &body); err != nil {
		return err
	}
	const most = int(remote.MaxBreakGlass / time.Minute)
	if body.Minutes < 1 || body.Minutes > most { // before it is multiplied
		return rest.Invalid("minutes", "Access without approval is for 1 to %d minutes.", most)
	}
	body.User = call.Caller.Staff
	r, err := c.Service.BreakGlass(call.Context(), actor(call), body.ask(), time.Duration(body.Minutes)*time.Minute)
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusCreated, viewOf(r))
}
