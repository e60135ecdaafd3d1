package remoteapi

import (
	"errors"
	"net/http"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/remote"
)

const requestID = "requestId"

// requestOperations are the four calls of the original.
func (c Config) requestOperations() []rest.Operation {
	const all = "/api/cluster/v2/remoteaccess/requests"
	const one = all + "/{" + requestID + "}"
	return []rest.Operation{
		{Method: http.MethodGet, Path: all, Serve: c.list},
		{Method: http.MethodPost, Path: all, Action: actionCreate, Serve: c.create},
		{Method: http.MethodGet, Path: one, Serve: aboutOne(c.show)},
		{Method: http.MethodPut, Path: one + "/state", Action: actionUpdate, Object: requestID, Serve: aboutOne(c.setState)},
	}
}

// aboutOne puts what is wrong with the identifier of a request where the identifier is: into the path.
func aboutOne(do serve) serve {
	return func(w http.ResponseWriter, call *rest.Call) error {
		err := do(w, call)
		f, ok := errors.AsType[*fault.Fault](err)
		if !ok || len(f.Fields) != 1 || f.Fields[0].Name != requestID {
			return err
		}
		answer := rest.Of(err)
		answer.Violations[0].ParameterLocation, answer.Violations[0].Location = rest.InPath, requestID
		return answer
	}
}

// maxListed bounds a listing of the original, which has no pages.
const maxListed = 10 * remote.MaxPage

// requests are the newest ones that a query selects, at most maxListed of them.
func (c Config) requests(call *rest.Call, q remote.Query) ([]requestView, error) {
	views := []requestView{}
	q.Limit = remote.MaxPage
	for len(views) < maxListed {
		page, err := c.Service.List(call.Context(), q)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			views = append(views, viewOf(r))
			q.After = remote.Place{Created: r.Created, ID: r.ID}
		}
		if len(page) < q.Limit {
			break
		}
	}
	return views, nil
}

func (c Config) list(w http.ResponseWriter, call *rest.Call) error {
	views, err := c.requests(call, remote.Query{})
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, views)
}

// asking is the body of everything that asks for access. Members that are not here, such as a state, are passed over: the
// first state of a request is not for the client to choose.
type asking struct {
	User   string `json:"userId"`
	Reason string `json:"reason"`
	Days   int    `json:"requestedDays"`
	Role   string `json:"role"`
}

// ask leaves a role that there is not to package remote, which says so along with everything else that is wrong.
func (a asking) ask() remote.Ask {
	role, _ := remote.ParseRole(a.Role)
	return remote.Ask{User: a.User, Reason: a.Reason, Days: a.Days, Role: role}
}

func (c Config) create(w http.ResponseWriter, call *rest.Call) error {
	var body asking
	if err := read(call, &body); err != nil {
		return err
	}
	r, err := c.Service.Create(call.Context(), actor(call), body.ask())
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusCreated, viewOf(r))
}

func (c Config) show(w http.ResponseWriter, call *rest.Call) error {
	r, err := c.Service.Show(call.Context(), call.Param(requestID))
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, viewOf(r))
}

// deciding is the body of a change of the state. The original has the state alone.
type deciding struct {
	State string  `json:"state"`
	If    *string `json:"ifState"`
	Role  *string `json:"role"`
	Days  *int    `json:"requestedDays"`
}

// decision refuses what package remote would take for "as asked".
func (d deciding) decision() (remote.Decision, error) {
	decision := remote.Decision{State: remote.State(d.State)}
	var ok bool
	if d.If != nil {
		if decision.If, ok = remote.ParseState(*d.If); !ok {
			return decision, rest.Invalid("ifState", "The state is one of PENDING, ACCEPTED, REJECTED and EXPIRED.")
		}
	}
	if d.Role != nil {
		if decision.Role, ok = remote.ParseRole(*d.Role); !ok {
			return decision, rest.Invalid("role", "The role is one of devops-viewer, devops-user and devops-admin.")
		}
	}
	if d.Days != nil {
		if decision.Days = *d.Days; decision.Days < 1 {
			return decision, rest.Invalid("requestedDays", "A grant is for at least one day.")
		}
	}
	return decision, nil
}

func (c Config) setState(w http.ResponseWriter, call *rest.Call) error {
	var body deciding
	if err := read(call, &body); err != nil {
		return err
	}
	decision, err := body.decision()
	if err != nil {
		return err
	}
	if _, err := c.Service.SetState(call.Context(), actor(call), call.Param(requestID), decision); err != nil {
		return err
	}
	rest.Empty(w, http.StatusOK)
	return nil
}
