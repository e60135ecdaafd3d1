package papapi

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/policyengine/pap"
)

// bindingView is a policy with all groups to which it is bound on the same terms.
type bindingView struct {
	Policy     string            `json:"policyUuid"`
	Groups     []string          `json:"groups"`
	Parameters map[string]string `json:"parameters,omitempty"`
	Metadata   map[string]string `json:"metadata,omitempty"`
	Boundaries []string          `json:"boundaries"`
	Shadow     bool              `json:"shadow,omitempty"`
}

// levelBindings is the envelope of bindings.
type levelBindings struct {
	LevelType string        `json:"levelType"`
	LevelID   string        `json:"levelId"`
	Bindings  []bindingView `json:"policyBindings"`
}

// bindings are all that a query selects.
func (c Config) bindings(ctx context.Context, q pap.BindingQuery) iter.Seq2[pap.Binding, error] {
	return pap.All(func(b pap.Binding) string { return b.ID }, func(p pap.Page) ([]pap.Binding, error) {
		return c.Service.Bindings(ctx, q, p)
	})
}

// bindingViews puts bindings together that differ in their group only, in the order in which the first of each came.
func (c Config) bindingViews(ctx context.Context, q pap.BindingQuery) ([]bindingView, error) {
	views, places := []bindingView{}, map[string]int{}
	if q.Level == pap.GlobalLevel {
		return views, nil // nothing is ever bound there
	}
	for b, err := range c.bindings(ctx, q) {
		if err != nil {
			return nil, err
		}
		key, err := json.Marshal([]any{b.PolicyUUID, b.Parameters, b.Metadata, b.Boundaries, b.Shadow})
		if err != nil {
			return nil, err
		}
		at, found := places[string(key)]
		if !found {
			at = len(views)
			places[string(key)] = at
			views = append(views, bindingView{b.PolicyUUID, nil, b.Parameters, b.Metadata, list(b.Boundaries), b.Shadow})
		}
		views[at].Groups = append(views[at].Groups, b.GroupUUID)
	}
	return views, nil
}

// listBindings lists those of a level; of one policy, or of one policy and group, where the path names them.
func (c Config) listBindings(w http.ResponseWriter, call *rest.Call) error {
	at, err := c.place(call)
	if err != nil {
		return err
	}
	q := pap.BindingQuery{Level: at.Level}
	if q.PolicyUUID, err = pathUUID(call, "policyUuid"); err != nil {
		return err
	}
	if q.GroupUUID, err = pathUUID(call, "groupUuid"); err != nil {
		return err
	}
	views, err := c.bindingViews(call.Context(), q)
	if err != nil {
		return err
	}
	return rest.Write(w, http.StatusOK, at.envelope(at.Level, views))
}

func (p place) envelope(l pap.Level, views []bindingView) levelBindings {
	levelType, levelID := p.names(l)
	return levelBindings{levelType, levelID, views}
}

// pathUUID is an identifier in the path, "" where the path has none.
func pathUUID(call *rest.Call, name string) (string, error) {
	text := call.Param(name)
	if text == "" {
		return "", nil
	}
	return pap.CanonicalUUID(text)
}

// listDescendants lists the bindings of a policy at a level and below it.
func (c Config) listDescendants(w http.ResponseWriter, call *rest.Call) error {
	at, err := c.place(call)
	if err != nil {
		return err
	}
	policy, err := pathUUID(call, "policyUuid")
	if err != nil {
		return err
	}
	p, err := readPaging(call, "size")
	if err != nil {
		return err
	}
	all := []levelBindings{}
	for _, level := range c.narrower(at) {
		views, err := c.bindingViews(call.Context(), pap.BindingQuery{Level: level, PolicyUUID: policy})
		if err != nil {
			return err
		}
		if len(views) > 0 {
			all = append(all, at.envelope(level, views))
		}
	}
	return rest.Write(w, http.StatusOK, pageOf(p, all))
}

// detailedBinding is a binding in the listing of one group.
type detailedBinding struct {
	bindingView
	LevelType string `json:"levelType"`
	LevelID   string `json:"levelId"`
}

// listOfGroup lists the policies of a group at a level.
func (c Config) listOfGroup(w http.ResponseWriter, call *rest.Call) error {
	at, err := c.place(call)
	if err != nil {
		return err
	}
	group, err := pathUUID(call, "groupUuid")
	if err != nil {
		return err
	}
	q := call.Query()
	details := q.Bool("details")
	if err := q.Err(); err != nil {
		return err
	}
	views, err := c.bindingViews(call.Context(), pap.BindingQuery{Level: at.Level, GroupUUID: group})
	if err != nil {
		return err
	}
	answer := struct {
		Policies []string          `json:"policyUuids"`
		Details  []detailedBinding `json:"bindingsDetails,omitzero"`
	}{Policies: []string{}}
	if details {
		answer.Details = []detailedBinding{}
	}
	levelType, levelID := at.names(at.Level)
	for _, view := range views {
		answer.Policies = append(answer.Policies, view.Policy)
		if details {
			answer.Details = append(answer.Details, detailedBinding{view, levelType, levelID})
		}
	}
	answer.Policies = list(each(answer.Policies))
	return rest.Write(w, http.StatusOK, answer)
}
