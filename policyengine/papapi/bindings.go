package papapi

import (
	"context"
	"net/http"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/policyengine/pap"
)

func (c Config) bindingOperations(r repository) []rest.Operation {
	const policy, group = "policyUuid", "groupUuid"
	level := r.level() + "/bindings"
	ofPolicy, ofGroup := level+"/{"+policy+"}", level+"/groups/{"+group+"}"
	pair := ofPolicy + "/{" + group + "}"
	return []rest.Operation{
		{Method: http.MethodGet, Path: level, Serve: in(policyForm, c.listBindings)},
		{Method: http.MethodPut, Path: level, Action: "binding.update", Serve: in(policyForm, c.replaceBindings)},
		{Method: http.MethodDelete, Path: level, Action: "binding.delete", Serve: in(policyForm, c.clearBindings)},
		{Method: http.MethodGet, Path: level + "/descendants/{" + policy + "}", Serve: in(policyForm, c.listDescendants)},
		{Method: http.MethodGet, Path: ofGroup, Serve: in(policyForm, c.listOfGroup)},
		{Method: http.MethodPut, Path: ofGroup, Action: "binding.update", Object: group, Serve: in(policyForm, c.replaceOfGroup)},
		{Method: http.MethodGet, Path: ofPolicy, Serve: in(policyForm, c.listBindings)},
		{Method: http.MethodPost, Path: ofPolicy, Action: "binding.create", Object: policy, Serve: in(policyForm, c.bindGroups)},
		{Method: http.MethodDelete, Path: ofPolicy, Action: "binding.delete", Object: policy, Serve: in(policyForm, c.unbind)},
		{Method: http.MethodGet, Path: pair, Serve: in(policyForm, c.listBindings)},
		{Method: http.MethodPost, Path: pair, Action: "binding.create", Object: policy, Serve: in(policyForm, c.bindGroup)},
		{Method: http.MethodPut, Path: pair, Action: "binding.update", Object: policy, Serve: in(policyForm, c.putBinding)},
		{Method: http.MethodDelete, Path: pair, Action: "binding.delete", Object: policy, Serve: in(policyForm, c.unbind)},
	}
}

// ownGroups refuses groups of other accounts. At an environment a group of any account could be bound, as far as package
// pap knows; which account an environment is in is known here.
func (c Config) ownGroups(call *rest.Call, groups []string) error {
	for _, group := range groups {
		if _, err := c.Service.Group(call.Context(), call.Account, group); err != nil {
			return err
		}
	}
	return nil
}

// termsBody is on which terms a policy is bound. What is absent or null is not said.
type termsBody struct {
	Parameters *map[string]string `json:"parameters"`
	Metadata   *map[string]string `json:"metadata"`
	Boundaries *[]string          `json:"boundaries"`
	Shadow     *bool              `json:"shadow"`
}

func (b termsBody) terms() pap.Terms {
	t := pap.Terms{Shadow: b.Shadow, KeepBoundaries: b.Boundaries == nil, KeepMetadata: b.Metadata == nil}
	if b.Parameters != nil {
		t.Parameters = *b.Parameters
	}
	if b.Metadata != nil {
		t.Metadata = *b.Metadata
	}
	if b.Boundaries != nil {
		t.Boundaries = *b.Boundaries
	}
	return t
}

// bindingBody is a binding of a policy to several groups.
type bindingBody struct {
	Policy string   `json:"policyUuid"`
	Groups []string `json:"groups"`
	termsBody
}

// bindGroups appends a binding for each of several groups.
func (c Config) bindGroups(w http.ResponseWriter, call *rest.Call) error {
	var body bindingBody
	at, err := c.placeAnd(call, &body)
	if err != nil {
		return err
	}
	return c.bind(w, call, at, body.Groups, body.terms())
}

// bindGroup appends a binding for the group in the path.
func (c Config) bindGroup(w http.ResponseWriter, call *rest.Call) error {
	var body termsBody
	at, err := c.placeAnd(call, &body)
	if err != nil {
		return err
	}
	return c.bind(w, call, at, []string{call.Param("groupUuid")}, body.terms())
}

func (c Config) placeAnd(call *rest.Call, body any) (place, error) {
	at, err := c.place(call)
	if err != nil {
		return place{}, err
	}
	return at, call.Read(body)
}

func (c Config) bind(w http.ResponseWriter, call *rest.Call, at place, groups []string, terms pap.Terms) error {
	request := pap.BindRequest{Level: at.Level, Policy: call.Param("policyUuid"), Groups: groups, Terms: terms}
	if len(groups) <= maxGroups {
		if err := c.ownGroups(call, groups); err != nil {
			return err
		}
	}
	if _, _, err := c.Service.Bind(call.Context(), actor(call), request); err != nil {
		return err
	}
	return c.changed(w, call)
}

// maxGroups is from how many groups on package pap refuses a request as it is.
const maxGroups = 1000

// putBinding changes the binding that the query selects, or makes it.
func (c Config) putBinding(w http.ResponseWriter, call *rest.Call) error {
	var body termsBody
	at, err := c.placeAnd(call, &body)
	if err != nil {
		return err
	}
	request := pap.RebindRequest{
		Level: at.Level, Policy: call.Param("policyUuid"), Group: call.Param("groupUuid"),
		KeepParameters: body.Parameters == nil, Terms: body.terms(),
	}
	if request.Parameters, request.Metadata, err = filters(call); err != nil {
		return err
	}
	if err := c.ownGroups(call, []string{request.Group}); err != nil {
		return err
	}
	if _, err := c.Service.Rebind(call.Context(), actor(call), request); err != nil {
		return err
	}
	return c.changed(w, call)
}

// replaceBindings makes these the bindings of the level.
func (c Config) replaceBindings(w http.ResponseWriter, call *rest.Call) error {
	var body struct {
		Bindings *[]bindingBody `json:"policyBindings"`
	}
	at, err := c.placeAnd(call, &body)
	if err != nil {
		return err
	}
	if body.Bindings == nil {
		return rest.Invalid("policyBindings", "The bindings are missing. An empty list takes all of them away.")
	}
	var wanted []pap.GroupTerms
	var groups []string
	for _, b := range *body.Bindings {
		for _, group := range b.Groups {
			groups = append(groups, group)
			wanted = append(wanted, pap.GroupTerms{Group: group, PolicyTerms: pap.PolicyTerms{Policy: b.Policy, Terms: b.terms()}})
		}
	}
	if err := c.ownGroups(call, each(groups)); err != nil {
		return err
	}
	if _, err := c.Service.SetLevelBindings(call.Context(), actor(call), at.Level, wanted); err != nil {
		return err
	}
	return c.changed(w, call)
}

// each is every value once.
func each(values []string) (once []string) {
	seen := map[string]bool{}
	for _, v := range values {
		if !seen[v] {
			seen[v] = true
			once = append(once, v)
		}
	}
	return once
}

// clearBindings takes all bindings of a level away. That there are none is what was wanted.
func (c Config) clearBindings(w http.ResponseWriter, call *rest.Call) error {
	at, err := c.place(call)
	if err != nil {
		return err
	}
	if _, err := c.Service.SetLevelBindings(call.Context(), actor(call), at.Level, nil); err != nil {
		return err
	}
	return c.changed(w, call)
}

// unbind takes away bindings of the policy, and of the group where the path names one, that the query selects.
func (c Config) unbind(w http.ResponseWriter, call *rest.Call) error {
	at, err := c.place(call)
	if err != nil {
		return err
	}
	request := pap.UnbindRequest{Level: at.Level}
	if request.Policy, err = pathUUID(call, "policyUuid"); err != nil {
		return err
	}
	if request.Group, err = pathUUID(call, "groupUuid"); err != nil {
		return err
	}
	if request.Parameters, request.Metadata, err = filters(call); err != nil {
		return err
	}
	q := call.Query()
	request.Multiple = q.Bool("forceMultiple")
	if err := q.Err(); err != nil {
		return err
	}
	if request.Group == "" {
		return c.unbindPolicy(w, call, request)
	}
	return c.take(w, call, request)
}

func (c Config) take(w http.ResponseWriter, call *rest.Call, r pap.UnbindRequest) error {
	if _, err := c.Service.Unbind(call.Context(), actor(call), r); err != nil {
		return err
	}
	return c.changed(w, call)
}

// unbindPolicy takes a policy away from all of its groups. Several groups are what is meant; several bindings of one of
// them are not, unless that is said.
func (c Config) unbindPolicy(w http.ResponseWriter, call *rest.Call, r pap.UnbindRequest) error {
	if !r.Multiple && r.Parameters == nil && r.Metadata == nil {
		several, err := c.severalOfOneGroup(call.Context(), r)
		if err != nil {
			return err
		}
		if several {
			return rest.Errorf(http.StatusBadRequest, "The policy is bound to a group several times. Name the parameters of the bindings, or ask for all with forceMultiple.")
		}
	}
	r.Multiple = true
	return c.take(w, call, r)
}

func (c Config) severalOfOneGroup(ctx context.Context, r pap.UnbindRequest) (bool, error) {
	seen := map[string]bool{}
	for b, err := range c.bindings(ctx, pap.BindingQuery{Level: r.Level, PolicyUUID: r.Policy}) {
		if err != nil {
			return false, err
		}
		if seen[b.GroupUUID] {
			return true, nil
		}
		seen[b.GroupUUID] = true
	}
	return false, nil
}

// replaceOfGroup makes these the policies of a group at the level.
func (c Config) replaceOfGroup(w http.ResponseWriter, call *rest.Call) error {
	var body struct {
		Policies *[]string `json:"policyUuids"`
	}
	at, err := c.placeAnd(call, &body)
	if err != nil {
		return err
	}
	if body.Policies == nil {
		return rest.Invalid("policyUuids", "The policies are missing. An empty list takes all of them away.")
	}
	group := call.Param("groupUuid")
	if err := c.ownGroups(call, []string{group}); err != nil {
		return err
	}
	if _, err := c.Service.SetGroupPolicies(call.Context(), actor(call), at.Level, group, *body.Policies); err != nil {
		return err
	}
	return c.changed(w, call)
}
