package signin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"

	"github.com/doorward/doorward/module/console/session"
)

// kept is what is known of one request.
type kept struct {
	once   sync.Once
	cookie session.Cookie
	found  *session.Found
	err    error
}

type keptKey struct{}

// Keep remembers for each request what Of has found.
func (d *Desk) Keep(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Context().Value(keptKey{}) == nil {
			r = r.WithContext(context.WithValue(r.Context(), keptKey{}, new(kept)))
		}
		next.ServeHTTP(w, r)
	})
}

// visitor is who a request is from: found is nil for somebody without a session.
func (d *Desk) visitor(r *http.Request) *kept {
	k, _ := r.Context().Value(keptKey{}).(*kept)
	if k == nil {
		k = new(kept)
	}
	k.once.Do(func() {
		cookie, ok := cookieOf(r, sessionCookie)
		if !ok {
			return
		}
		k.cookie = cookie
		k.found, k.err = d.Keeper.Find(r.Context(), cookie)
	})
	return k
}

// Of is the session and the credential of a request.
func (d *Desk) Of(r *http.Request) (*session.Session, *session.Credential, error) {
	k := d.visitor(r)
	if k.err != nil || k.found == nil {
		return nil, nil, k.err
	}
	return &k.found.Session, &k.found.Credential, nil
}

// Confirmed reports whether the person has said lately who it is.
func (d *Desk) Confirmed(r *http.Request) bool {
	s, _, err := d.Of(r)
	return err == nil && d.Keeper.IsConfirmed(s)
}

// FormToken is that of the session, or of somebody who has none yet but has a cookie for forms.
func (d *Desk) FormToken(r *http.Request) string {
	for _, name := range []string{sessionCookie, formCookie} {
		if cookie, ok := cookieOf(r, name); ok {
			return cookie.FormToken()
		}
	}
	return ""
}

// maxForm bounds a form of this package, in bytes: the longest thing in it is a token.
const maxForm = 32 << 10

// Reasons why a write is none of this console.
var (
	errNoCookie  = errors.New("signin: the request has no cookie of the console")
	errForm      = errors.New("signin: the form cannot be read")
	errFormToken = errors.New("signin: the form token is not that of the session")
)

// CheckWrite is nil if a request that changes something comes from a page of this console.
//
// Attack: another site, or another service of the same site, has the browser send a form here. Fix: the browser says where a
// request comes from, the cookie is not sent along from other sites, and the form has to bring what only our pages know.
// Invariant: each of them alone refuses; none is left out where another holds.
func (d *Desk) CheckWrite(r *http.Request) error {
	if err := d.origin.Check(r); err != nil {
		return err
	}
	cookie, ok := cookieOf(r, sessionCookie)
	if !ok {
		return errNoCookie
	}
	return checkForm(r, cookie)
}

// checkForm reads the form, whose size is its caller's to bound.
func checkForm(r *http.Request, cookie session.Cookie) error {
	token := r.Header.Get(FormHeader)
	if token == "" {
		if err := r.ParseForm(); err != nil {
			return errForm
		}
		token = r.PostForm.Get(FormField)
	}
	if !cookie.IsFormToken(token) {
		return errFormToken
	}
	return nil
}

// SignIn answers a request without a session.
func (d *Desk) SignIn(w http.ResponseWriter, r *http.Request) {
	lead(w, r, PathSignIn, url.Values{"back": {pageOf(r)}})
}

// Refused answers a request whose credential the API did not take any more.
func (d *Desk) Refused(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := detached(r)
	defer cancel()
	if k := d.visitor(r); k.found != nil {
		if err := d.Keeper.End(ctx, k.found, "Ended: the credential is not good any more."); err != nil {
			d.Log("a session could not be ended", err)
		}
	}
	clearCookie(w, sessionCookie)
	lead(w, r, PathSignIn, url.Values{"back": {pageOf(r)}, "why": {whyEnded}})
}

// Confirm answers a request that has to be confirmed first.
func (d *Desk) Confirm(w http.ResponseWriter, r *http.Request, back string) {
	lead(w, r, PathConfirm, url.Values{"back": {pathBack(back)}})
}

// pageOf is the page that a request is for; "/" for one that changes something, which is not to be repeated.
func pageOf(r *http.Request) string {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || isScripts(r) {
		return "/"
	}
	return pathBack(r.URL.RequestURI())
}

// isScripts reports whether a part of a page is asked for: the script would put what it gets into the page.
func isScripts(r *http.Request) bool { return r.Header.Get("Hx-Request") == "true" }

// lead sends the browser to a path, by a GET.
func lead(w http.ResponseWriter, r *http.Request, path string, query url.Values) {
	if query.Get("back") == "/" {
		query.Del("back")
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	w.Header().Set("Cache-Control", "no-store")
	if isScripts(r) {
		w.Header().Set("Hx-Redirect", path)
		w.WriteHeader(http.StatusOK)
		return
	}
	http.Redirect(w, r, path, http.StatusSeeOther) //nolint:gosec // one of ours, or by pathBack
}
