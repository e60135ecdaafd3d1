package auditapi

import (
	"slices"
	"strings"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/module/store/query"
)

// filter is what a listing is restricted to. All criteria hold at once; of the values of one criterion any may.
//
//	user("…")                    the user is one of these
//	eventType("…")               the type is one of these
//	category("…")                the category is one of these
//	entityId("…")                the entity contains one of these; a kind in front, "TOKEN: ", is passed over
//	action("…")                  the action is one of these, "token.create"; an extension of Doorward, as is the next
//	success("true")              the change was made; "false": it was tried and refused
//	dt.settings.schema_id("…")   and scope_id, key, object_id: no entry here is about settings of a schema, so these
//	                             select nothing
//
// See rest.ParseCriteria for how values are written.
type filter struct {
	criteria []rest.Criterion
}

// apply puts the values of a criterion into a query. It reports false where no event can have them.
type apply func(q *query.Audit, values []string) bool

var criteriaTable = map[string]apply{
	"user":                  func(q *query.Audit, values []string) bool { q.Actors = values; return true },
	"eventType":             func(q *query.Audit, values []string) bool { q.Types = values; return true },
	"category":              func(q *query.Audit, values []string) bool { q.Categories = values; return true },
	"entityId":              func(q *query.Audit, values []string) bool { q.Objects = withoutKinds(values); return true },
	"action":                func(q *query.Audit, values []string) bool { q.Actions = values; return true },
	"success":               bySuccess,
	"dt.settings.schema_id": nothing,
	"dt.settings.scope_id":  nothing,
	"dt.settings.key":       nothing,
	"dt.settings.object_id": nothing,
}

func nothing(*query.Audit, []string) bool { return false }

// bySuccess restricts nothing where both values are there.
func bySuccess(q *query.Audit, values []string) bool {
	made, failed := slices.Contains(values, "true"), slices.Contains(values, "false")
	switch {
	case made && !failed:
		q.Success = query.OnlyMade
	case failed && !made:
		q.Success = query.OnlyFailed
	}
	return true
}

// words are the values that a criterion can have where there is a list of them. A misspelt one is refused: an audit that
// finds nothing because of a typing error would be taken for a good sign.
var words = map[string][]string{
	"eventType": {
		"CREATE", "DELETE", "GENERAL", "GET", "LOGIN", "LOGOUT", "PATCH", "POST", "PUT", "READ", "REMOTE_CONFIGURATION_MANAGEMENT",
		"REORDER", "REVOKE", "TAG_ADD", "TAG_REMOVE", "TAG_UPDATE", "UPDATE",
	},
	"category": {
		"ACTIVEGATE_TOKEN", "ACTIVE_GATE", "AGENT", "BUILD_UNIT_V2", "CONFIG", "DEBUG_UI", "MANUAL_TAGGING_SERVICE", "TENANT_LIFECYCLE",
		"TOKEN", "WEB_UI",
	},
	"success": {"true", "false"},
}

// newFilter checks criteria. The error is a *rest.SyntaxError.
func newFilter(criteria []rest.Criterion) (filter, error) {
	seen := map[string]bool{}
	for _, c := range criteria {
		if _, known := criteriaTable[c.Name]; !known {
			return filter{}, &rest.SyntaxError{At: c.At, Message: "expected one of user, eventType, category, entityId, action, success, dt.settings.schema_id, " +
				"dt.settings.scope_id, dt.settings.key, dt.settings.object_id"}
		}
		if seen[c.Name] {
			return filter{}, &rest.SyntaxError{At: c.At, Message: "expected each criterion once; its values are separated by commas"}
		}
		seen[c.Name] = true
		if err := checkValues(c); err != nil {
			return filter{}, err
		}
	}
	return filter{criteria}, nil
}

func checkValues(c rest.Criterion) error {
	known, limited := words[c.Name]
	for _, v := range c.Values {
		switch {
		case v.Bare:
			return &rest.SyntaxError{At: v.At, Message: "expected a value in quotes"}
		case limited && !slices.Contains(known, v.Text):
			return &rest.SyntaxError{At: v.At, Message: "expected one of " + strings.Join(known, ", ")}
		}
	}
	return nil
}

// String is a text that reads back as the same filter.
func (f filter) String() string { return rest.PrintCriteria(f.criteria) }

// narrow restricts a query to the filter. It reports false where no event can be selected.
func (f filter) narrow(q *query.Audit) bool {
	possible := true
	for _, c := range f.criteria {
		var values []string
		for _, v := range c.Values {
			values = append(values, v.Text)
		}
		possible = criteriaTable[c.Name](q, values) && possible
	}
	return possible
}

// withoutKinds leaves of "TOKEN: dt0c01.ABC" what the store knows as the object, so that an entityId can be taken from an
// answer as it is. A kind alone is kept, as the text that it is.
func withoutKinds(values []string) []string {
	objects := make([]string, 0, len(values))
	for _, v := range values {
		if kind, object, found := strings.Cut(v, ": "); found && object != "" && isKind(kind) {
			v = object
		}
		objects = append(objects, v)
	}
	return objects
}

func isKind(text string) bool {
	return text != "" && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == ""
}
