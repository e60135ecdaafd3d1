package papapi

import (
	"net/http"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/pap"
)

func (c Config) policyOperations(r repository) []rest.Operation {
	const id = "policyUuid"
	all := r.level() + "/policies"
	one := all + "/{" + id + "}"
	return []rest.Operation{
		{Method: http.MethodGet, Path: all, Serve: in(policyForm, c.listPolicies)},
		{Method: http.MethodPost, Path: all, Action: "policy.create", Serve: in(policyForm, c.createPolicy)},
		{Method: http.MethodGet, Path: all + "/aggregate", Serve: in(policyForm, c.listInherited)},
		{Method: http.MethodPost, Path: all + "/validation", Serve: in(policyForm, c.validatePolicy)},
		{Method: http.MethodPost, Path: all + "/validation/{" + id + "}", Serve: in(policyForm, c.validateUpdate)},
		{Method: http.MethodGet, Path: one, Serve: in(policyForm, c.showPolicy)},
		{Method: http.MethodPut, Path: one, Action: "policy.update", Object: id, Serve: in(policyForm, c.putPolicy)},
		{Method: http.MethodDelete, Path: one, Action: "policy.delete", Object: id, Serve: in(policyForm, c.deletePolicy)},
	}
}

// policiesAt are all policies of a level.
func (c Config) policiesAt(call *rest.Call, l pap.Level, name string) ([]pap.Policy, error) {
	var policies []pap.Policy
	for p, err := range pap.All(func(p pap.Policy) string { return p.UUID }, func(page pap.Page) ([]pap.Policy, error) {
		return c.Service.Policies(call.Context(), pap.PolicyQuery{Level: l, Name: name, Page: page})
	}) {
		if err != nil {
			return nil, err
		}
		policies = append(policies, p)
	}
	return policies, nil
}

func (c Config) listPolicies(w http.ResponseWriter, call *rest.Call) error {
	at, err := c.place(call)
	if err != nil {
		return err
	}
	q := call.Query()
	name := q.Text("name")
	if err := q.Err(); err != nil {
		return err
	}
	policies, err := c.policiesAt(call, at.Level, name)
	if err != nil {
		return err
	}
	list := make([]policyStub, 0, len(policies))
	for _, p := range policies {
		list = append(list, stubOf(p))
	}
	return rest.Write(w, http.StatusOK, struct {
		Policies []policyStub `json:"policies"`
	}{list})
}

// listInherited lists the policies that can be bound at a level: its own, and those of the levels above it.
func (c Config) listInherited(w http.ResponseWriter, call *rest.Call) error {
	at, err := c.place(call)
	if err != nil {
		return err
	}
	if at.Level == pap.GlobalLevel {
		return rest.Errorf(http.StatusBadRequest, "The global level inherits nothing.")
	}
	list := []policyOverview{}
	for _, level := range at.wider() {
		policies, err := c.policiesAt(call, level, "")
		if err != nil {
			return err
		}
		for _, p := range policies {
			levelType, levelID := at.names(p.Level)
			list = append(list, policyOverview{stubOf(p), levelType, levelID})
		}
	}
	return rest.Write(w, http.StatusOK, struct {
		Policies []policyOverview `json:"policyOverviewList"`
	}{list})
}

// policyBody is the body of a creation or update.
type policyBody struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Tags        []string `json:"tags"`
	Statement   string   `json:"statementQuery"`
	Shadow      *bool    `json:"shadow"`
}

// placeAndPolicy reads what every operation has that is handed a policy.
func (c Config) placeAndPolicy(call *rest.Call) (place, pap.PolicyAttributes, error) {
	at, err := c.place(call)
	if err != nil {
		return place{}, pap.PolicyAttributes{}, err
	}
	var body policyBody
	if err := call.Read(&body); err != nil {
		return place{}, pap.PolicyAttributes{}, err
	}
	return at, pap.PolicyAttributes(body), nil
}

func (c Config) createPolicy(w http.ResponseWriter, call *rest.Call) error {
	at, attributes, err := c.placeAndPolicy(call)
	if err != nil {
		return err
	}
	p, _, err := c.Service.CreatePolicy(call.Context(), actor(call), at.Level, "", attributes)
	if err != nil {
		return err
	}
	c.Settle(call.Context())
	return rest.Write(w, http.StatusCreated, viewOf(p))
}

func (c Config) showPolicy(w http.ResponseWriter, call *rest.Call) error {
	at, err := c.place(call)
	if err != nil {
		return err
	}
	p, err := c.Service.Policy(call.Context(), at.Level, call.Param("policyUuid"))
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, viewOf(p))
}

func (c Config) putPolicy(w http.ResponseWriter, call *rest.Call) error {
	at, attributes, err := c.placeAndPolicy(call)
	if err != nil {
		return err
	}
	p, created, err := c.Service.PutPolicy(call.Context(), actor(call), at.Level, call.Param("policyUuid"), attributes)
	if err != nil {
		return err
	}
	c.Settle(call.Context())
	if created {
		return rest.Write(w, http.StatusCreated, viewOf(p))
	}
	rest.Empty(w, http.StatusNoContent)
	return nil
}

func (c Config) deletePolicy(w http.ResponseWriter, call *rest.Call) error {
	at, err := c.place(call)
	if err != nil {
		return err
	}
	q := call.Query()
	force := q.Bool("force")
	if err := q.Err(); err != nil {
		return err
	}
	if err := c.Service.DeletePolicy(call.Context(), actor(call), at.Level, call.Param("policyUuid"), force); err != nil {
		return err
	}
	return c.changed(w, call)
}

// changed answers a change that has no more to say.
func (c Config) changed(w http.ResponseWriter, call *rest.Call) error {
	c.Settle(call.Context())
	rest.Empty(w, http.StatusNoContent)
	return nil
}

func (c Config) validatePolicy(w http.ResponseWriter, call *rest.Call) error {
	at, attributes, err := c.placeAndPolicy(call)
	if err != nil {
		return err
	}
	if at.Level == pap.GlobalLevel {
		return errNoGlobalValidation
	}
	warnings, err := c.Service.CheckPolicy(attributes)
	return writeWarnings(w, warnings, err)
}

func (c Config) validateUpdate(w http.ResponseWriter, call *rest.Call) error {
	at, attributes, err := c.placeAndPolicy(call)
	if err != nil {
		return err
	}
	if at.Level == pap.GlobalLevel {
		return errNoGlobalValidation
	}
	warnings, err := c.Service.CheckPolicyUpdate(call.Context(), at.Level, call.Param("policyUuid"), attributes)
	return writeWarnings(w, warnings, err)
}

var errNoGlobalValidation = rest.Errorf(http.StatusBadRequest, "Policies are not validated for the global level: there they are built in.")

func writeWarnings(w http.ResponseWriter, warnings ast.Diagnostics, err error) error {
	if err != nil {
		return err
	}
	list := []string{}
	for _, d := range warnings {
		list = append(list, d.String())
	}
	return rest.Write(w, http.StatusOK, struct {
		Warnings []string `json:"warnings"`
	}{list})
}
