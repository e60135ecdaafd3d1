package console

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
)

// digestOf stands for something that the API keeps no time of change of, as a form was opened with it.
func digestOf(parts ...any) string {
	text, _ := json.Marshal(parts) // texts, lists and maps of texts
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// isOutdated reports whether somebody else has changed the thing since the form was opened: what it is now is no more what the
// form has in its field "before". The form keeps what was typed and says what is stored; sent again, it takes the place of that.
func (f *form) isOutdated(now string, stored []Violation) bool {
	if f.raw("before") == now {
		return false
	}
	f.set("before", now)
	f.Refusal = &Refusal{
		Status: http.StatusConflict, Violations: stored,
		Message: "Somebody else changed it since this form was opened. Nothing was saved yet. Saving again takes the place of what is stored.",
	}
	return true
}
