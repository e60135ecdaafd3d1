package pap

import (
	"encoding/json"

	"github.com/doorward/doorward/internal/audit"
)

// consequence is an event with the time and the actor of another. What goes into its detail was refused on the way in
// if it held a credential.
func consequence(cause audit.Event, action, object string, detail any) audit.Event {
	text, err := json.Marshal(detail)
	if err != nil {
		// Only texts, lists and maps of texts get here, which always can be written.
		text = []byte(`{"error":"detail"}`)
	}
	return audit.Event{Time: cause.Time, Actor: cause.Actor, Action: action, Object: object, Detail: string(text)}
}

// because names the change of another thing that an event is a consequence of; "" where the change was asked for itself.
func because(cause audit.Event) string {
	if cause.Object == "" {
		return ""
	}
	return cause.Action + " " + cause.Object
}
