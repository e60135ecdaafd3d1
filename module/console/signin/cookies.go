package signin

import (
	"net/http"
	"strings"

	"github.com/doorward/doorward/module/console/session"
)

// The names of the cookies. A browser takes one that begins with __Host- only over TLS or from its own machine, for the whole host
// and for no other: no neighbour of the console can set it (RFC 6265bis, section 4.1.3.2).
const (
	sessionCookie = "__Host-doorward"        // of a session
	formCookie    = "__Host-doorward-form"   // of the forms of somebody who has no session yet
	flowCookie    = "__Host-doorward-signin" // of a sign-in at an issuer that is under way
)

func setCookie(w http.ResponseWriter, name, value string, seconds int, mode http.SameSite) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // the mode is Strict, or Lax for the flow
		Name: name, Value: value, Path: "/", MaxAge: seconds, Secure: true, HttpOnly: true, SameSite: mode,
	})
}

// setSession hands a new cookie over. It has no end of its own: it goes with the browser, and its session ends by itself.
func setSession(w http.ResponseWriter, c session.Cookie) {
	setCookie(w, sessionCookie, c.Reveal(), 0, http.SameSiteStrictMode)
	clearCookie(w, formCookie)
}

func clearCookie(w http.ResponseWriter, name string) {
	setCookie(w, name, "", -1, http.SameSiteStrictMode)
}

// cookieOf is a random cookie of a request. Of several with one name none counts: only one of them can be the browser's own.
func cookieOf(r *http.Request, name string) (session.Cookie, bool) {
	all := r.CookiesNamed(name)
	if len(all) != 1 {
		return session.Cookie{}, false
	}
	return session.ParseCookie(all[0].Value)
}

// maxBack bounds a path to go on with, in bytes.
const maxBack = 1000

// pathBack is a path of this console to go on with; "/" for whatever else was asked for.
//
// Attack: a link to the sign-in page leads on to another host, which asks for the token once more. Fix: only a path, in none of
// the ways in which browsers read a host into one. Invariant: what this returns is on the same origin.
func pathBack(text string) string {
	if len(text) < 2 || len(text) > maxBack || text[0] != '/' || text[1] == '/' || strings.Contains(text, `\`) ||
		strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '\ufffd' }) {
		return "/"
	}
	path, _, _ := strings.Cut(text, "?")
	for _, own := range []string{PathSignIn, PathSignOut, PathConfirm} { // which would lead in a circle
		if path == own || strings.HasPrefix(path, own+"/") {
			return "/"
		}
	}
	return text
}
