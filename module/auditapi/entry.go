package auditapi

import (
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
	Doorward      *extension      `json:"doorward,omitempty"`
}

// extension is what the API that this one follows has no members for, where there is any.
type extension struct {
	Outcome outcome `json:"outcome"`
}

// outcome is what became of a request that was recorded before it was forwarded.
type outcome struct {
	Timestamp  int64  `json:"timestamp"`            // milliseconds since 1970
	Status     int    `json:"status"`               // of the answer; 0 where there was none
	Bytes      int64  `json:"bytes"`                // of the answer's body that were sent
	BodyDigest string `json:"bodyDigest,omitempty"` // hex SHA-256 of the request's body
	Cut        string `json:"cut,omitempty"`        // why it was ended early
}

func entryOf(e audit.Event) entry {
	patch := patchOf(e)
	message := e.Message
	switch { // nothing that is known is kept from an auditor
	case patch != nil || e.Detail == "":
	case message == "":
		message = e.Detail
	case e.Revision == 0: // the message says why, and the detail what it was that was asked for
		message += " " + e.Detail
	}
	userType, origin := userOf(e)
	return entry{
		LogID: strconv.FormatInt(e.ID, 10), EventType: e.Type(), Category: e.Category(),
		EntityID: entityOf(e), EnvironmentID: e.Environment,
		User: e.Actor, UserType: userType, UserOrigin: origin,
		Timestamp: e.Time.UnixMilli(), Success: !e.Failed, Message: message, Patch: patch,
		Doorward: extensionOf(e.Outcome),
	}
}

func extensionOf(o *audit.Outcome) *extension {
	if o == nil {
		return nil
	}
	return &extension{outcome{Timestamp: o.At.UnixMilli(), Status: o.Status, Bytes: o.Bytes, BodyDigest: o.BodyDigest, Cut: o.Cut}}
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
	case e.Patch != "" || e.Revision == 0 || !json.Valid([]byte(e.Detail)): // without a revision nothing here was made or removed
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
