package console

import (
	"net/http"
)

// trouble is a page that says why it is not the one that was asked for.
type trouble struct {
	Title, Message string
	Hint           string // what to do next; "" where nothing helps
	Violations     []Violation
	Decision       string
	Again          bool // trying again may help
}

// hints are what may be done about a status.
var hints = map[int]string{
	http.StatusForbidden:          "Sign in with a credential that has this right, or ask somebody who has it.",
	http.StatusNotFound:           "It may have been deleted, or belong to another environment.",
	http.StatusConflict:           "Somebody else changed it in the meantime. Open it again, and repeat what you did.",
	http.StatusTooManyRequests:    "Wait a moment, then try again.",
	http.StatusServiceUnavailable: "Nothing is lost, and requests of clients are still decided from what the gateway knows. Try again in a moment.",
}

var titles = map[int]string{
	http.StatusBadRequest:         "This cannot be done as it was asked",
	http.StatusForbidden:          "You may not see this",
	http.StatusNotFound:           "There is no such thing",
	http.StatusConflict:           "It was changed in the meantime",
	http.StatusTooManyRequests:    "Too many requests",
	http.StatusServiceUnavailable: "The store does not answer",
}

// troubleOf is a refusal as a page.
func troubleOf(r *Refusal) trouble {
	title := titles[r.Status]
	if title == "" {
		title = "This did not work"
	}
	message := r.Message
	if message == http.StatusText(r.Status) {
		message = "" // the API had no words of its own, and the title says as much
	}
	return trouble{
		Title: title, Message: message, Hint: hints[r.Status], Violations: r.Violations, Decision: r.Decision,
		Again: r.Status == http.StatusServiceUnavailable || r.Status == http.StatusTooManyRequests,
	}
}

// trouble writes such a page. It is the last resort, so what goes wrong here goes to the log alone.
func (v *visit) trouble(status int, t trouble) {
	if status == http.StatusForbidden && t.Title == titles[status] && v.r.Method != http.MethodGet {
		t.Title = "You may not do this"
	}
	if status == http.StatusServiceUnavailable {
		v.w.Header().Set("Retry-After", "5")
	}
	if err := v.show(status, "trouble", Page{Title: t.Title, Section: sectionOf(v.r.URL.Path), Content: t}); err != nil {
		v.console.config.Log("a page that says what is wrong could not be made", err)
	}
}

// away is for a store that does not say who is signed in. The page has no navigation: nobody is known.
func (v *visit) away(err error) {
	v.console.config.Log("a session could not be looked up", err)
	v.trouble(http.StatusServiceUnavailable, trouble{
		Title: titles[http.StatusServiceUnavailable], Message: "The gateway cannot look up who is signed in.",
		Hint: hints[http.StatusServiceUnavailable], Again: true,
	})
}

// notThere is the page for every path that leads nowhere.
func (v *visit) notThere() error {
	v.trouble(http.StatusNotFound, trouble{Title: "There is no such page", Message: "Nothing of the console is at this address."})
	return nil
}
