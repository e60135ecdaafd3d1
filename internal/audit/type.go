package audit

import "strings"

// The categories of events, in the words of the audit log API.
const (
	CategoryToken           = "TOKEN"
	CategoryActiveGateToken = "ACTIVEGATE_TOKEN"
	CategoryTenant          = "TENANT_LIFECYCLE"
	CategoryWeb             = "WEB_UI"
	CategoryConfig          = "CONFIG"
)

// categories are those of the nouns that do not belong to the configuration.
var categories = map[string]string{
	"token": CategoryToken, "activegatetoken": CategoryActiveGateToken, "tenanttoken": CategoryTenant, "session": CategoryWeb,
}

// types are the event types of the verbs that are not plain updates.
var types = map[string]string{
	"create": "CREATE", "import": "CREATE", "send": "CREATE", "delete": "DELETE", "revoke": "REVOKE",
	"login": "LOGIN", "logout": "LOGOUT", "read": "READ",
}

// Category is the event's category in the audit log API: CONFIG unless the noun of the action has one of its own.
func (e Event) Category() string {
	noun, _, _ := strings.Cut(e.Action, ".")
	if category, ok := categories[noun]; ok {
		return category
	}
	return CategoryConfig
}

// Type is the event's type in the audit log API: UPDATE unless the verb of the action has one of its own.
func (e Event) Type() string {
	_, verb, _ := strings.Cut(e.Action, ".")
	if t, ok := types[verb]; ok {
		return t
	}
	return "UPDATE"
}
