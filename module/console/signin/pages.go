package signin

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/doorward/doorward/module/console/session"
)

//go:embed templates/*.html
var files embed.FS

// pages are the bodies of all pages. They escape by context, and have no script and no style.
var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"exact":   func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	"machine": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
}).ParseFS(files, "templates/*.html"))

type signInView struct {
	Back, Problem, FormToken string
	Tokens                   bool
	Issuers                  []issuerLink
	Ended, SignedOut         bool
}

type confirmView struct {
	Back, Problem, FormToken, Subject string
	Tokens                            bool
	Issuers                           []issuerLink
}

type issuerLink struct{ Name, Path string }

type sessionsView struct {
	FormToken string
	Sessions  []sessionRow
	Others    bool
	Done      string
}

type sessionRow struct {
	session.View
	Own bool // of this browser
}

type messageView struct{ Title, Message, Path, Label string }

// issuerLinks are the ways to sign in at issuers.
func (d *Desk) issuerLinks(back string, confirm bool) []issuerLink {
	var links []issuerLink
	for n, p := range d.issuers {
		query := url.Values{"back": {back}}
		if confirm {
			query.Set("confirm", "1")
		}
		links = append(links, issuerLink{p.name(), pathIssuer + strconv.Itoa(n) + "?" + query.Encode()})
	}
	return links
}

// show makes the body of a page, and the frame the rest.
func (d *Desk) show(w http.ResponseWriter, r *http.Request, p Page, name string, view any) {
	var body bytes.Buffer
	if err := pages.ExecuteTemplate(&body, name+".html", view); err != nil {
		d.Log("a page of signing in could not be made", err)
		http.Error(w, "This page could not be made.", http.StatusInternalServerError)
		return
	}
	p.Body = template.HTML(body.String()) //nolint:gosec // html/template has made it
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	d.Render(w, r, p)
}

func (d *Desk) message(w http.ResponseWriter, r *http.Request, status int, v messageView) {
	s, _, _ := d.Of(r)
	d.show(w, r, Page{Status: status, Title: v.Title, Session: s}, "message", v)
}

// goOn is a page from which the browser goes on by itself, or by a link.
func (d *Desk) goOn(w http.ResponseWriter, r *http.Request, title, target string) {
	d.show(w, r, Page{Status: http.StatusOK, Title: title, Continue: target}, "message", messageView{
		Title: title, Message: "One moment.", Path: target, Label: "Go on",
	})
}

// away says that somebody could not be asked, and not who.
func (d *Desk) away(w http.ResponseWriter, r *http.Request, err error) {
	d.Log("signing in", err)
	d.show(w, r, Page{Status: http.StatusServiceUnavailable, Title: "Not available"}, "message", messageView{
		Title: "Not available at the moment", Message: "The gateway cannot say who you are right now. Nothing was changed.", Path: "/", Label: "Try again",
	})
}

// forged answers a form that did not come from a page of the session.
func (d *Desk) forged(w http.ResponseWriter, r *http.Request) {
	d.message(w, r, http.StatusForbidden, messageView{
		Title: "Nothing was changed", Message: "This form was not one of your session. Open the page again and repeat what you did.",
		Path: "/", Label: "To the console",
	})
}
