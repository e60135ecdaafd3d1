package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/doorward/doorward/module/console/session"
)

// visit is one request of a person who is signed in.
type visit struct {
	console *Console
	w       http.ResponseWriter
	r       *http.Request
	session *session.Session
	api     *Client
}

// serve makes a page, or says why there is none. It returns before it has written anything, or writes the whole answer.
type serve func(v *visit) error

// maxForm bounds what a form may send, in bytes. The longest thing that is edited is a policy.
const maxForm = 2 << 20

// read mounts a page that changes nothing: "GET /tokens".
func (c *Console) read(pattern string, do serve) { c.mount(pattern, do) }

func (c *Console) mount(pattern string, do serve) {
	c.patterns = append(c.patterns, pattern)
	c.mux.Handle(pattern, c.page(do))
}

// write mounts what a form sends to: "POST /tokens/{id}/disable". Nothing of it runs unless the form is one of this session's.
func (c *Console) write(pattern string, do serve) {
	checked := func(v *visit) error {
		v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
		if err := v.r.ParseForm(); err != nil {
			return v.notTaken(err)
		}
		if err := c.config.Gate.CheckWrite(v.r); err != nil {
			return v.notTaken(err)
		}
		return do(v)
	}
	c.mount(pattern, checked)
}

// dangerous mounts a page that asks whether something is really meant, and what its form sends to, under one path. Both want
// the person to have said once more who they are; whoever has not is sent to do so, and back to the page that asks.
func (c *Console) dangerous(path string, ask, do serve) {
	c.read("GET "+path, confirmed(ask))
	c.write("POST "+path, confirmed(do))
}

func confirmed(do serve) serve {
	return func(v *visit) error {
		if !v.console.config.Gate.Confirmed(v.r) {
			v.console.config.Gate.Confirm(v.w, v.r, v.r.URL.EscapedPath())
			return nil
		}
		return do(v)
	}
}

// page is the one way to every page: through the session.
func (c *Console) page(do serve) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{console: c, w: w, r: r}
		known, credential, err := c.config.Gate.Of(r)
		switch {
		case err != nil:
			v.away(err)
			return
		case known == nil || credential == nil:
			c.config.Gate.SignIn(w, r)
			return
		}
		v.session, v.api = known, NewClient(c.config.API, r, credential)
		if err := do(v); err != nil {
			v.fail(err)
		}
	})
}

// fail shows why there is no page: what the API said, or that something broke, without what.
func (v *visit) fail(err error) {
	refusal := refused(err)
	switch {
	case errors.Is(err, context.Canceled):
		return // nobody is there any more
	case refusal == nil:
		v.console.config.Log("a page of the console could not be made", err)
		v.trouble(http.StatusInternalServerError, trouble{
			Title: "This page could not be made", Message: "Something went wrong here. The gateway's log says what.",
		})
	case refusal.Status == http.StatusUnauthorized:
		v.console.config.Gate.Refused(v.w, v.r)
	default:
		v.trouble(refusal.Status, troubleOf(refusal))
	}
}

// to is a path of this console or of the API, with each part escaped: to("/tokens", id).
func to(root string, parts ...string) string {
	var b strings.Builder
	b.WriteString(root)
	for _, part := range parts {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(part))
	}
	return b.String()
}

// done ends a write: the browser goes on to a page, which says what was done. The word is one of the page's outcomes, never
// a text.
func (v *visit) done(target, outcome string) error {
	if outcome != "" {
		separator := "?"
		if strings.Contains(target, "?") {
			separator = "&"
		}
		target += separator + "done=" + url.QueryEscape(outcome)
	}
	http.Redirect(v.w, v.r, target, http.StatusSeeOther)
	return nil
}

// notTaken answers a write that is too large, came from elsewhere, or from a page that was open for longer than the session.
func (v *visit) notTaken(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		v.trouble(http.StatusRequestEntityTooLarge, trouble{
			Title: "Nothing was changed", Message: "What was sent is longer than any form of the console.",
		})
		return nil
	}
	v.trouble(http.StatusForbidden, trouble{
		Title:   "Nothing was changed",
		Message: "This form was not one of your session. Open the page again and repeat what you did.",
	})
	return nil
}
