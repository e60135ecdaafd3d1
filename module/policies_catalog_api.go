package module

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/catalog"
)

// catalogView is everything that policies may name.
type catalogView struct {
	Services   []serviceView   `json:"services"`   // by name
	Globals    []conditionView `json:"globals"`    // conditions that every permission supports
	Attributes []string        `json:"attributes"` // names that ${global:…} can have
	Operators  []operatorView  `json:"operators"`
}

type serviceView struct {
	Name        string           `json:"name"`
	Permissions []permissionView `json:"permissions"`
}

type permissionView struct {
	Name       string          `json:"name"`
	Conditions []conditionView `json:"conditions,omitempty"`
	Includes   []string        `json:"includes,omitempty"` // whoever holds this one holds those too
	Unlisted   bool            `json:"unlisted,omitempty"` // in use, but not in the published reference
}

// conditionView is a condition as a permission supports it.
type conditionView struct {
	Name      string   `json:"name"`
	Kind      string   `json:"kind"`
	Operators []string `json:"operators"`
	Unlisted  bool     `json:"unlisted,omitempty"`
}

type operatorView struct {
	Name string `json:"name"`
	List bool   `json:"list"` // takes a list in parentheses
}

func showCatalog(w http.ResponseWriter, call *rest.Call, known *catalog.Catalog) error {
	q := call.Query()
	only := q.Text("service")
	if err := q.Err(); err != nil {
		return err
	}
	view := catalogView{Services: []serviceView{}, Globals: []conditionView{}, Attributes: known.Attributes()}
	for permission := range known.Permissions() {
		name, _, _ := strings.Cut(permission.Name, ":")
		if only != "" && name != only {
			continue
		}
		if last := len(view.Services) - 1; last < 0 || view.Services[last].Name != name {
			view.Services = append(view.Services, serviceView{Name: name})
		}
		s := &view.Services[len(view.Services)-1]
		s.Permissions = append(s.Permissions, permissionViewOf(permission))
	}
	for condition := range known.Globals() {
		view.Globals = append(view.Globals, conditionViewOf(condition))
	}
	for _, operator := range ast.Operators() {
		view.Operators = append(view.Operators, operatorView{operator.String(), operator.List()})
	}
	return rest.Write(w, http.StatusOK, view)
}

func permissionViewOf(p catalog.Permission) permissionView {
	v := permissionView{Name: p.Name, Includes: p.Includes, Unlisted: p.Unlisted}
	for _, name := range slices.Sorted(maps.Keys(p.Conditions)) {
		v.Conditions = append(v.Conditions, conditionViewOf(p.Conditions[name]))
	}
	return v
}

func conditionViewOf(c catalog.Condition) conditionView {
	v := conditionView{Name: c.Name, Kind: c.Kind.String(), Operators: []string{}, Unlisted: c.Unlisted}
	for operator := range c.Operators.All() {
		v.Operators = append(v.Operators, operator.String())
	}
	return v
}
