package papapi

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/pap"
)

func (c Config) effectiveOperations() []rest.Operation {
	return []rest.Operation{
		{Method: http.MethodGet, Path: "/iam/v1/resolution/{levelType}/{levelId}/effectivepermissions", Serve: in(policyForm, c.listEffective)},
		{Method: http.MethodPost, Path: "/platform/management/v1/effective-permissions:resolve", Serve: in(platformForm, c.resolve)},
	}
}

// effectivePermission is a permission with everything that grants or refuses it.
type effectivePermission struct {
	Permission string             `json:"permission"`
	Effects    []*effectiveEffect `json:"effects"`
}

// effectiveEffect is what one or more statements say alike.
type effectiveEffect struct {
	Effect     ast.Effect        `json:"effect"`
	Conditions []conditionView   `json:"conditions"`
	Policies   []effectivePolicy `json:"effectivePolicies"`
}

// effectivePolicy is where a statement comes from.
type effectivePolicy struct {
	Policy  policyOrigin  `json:"policy"`
	Binding bindingOrigin `json:"binding"`
}

type policyOrigin struct {
	UUID      string `json:"uuid"`
	Name      string `json:"name"`
	Statement string `json:"statementQuery"`
	LevelType string `json:"levelType"`
	LevelID   string `json:"levelId"`
}

type bindingOrigin struct {
	Group     string `json:"groupUuid"`
	LevelType string `json:"levelType"`
	LevelID   string `json:"levelId"`
}

// listEffective says what a user or group may do at a level.
func (c Config) listEffective(w http.ResponseWriter, call *rest.Call) error {
	at, err := c.place(call)
	if err != nil {
		return err
	}
	p, err := readPaging(call, "size")
	if err != nil {
		return err
	}
	q := call.Query()
	entity, kind, services := q.Text("entityId"), q.Text("entityType"), q.Text("services")
	if err := q.Err(); err != nil {
		return err
	}
	groups, err := c.groupsOf(call, entity, kind)
	if err != nil {
		return err
	}
	var bound []pap.Effective
	if at.Level != pap.GlobalLevel {
		environment := ""
		if at.Type == bind.Environment {
			environment = at.ID
		}
		if bound, err = c.Service.Effective(call.Context(), groups, at.account, environment); err != nil {
			return err
		}
	}
	all := at.effective(bound, services)
	return rest.Write(w, http.StatusOK, struct {
		Permissions []effectivePermission `json:"effectivePermissions"`
		Total       int                   `json:"total"`
	}{of(p, all), len(all)})
}

// groupsOf are the groups that an entity stands for.
func (c Config) groupsOf(call *rest.Call, entity, kind string) ([]string, error) {
	switch kind {
	case "group":
		g, err := c.Service.Group(call.Context(), call.Account, entity)
		return []string{g.UUID}, err
	case "user":
		u, err := c.Service.User(call.Context(), call.Account, entity)
		if err != nil {
			return nil, err
		}
		return c.Service.GroupsOf(call.Context(), u.ID)
	}
	return nil, rest.InvalidQuery("entityType", "Expected user or group.")
}

// effective sorts statements by permission, and puts together those that say the same.
func (p place) effective(bound []pap.Effective, services string) []effectivePermission {
	wanted := map[string]bool{}
	for service := range strings.SplitSeq(services, ",") {
		wanted[strings.TrimSpace(service)] = true
	}
	all := map[string]*effectivePermission{}
	effects := map[string]*effectiveEffect{}
	for _, e := range bound {
		origin := p.origin(e)
		for _, s := range e.Statements {
			service, _, _ := strings.Cut(s.Permission, ":")
			if services != "" && !wanted[service] {
				continue
			}
			permission := all[s.Permission]
			if permission == nil {
				permission = &effectivePermission{Permission: s.Permission}
				all[s.Permission] = permission
			}
			key := s.String()
			effect := effects[key]
			if effect == nil {
				effect = effectOf(s)
				effects[key] = effect
				permission.Effects = append(permission.Effects, effect)
			}
			if !slices.Contains(effect.Policies, origin) {
				effect.Policies = append(effect.Policies, origin)
			}
		}
	}
	sorted := []effectivePermission{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		// What refuses is first, because it is stronger.
		slices.SortStableFunc(all[name].Effects, func(a, b *effectiveEffect) int { return cmp.Compare(a.Effect, b.Effect) })
		sorted = append(sorted, *all[name])
	}
	return sorted
}

func effectOf(s *bind.Statement) *effectiveEffect {
	e := &effectiveEffect{Effect: s.Effect, Conditions: []conditionView{}}
	for i := range s.Conditions {
		e.Conditions = append(e.Conditions, boundCondition(&s.Conditions[i]))
	}
	return e
}

func (p place) origin(e pap.Effective) effectivePolicy {
	policyType, policyID := p.names(e.Policy.Level)
	bindingType, bindingID := p.names(e.Binding.Level)
	return effectivePolicy{
		policyOrigin{e.Policy.UUID, e.Policy.Name, e.Policy.Statement, policyType, policyID},
		bindingOrigin{e.Binding.GroupUUID, bindingType, bindingID},
	}
}

// Bounds of what one call may ask.
const (
	maxQuestions  = 1000
	maxAttributes = 100 // of one question, each value counted
)

// question is a question as clients ask it.
type question struct {
	Permission string `json:"permission"`
	Context    []struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	} `json:"context"`
}

// answer says "true", "false" or "condition", as texts.
type answer struct {
	Permission string `json:"permission"`
	Granted    string `json:"granted"`
}

// resolve answers for whom the caller acts for, in the order of the questions.
func (c Config) resolve(w http.ResponseWriter, call *rest.Call) error {
	var body struct {
		Permissions []question `json:"permissions"`
	}
	if err := call.Read(&body); err != nil {
		return err
	}
	if len(body.Permissions) > maxQuestions {
		return rest.Invalid("permissions", "There are at most %d questions.", maxQuestions)
	}
	answers := []answer{}
	for _, asked := range body.Permissions {
		granted, err := c.granted(call.Context(), call, asked)
		if err != nil {
			return err
		}
		answers = append(answers, answer{Permission: asked.Permission, Granted: granted})
	}
	return rest.Write(w, http.StatusOK, answers)
}

// granted is the answer to one question. About settings it is published to be always the same: it depends.
func (c Config) granted(ctx context.Context, call *rest.Call, asked question) (string, error) {
	q := Question{Permission: asked.Permission, Attributes: map[string][]string{}}
	if asked.Permission == "" || len(asked.Context) > maxAttributes {
		return "", rest.Invalid("permissions", "A question names a permission, and at most %d attributes.", maxAttributes)
	}
	for _, a := range asked.Context {
		// Who asks, and where, is not for the client to say.
		if a.Key == "" || strings.HasPrefix(a.Key, "global:") {
			return "", rest.Invalid("permissions", "An attribute of the context has a name that does not begin with global:.")
		}
		q.Attributes[a.Key] = append(q.Attributes[a.Key], a.Value)
	}
	if strings.HasPrefix(asked.Permission, "settings:") {
		return "condition", nil
	}
	g, err := c.Resolve(ctx, call, q)
	if err != nil {
		return "", err
	}
	return [...]string{Refused: "false", Granted: "true", Conditional: "condition"}[g], nil
}
