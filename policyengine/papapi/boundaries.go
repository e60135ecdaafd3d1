package papapi

import (
	"net/http"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/policyengine/parser"
)

func (c Config) boundaryOperations(r repository) []rest.Operation {
	const id = "policyBoundaryUuid"
	all := r.prefix + "/" + r.account + "/{accountId}/boundaries"
	one := all + "/{" + id + "}"
	// The word in the path says what the level is called.
	at := func(do func(http.ResponseWriter, *rest.Call, place) error) serve {
		return in(policyForm, func(w http.ResponseWriter, call *rest.Call) error {
			p, err := r.accountPlace(call)
			if err != nil {
				return err
			}
			return do(w, call, p)
		})
	}
	return []rest.Operation{
		{Method: http.MethodGet, Path: all, Serve: at(c.listBoundaries)},
		{Method: http.MethodPost, Path: all, Action: "boundary.create", Serve: at(c.createBoundary)},
		{Method: http.MethodGet, Path: one, Serve: at(c.showBoundary)},
		{Method: http.MethodPut, Path: one, Action: "boundary.update", Object: id, Serve: at(c.putBoundary)},
		{Method: http.MethodDelete, Path: one, Action: "boundary.delete", Object: id, Serve: at(c.deleteBoundary)},
		{Method: http.MethodGet, Path: r.level() + "/limits", Serve: in(policyForm, c.levelLimits)},
	}
}

func (r repository) accountPlace(call *rest.Call) (place, error) {
	p := place{account: call.Account}
	id := call.Param("accountId")
	if r.account == levelCluster {
		p.spokenAs, id = id, call.Account
	}
	return p.accountLevel(id)
}

// boundaryView is a boundary. Clients refuse one that lacks any of these members.
type boundaryView struct {
	UUID       string            `json:"uuid"`
	LevelType  string            `json:"levelType"`
	LevelID    string            `json:"levelId"`
	Name       string            `json:"name"`
	Query      string            `json:"boundaryQuery"`
	Conditions []conditionView   `json:"boundaryConditions"`
	Metadata   map[string]string `json:"metadata"`
}

func (p place) boundary(b pap.Boundary) boundaryView {
	levelType, levelID := p.names(pap.AccountLevel(b.AccountID))
	v := boundaryView{b.UUID, levelType, levelID, b.Name, b.Query, []conditionView{}, b.Metadata}
	if v.Metadata == nil {
		v.Metadata = map[string]string{}
	}
	if tree, _ := parser.ParseBoundary(b.Query); tree != nil {
		for _, r := range tree.Restrictions {
			v.Conditions = append(v.Conditions, conditionOf(r.Condition))
		}
	}
	return v
}

func (c Config) listBoundaries(w http.ResponseWriter, call *rest.Call, at place) error {
	p, err := readPaging(call, "size")
	if err != nil {
		return err
	}
	var all []pap.Boundary
	for b, err := range pap.All(func(b pap.Boundary) string { return b.UUID }, func(page pap.Page) ([]pap.Boundary, error) {
		return c.Service.Boundaries(call.Context(), pap.BoundaryQuery{AccountID: at.account, Page: page})
	}) {
		if err != nil {
			return err
		}
		all = append(all, b)
	}
	page := numbered[boundaryView]{p.size, p.page, len(all), []boundaryView{}}
	for _, b := range of(p, all) {
		page.Content = append(page.Content, at.boundary(b))
	}
	return rest.Write(w, http.StatusOK, page)
}

// boundaryBody is the body of a creation or update.
type boundaryBody struct {
	Name     string            `json:"name"`
	Query    string            `json:"boundaryQuery"`
	Metadata map[string]string `json:"metadata"`
}

func (c Config) createBoundary(w http.ResponseWriter, call *rest.Call, at place) error {
	var body boundaryBody
	if err := call.Read(&body); err != nil {
		return err
	}
	b, _, err := c.Service.CreateBoundary(call.Context(), actor(call), at.account, "", pap.BoundaryAttributes(body))
	if err != nil {
		return err
	}
	c.Settle(call.Context())
	return rest.Write(w, http.StatusCreated, at.boundary(b))
}

func (c Config) showBoundary(w http.ResponseWriter, call *rest.Call, at place) error {
	b, err := c.Service.Boundary(call.Context(), at.account, call.Param("policyBoundaryUuid"))
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, at.boundary(b))
}

func (c Config) putBoundary(w http.ResponseWriter, call *rest.Call, at place) error {
	var body boundaryBody
	if err := call.Read(&body); err != nil {
		return err
	}
	b, created, err := c.Service.PutBoundary(call.Context(), actor(call), at.account, call.Param("policyBoundaryUuid"), pap.BoundaryAttributes(body))
	if err != nil {
		return err
	}
	if !created {
		return c.changed(w, call)
	}
	c.Settle(call.Context())
	return rest.Write(w, http.StatusCreated, at.boundary(b))
}

func (c Config) deleteBoundary(w http.ResponseWriter, call *rest.Call, at place) error {
	if err := c.Service.DeleteBoundary(call.Context(), actor(call), at.account, call.Param("policyBoundaryUuid")); err != nil {
		return err
	}
	return c.changed(w, call)
}

// use is how much of a limit is used up.
type use struct {
	Count int `json:"count"`
	Limit int `json:"limit"`
}

func (c Config) levelLimits(w http.ResponseWriter, call *rest.Call) error {
	at, err := c.place(call)
	if err != nil {
		return err
	}
	u, err := c.Service.LevelUse(call.Context(), at.Level)
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, struct {
		Policies   use `json:"policies"`
		Bindings   use `json:"bindings"`
		Boundaries use `json:"boundaries"`
	}{use(u.Policies), use(u.Bindings), use(u.Boundaries)})
}
