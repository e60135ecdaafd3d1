package signin

import (
	"crypto/subtle"
	"errors"
	"net/http"

	"github.com/doorward/doorward/module/console/session"
)

// isSame compares in constant time. Nothing is the same as "".
func isSame(a, b string) bool {
	return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// showConfirm asks somebody who is signed in who it is.
func (d *Desk) showConfirm(w http.ResponseWriter, r *http.Request) {
	back := pathBack(r.URL.Query().Get("back"))
	k := d.visitor(r)
	switch {
	case k.err != nil:
		d.away(w, r, k.err)
	case k.found == nil:
		lead(w, r, PathSignIn, map[string][]string{"back": {back}})
	case d.Keeper.IsConfirmed(&k.found.Session):
		lead(w, r, back, nil)
	default:
		d.confirmPage(w, r, k, http.StatusOK, back, "")
	}
}

func (d *Desk) confirmPage(w http.ResponseWriter, r *http.Request, k *kept, status int, back, problem string) {
	s := &k.found.Session
	v := confirmView{Back: back, Problem: problem, FormToken: k.cookie.FormToken(), Subject: s.Subject, Tokens: s.Method == session.MethodToken}
	for n, link := range d.issuerLinks(back, true) {
		if d.issuers[n].URL == s.Issuer {
			v.Issuers = append(v.Issuers, link)
		}
	}
	d.show(w, r, Page{Status: status, Title: "Is it you?", Session: s}, "confirm", v)
}

// confirmWithToken takes the token once more, or another one that stands for the same. Whoever signed in at an issuer says it there.
func (d *Desk) confirmWithToken(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := d.CheckWrite(r); err != nil {
		d.forged(w, r)
		return
	}
	back := pathBack(r.PostForm.Get("back"))
	k := d.visitor(r)
	switch {
	case k.err != nil:
		d.away(w, r, k.err)
		return
	case k.found == nil:
		lead(w, r, PathSignIn, map[string][]string{"back": {back}})
		return
	case k.found.Session.Method != session.MethodToken:
		d.forged(w, r)
		return
	}
	credential, caller, err := d.takeToken(w, r)
	if err == nil {
		err = d.renew(w, r, k, d.person(r, caller, credential))
	}
	switch {
	case errors.Is(err, session.ErrNotFound): // ended meanwhile
		lead(w, r, PathSignIn, map[string][]string{"back": {back}})
	case err != nil:
		status, problem := d.refusal(err)
		d.confirmPage(w, r, k, status, back, problem)
	default:
		lead(w, r, back, nil)
	}
}

func (d *Desk) renew(w http.ResponseWriter, r *http.Request, k *kept, p session.Person) error {
	cookie, _, err := d.Keeper.Confirm(r.Context(), k.cookie, p)
	if errors.Is(err, session.ErrOtherPerson) {
		d.failed(r, "A session was to be confirmed with the token of somebody else.")
	}
	if err == nil {
		setSession(w, cookie)
	}
	return err
}
