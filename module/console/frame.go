package console

import (
	"bytes"
	"net/http"

	"github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/module/console/signin"
)

// Page is what a template is given, within the frame.
type Page struct {
	Title    string
	Section  string             // the key of the section in the navigation; "" for none
	Outcomes map[string]Outcome // what `?done=word` says on this page
	Content  any                // the template's own
}

// Outcome says what was done.
type Outcome struct {
	Message string
	Undo    string // path that a form without fields is sent to; "" where it cannot be undone
}

// frame is what the layout is given.
type frame struct {
	Page
	Name      string // of the installation
	Theme     string // "light", "dark" or "" for what the browser prefers
	Session   *session.Session
	FormToken string
	Sections  []group
	Outcome   *Outcome
	Path      string // of this page, with its query: where a switch of the frame comes back to
	Continue  string // where the browser goes on to by itself
}

// show writes a page with the template of that name.
func (v *visit) show(status int, name string, p Page) error {
	f := v.console.frame(v.r, v.session)
	f.Page = p
	f.Sections = navigation(p.Section)
	if outcome, known := p.Outcomes[v.r.URL.Query().Get("done")]; known {
		f.Outcome = &outcome
	}
	return v.console.finish(v.w, v.r, status, name, f)
}

func (c *Console) frame(r *http.Request, s *session.Session) frame {
	f := frame{Name: c.config.Name, Theme: themeOf(r), Session: s, Path: r.URL.RequestURI()}
	if s != nil {
		f.FormToken = c.config.Gate.FormToken(r)
	}
	return f
}

// finish makes the whole page before the first byte of it is written: a template that fails half way must not look like a
// page, nor leave the status of one.
func (c *Console) finish(w http.ResponseWriter, r *http.Request, status int, name string, f frame) error {
	var text bytes.Buffer
	if err := c.templates.run(&text, name, f); err != nil {
		return err
	}
	writeHTML(w, r, status, text.Bytes())
	return nil
}

// part writes a template without the frame, for scripts that renew a part of a page.
func (v *visit) part(name string, content any) error {
	var text bytes.Buffer
	f := v.console.frame(v.r, v.session)
	f.Content = content
	if err := v.console.templates.runPart(&text, name, f); err != nil {
		return err
	}
	writeHTML(v.w, v.r, http.StatusOK, text.Bytes())
	return nil
}

// Render shows a page of signing in within the frame. It is safe to call before New has returned only where no request
// comes before that.
func (c *Console) Render(w http.ResponseWriter, r *http.Request, p signin.Page) {
	harden(w.Header())
	f := c.frame(r, p.Session)
	f.Page = Page{Title: p.Title, Section: sectionOf(r.URL.Path), Content: p.Body}
	f.Continue = p.Continue
	if p.Session != nil {
		f.Sections = navigation(f.Section)
	}
	if err := c.finish(w, r, p.Status, "signin", f); err != nil {
		c.config.Log("a page of signing in could not be made", err)
		http.Error(w, "This page could not be made.", http.StatusInternalServerError)
	}
}

// themeCookie holds the choice between light and dark. It is no secret and belongs to the browser, not to the session, so
// that the sign-in page has the colours of the last time; a script may write it, which spares a request.
const themeCookie = "doorward-theme"

func themeOf(r *http.Request) string {
	if c, err := r.Cookie(themeCookie); err == nil && (c.Value == "dark" || c.Value == "light") {
		return c.Value
	}
	return ""
}

// setTheme is the switch for browsers without scripts.
func (v *visit) setTheme() error {
	cookie := &http.Cookie{Name: themeCookie, Path: "/", MaxAge: 365 * 24 * 3600, SameSite: http.SameSiteStrictMode} //nolint:gosec // a script reads it
	switch chosen := v.r.PostFormValue("theme"); chosen {
	case "dark", "light":
		cookie.Value = chosen
	default:
		cookie.MaxAge = -1
	}
	http.SetCookie(v.w, cookie)
	return v.done(ownPath(v.r.PostFormValue("back")), "")
}
