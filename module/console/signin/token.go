package signin

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/doorward/doorward/internal/throttle"
	"github.com/doorward/doorward/module/console/session"
)

// maxToken bounds a token, in bytes, as the gate does.
const maxToken = 16 << 10

// Messages. There is one for every reason why a credential is not good: what is different says which tokens there are.
const (
	messageRefused  = "That did not work. The token may be mistyped, expired, disabled, or not good for this address."
	messageSlow     = "There were too many attempts. Wait a little."
	messageAway     = "The gateway cannot check tokens at the moment. Try again soon."
	messageForm     = "This page was open for too long, or came from elsewhere. Try again."
	messageFull     = "There are too many sessions at the moment. Try again later."
	messageInsecure = "Signing in needs HTTPS: a browser does not keep the session's cookie on this address."
)

// Words by which another page says why the sign-in page is shown.
const (
	whyEnded     = "ended"
	whySignedOut = "signed-out"
)

// showSignIn is the page for signing in. Whoever is signed in already goes on.
func (d *Desk) showSignIn(w http.ResponseWriter, r *http.Request) {
	back := pathBack(r.URL.Query().Get("back"))
	switch s, _, err := d.Of(r); {
	case err != nil:
		d.away(w, r, err)
		return
	case s != nil:
		lead(w, r, back, nil)
		return
	case r.Header.Get("Sec-Fetch-Site") == "cross-site":
		// A link from elsewhere: the browser has kept the cookie back, and sends it when this page itself goes on.
		d.goOn(w, r, "Signing in", PathSignIn+"?"+r.URL.Query().Encode())
		return
	}
	d.signInPage(w, r, http.StatusOK, back, "")
}

func (d *Desk) signInPage(w http.ResponseWriter, r *http.Request, status int, back, problem string) {
	v := signInView{
		Back: back, Problem: problem, Tokens: !d.IssuersOnly, Issuers: d.issuerLinks(back, false),
		Ended: r.URL.Query().Get("why") == whyEnded, SignedOut: r.URL.Query().Get("why") == whySignedOut,
	}
	if !d.isSecure(r) {
		v.Problem, v.Tokens, v.Issuers = messageInsecure, false, nil
	} else {
		var err error
		if v.FormToken, err = d.strangersToken(w, r); err != nil {
			d.away(w, r, err)
			return
		}
	}
	d.show(w, r, Page{Status: status, Title: "Sign in"}, "signin", v)
}

// strangersToken is the form token of somebody without a session, by a cookie of its own. So nobody can have a browser sign in to
// a session of somebody else's choice.
func (d *Desk) strangersToken(w http.ResponseWriter, r *http.Request) (string, error) {
	cookie, ok := cookieOf(r, formCookie)
	if !ok {
		var err error
		if cookie, err = session.NewCookie(d.Random); err != nil {
			return "", err
		}
		setCookie(w, formCookie, cookie.Reveal(), 0, http.SameSiteStrictMode)
	}
	return cookie.FormToken(), nil
}

// checkStranger is CheckWrite for the sign-in page.
func (d *Desk) checkStranger(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := d.origin.Check(r); err != nil {
		return err
	}
	cookie, ok := cookieOf(r, formCookie)
	if !ok {
		return errNoCookie
	}
	return checkForm(r, cookie)
}

// signInWithToken takes a pasted token.
func (d *Desk) signInWithToken(w http.ResponseWriter, r *http.Request) {
	switch {
	case d.IssuersOnly:
		http.NotFound(w, r)
		return
	case !d.isSecure(r):
		d.signInPage(w, r, http.StatusBadRequest, "/", "")
		return
	}
	if err := d.checkStranger(w, r); err != nil {
		d.signInPage(w, r, http.StatusForbidden, pathBack(r.PostForm.Get("back")), messageForm)
		return
	}
	back := pathBack(r.PostForm.Get("back"))
	credential, caller, err := d.takeToken(w, r)
	if err == nil {
		p := d.person(r, caller, credential)
		p.Said = true
		err = d.begin(w, r, p)
	}
	if err != nil {
		status, problem := d.refusal(err)
		d.signInPage(w, r, status, back, problem)
		return
	}
	lead(w, r, back, nil)
}

// takeToken reads the token of a form and asks the gate for whom it stands.
func (d *Desk) takeToken(w http.ResponseWriter, r *http.Request) (session.Credential, *session.Caller, error) {
	if wait := d.mayTry(r); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(throttle.Seconds(wait)))
		return session.Credential{}, nil, errSlow
	}
	text := strings.TrimSpace(r.PostForm.Get("token"))
	if text == "" || len(text) > maxToken || strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' || c == ',' }) {
		d.failed(r, "A sign-in with what is no token was refused.")
		return session.Credential{}, nil, errRefused
	}
	credential := credentialOf(text)
	caller, err := d.identify(r, credential)
	if errors.Is(err, errRefused) {
		d.failed(r, "A sign-in with a token was refused.")
	}
	return credential, caller, err
}

// refusal is what a person is told of an error, and with which status.
func (d *Desk) refusal(err error) (status int, problem string) {
	switch {
	case errors.Is(err, errRefused), errors.Is(err, session.ErrEnded), errors.Is(err, session.ErrOtherPerson):
		return http.StatusUnauthorized, messageRefused
	case errors.Is(err, errSlow):
		return http.StatusTooManyRequests, messageSlow
	case errors.Is(err, session.ErrFull):
		return http.StatusServiceUnavailable, messageFull
	}
	d.Log("a sign-in failed", err)
	if errors.Is(err, errIssuerAway) {
		return http.StatusServiceUnavailable, messageIssuer
	}
	return http.StatusServiceUnavailable, messageAway
}

// signOut ends the session of the browser, also one whose credential is not good any more.
func (d *Desk) signOut(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := d.CheckWrite(r); err != nil {
		d.forged(w, r)
		return
	}
	k := d.visitor(r)
	if k.err == nil && k.found != nil {
		k.err = d.Keeper.End(r.Context(), k.found, "")
	}
	if k.err != nil {
		d.away(w, r, k.err) // and the cookie stays: with it one can try again
		return
	}
	clearCookie(w, sessionCookie)
	lead(w, r, PathSignIn, map[string][]string{"why": {whySignedOut}})
}
