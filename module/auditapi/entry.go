package auditapi

import (
	"cmp"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/doorward/doorward/internal/audit"
)

// entry is an event in the words of the API.
type entry struct {
	LogID         string          `json:"logId"` // decimal
	EventType     string          `json:"eventType"`
	Category      string          `json:"category"`
	EntityID      string          `json:"entityId"`                // "TOKEN: dt0c01.…": the kind of thing, and its identifier
	EnvironmentID string          `json:"environmentId,omitempty"` // absent for an event of none
	User          string          `json:"user"`
	UserType      string          `json:"userType"`
	UserOrigin    string          `json:"userOrigin"` // "rest (192.0.2.1)", "cli", "system"
	Timestamp     int64           `json:"timestamp"`  // milliseconds since 1970
	Success       bool            `json:"success"`
	Message       string          `json:"message,omitempty"`
	Patch         json.RawMessage `json:"patch,omitempty"` // RFC 6902, with "oldValue"
}

func entryOf(e audit.Event) entry {
	patch := patchOf(e)
	message := e.Message
	if patch == nil {
		message = cmp.Or(message, e.Detail) // nothing that is known is kept from an auditor
	}
	userType, origin := userOf(e)
	return entry{
		LogID: strconv.FormatInt(e.ID, 10), EventType: e.Type(), Category: e.Category(),
		EntityID: entityOf(e), EnvironmentID: e.Environment,
		User: e.Actor, UserType: userType, UserOrigin: origin,
		Timestamp: e.Time.UnixMilli(), Success: !e.Failed, Message: message, Patch: patch,
	}
}

// entityOf is the kind of thing and its identifier; the kind alone where an attempt had not come as far as to one.
func entityOf(e audit.Event) string {
	noun, _, _ := strings.Cut(e.Action, ".")
	if e.Object == "" {
		return strings.ToUpper(noun)
	}
	return strings.ToUpper(noun) + ": " + e.Object
}

// tokenIdentifier is the layout of a token's public part with its prefix. The identifier of an old-format token is a UUID,
// as a user's can be, and counts as a user's.
var tokenIdentifier = regexp.MustCompile(`^[a-z][a-z0-9]{2,15}\.[A-Z0-9]{8,128}$`)

// userOf says what kind of name the actor's is, and which way and from where the request came. Only what came from no
// address can be Doorward itself or the command line: a user may be called anything.
func userOf(e audit.Event) (userType, origin string) {
	userType, origin = "USER_NAME", "rest"
	if e.Origin != "" {
		origin = "rest (" + e.Origin + ")"
	}
	switch {
	case tokenIdentifier.MatchString(e.Actor):
		userType = "PUBLIC_TOKEN_IDENTIFIER"
	case e.Origin == "" && e.Actor == "system":
		userType, origin = "SERVICE_NAME", "system"
	case e.Origin == "" && strings.HasPrefix(e.Actor, "cli:"):
		origin = "cli"
	}
	return userType, origin
}

// operation is one of RFC 6902 on the whole of a thing, whose JSON pointer is the empty one.
type operation struct {
	Op       string          `json:"op"`
	Path     string          `json:"path"`
	OldValue json.RawMessage `json:"oldValue,omitempty"`
	Value    json.RawMessage `json:"value,omitempty"`
}

// patchOf is what an event changed, nil where that is not known in this form. Of a thing that was made or removed as a
// whole the detail says what it was. A damaged patch is left away rather than hiding the other entries of its page.
func patchOf(e audit.Event) json.RawMessage {
	switch text := json.RawMessage(e.Patch); {
	case e.Failed:
		return nil
	case json.Valid(text):
		return text
	case e.Patch != "" || !json.Valid([]byte(e.Detail)):
		return nil
	}
	o := operation{Op: "add", Value: json.RawMessage(e.Detail)}
	switch e.Type() {
	case "CREATE":
	case "DELETE":
		o = operation{Op: "remove", OldValue: json.RawMessage(e.Detail)}
	default:
		return nil
	}
	text, err := json.Marshal([]operation{o})
	if err != nil {
		return nil
	}
	return text
}
