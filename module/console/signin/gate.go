// Package signin is how people come into the console and leave it: the pages for signing in with a token or at a trusted issuer,
// for signing out, for saying once more who one is before something dangerous, and for the list of one's sessions.
package signin

import (
	"html/template"
	"net/http"

	"github.com/doorward/doorward/module/console/session"
)

// Gate is what the console's pages ask of signing in. Every method is safe for concurrent use.
type Gate interface {
	// Of returns the session and the credential of a request; nil without one. An error is a fault: the store does not answer.
	// Within a request that went through Keep the store is asked once.
	Of(r *http.Request) (*session.Session, *session.Credential, error)
	// Keep remembers for each request what Of has found.
	Keep(next http.Handler) http.Handler
	// FormToken is what a form has to bring along in its field FormField, or a script in the header FormHeader; "" without a cookie.
	FormToken(r *http.Request) string
	// CheckWrite is nil if a request that changes something comes from a page of this console. It reads the form.
	CheckWrite(r *http.Request) error
	// Confirmed reports whether the person has said who it is within the last minutes.
	Confirmed(r *http.Request) bool
	// Refused answers a request whose credential the API did not take any more: the session ends, and the person may sign in again.
	Refused(w http.ResponseWriter, r *http.Request)
	// SignIn answers a request without a session: with the way to the sign-in page, which leads back to a page that was asked for.
	SignIn(w http.ResponseWriter, r *http.Request)
	// Confirm answers a request that has to be confirmed first; back is the path of the page to go on with then.
	Confirm(w http.ResponseWriter, r *http.Request, back string)
	// Handler answers below the paths of Paths.
	Handler() http.Handler
}

// Names under which a form and a script bring the form token.
const (
	FormField  = "form_token"
	FormHeader = "X-Doorward-Form"
)

// Paths are those of the handler, for a mux: SignIn and everything below it, and the others as they are.
const (
	PathSignIn   = "/signin"
	PathSignOut  = "/signout"
	PathConfirm  = "/confirm"
	PathSessions = "/sessions"
)

// Page is what the frame shows around a body.
type Page struct {
	Status int // of the answer
	Title  string
	Body   template.HTML // from this package's templates; it is safe as it is
	// Continue is a path that the browser goes on to by itself, by <meta http-equiv="refresh" content="0;url=…">; "" for none.
	Continue string
	// Session is whose page it is, for the navigation; nil where nobody is signed in.
	Session *session.Session
}

// Call makes a request to the REST API in this process, by the credential and not by that of r, as the client of r. Its error is a
// fault: there was no answer.
type Call func(r *http.Request, c session.Credential, method, target string) (status int, answer []byte, err error)

// Render writes a page in the console's frame, with its headers.
type Render func(w http.ResponseWriter, r *http.Request, p Page)
