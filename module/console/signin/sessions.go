package signin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/doorward/doorward/module/console/session"
)

// pathOwn is where the API lists and ends the sessions of the caller.
const pathOwn = "/api/doorward/v1/ownConsoleSessions"

// Outcomes that the list of sessions can show.
var outcomes = map[string]string{"ended": "The session has ended.", "gone": "That session had ended already.", "others": "All other sessions have ended."}

// errAnswered says that the person has an answer already.
var errAnswered = errors.New("signin: answered")

// listSessions shows where the person is signed in, by the API and by the person's own credential.
func (d *Desk) listSessions(w http.ResponseWriter, r *http.Request) {
	k, found, err := d.ownSessions(w, r)
	if err != nil {
		return
	}
	v := sessionsView{FormToken: k.cookie.FormToken(), Done: outcomes[r.URL.Query().Get("done")]}
	for _, s := range found {
		row := sessionRow{s, s.ID == k.found.Session.ID}
		v.Sessions, v.Others = append(v.Sessions, row), v.Others || !row.Own
	}
	d.show(w, r, Page{Status: http.StatusOK, Title: "Your sessions", Session: &k.found.Session}, "sessions", v)
}

// ownSessions asks the API. Where it returns errAnswered, it has answered the person.
func (d *Desk) ownSessions(w http.ResponseWriter, r *http.Request) (*kept, []session.View, error) {
	k := d.visitor(r)
	switch {
	case k.err != nil:
		d.away(w, r, k.err)
		return nil, nil, errAnswered
	case k.found == nil:
		d.SignIn(w, r)
		return nil, nil, errAnswered
	}
	answer, err := d.ask(w, r, k, http.MethodGet, pathOwn, http.StatusOK)
	if err != nil {
		return nil, nil, err
	}
	var page session.Page
	if err := json.Unmarshal(answer, &page); err != nil {
		d.away(w, r, err)
		return nil, nil, errAnswered
	}
	return k, page.Sessions, nil
}

// ask calls the API for the person of a session, and answers the person where that comes to nothing.
func (d *Desk) ask(w http.ResponseWriter, r *http.Request, k *kept, method, target string, want ...int) ([]byte, error) {
	status, answer, err := d.Call(r, k.found.Credential, method, target)
	for _, fine := range want {
		if err == nil && status == fine {
			return answer, nil
		}
	}
	switch {
	case err == nil && status == http.StatusUnauthorized:
		d.Refused(w, r)
	case err == nil:
		d.away(w, r, fmt.Errorf("the API answers %d", status))
	default:
		d.away(w, r, err)
	}
	return nil, errAnswered
}

// endSession ends one session of the person.
func (d *Desk) endSession(w http.ResponseWriter, r *http.Request) {
	k := d.writer(w, r)
	if k == nil {
		return
	}
	id := r.PostForm.Get("id")
	if id == "" || len(id) > session.MaxText {
		d.forged(w, r)
		return
	}
	status, _, err := d.Call(r, k.found.Credential, http.MethodDelete, pathOwn+"/"+url.PathEscape(id))
	switch {
	case err == nil && status == http.StatusNoContent:
		lead(w, r, PathSessions, url.Values{"done": {"ended"}})
	case err == nil && status == http.StatusNotFound:
		lead(w, r, PathSessions, url.Values{"done": {"gone"}})
	case err == nil && status == http.StatusUnauthorized:
		d.Refused(w, r)
	default:
		d.away(w, r, errors.Join(err, fmt.Errorf("the API answers %d", status)))
	}
}

// endOthers ends all sessions of the person but that of the browser.
func (d *Desk) endOthers(w http.ResponseWriter, r *http.Request) {
	if d.writer(w, r) == nil {
		return
	}
	k, found, err := d.ownSessions(w, r)
	if err != nil {
		return
	}
	for _, s := range found {
		if s.ID == k.found.Session.ID {
			continue
		}
		// One that has ended meanwhile is no reason to leave the others.
		if _, err := d.ask(w, r, k, http.MethodDelete, pathOwn+"/"+url.PathEscape(s.ID), http.StatusNoContent, http.StatusNotFound); err != nil {
			return
		}
	}
	lead(w, r, PathSessions, url.Values{"done": {"others"}})
}

// writer is who sent a form of a session; nil where an answer was given.
func (d *Desk) writer(w http.ResponseWriter, r *http.Request) *kept {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := d.CheckWrite(r); err != nil {
		d.forged(w, r)
		return nil
	}
	k := d.visitor(r)
	switch {
	case k.err != nil:
		d.away(w, r, k.err)
		return nil
	case k.found == nil:
		d.SignIn(w, r)
		return nil
	}
	return k
}
