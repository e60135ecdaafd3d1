package consoletest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// maxPage is the longest page, in bytes on the wire.
const maxPage = 100 << 10

// Page is what a browser got.
type Page struct {
	Status int
	Header http.Header
	Body   string

	doc  *html.Node
	part bool // a script has asked for it, to have it put into a page
	t    testing.TB
}

// Want fails the test unless the page has the status.
func (p *Page) Want(status int) *Page {
	p.t.Helper()
	if p.Status != status {
		p.t.Fatalf("status %d, want %d: %s", p.Status, status, p.Text())
	}
	return p
}

// Location is the path that the browser is sent to.
func (p *Page) Location() string {
	p.t.Helper()
	p.Want(http.StatusSeeOther)
	return p.Header.Get("Location")
}

// Text is what a person reads, with one blank for each run of white space.
func (p *Page) Text() string {
	if p.doc == nil {
		return p.Body
	}
	return strings.Join(strings.Fields(textOf(p.doc)), " ")
}

// Has fails the test unless a person can read this on the page.
func (p *Page) Has(texts ...string) *Page {
	p.t.Helper()
	for _, text := range texts {
		if !strings.Contains(p.Text(), strings.Join(strings.Fields(text), " ")) {
			p.t.Errorf("the page does not say %q: %.3000s", text, p.Text())
		}
	}
	return p
}

// Lacks fails the test if it is there.
func (p *Page) Lacks(texts ...string) *Page {
	p.t.Helper()
	for _, text := range texts {
		if strings.Contains(p.Body, text) {
			p.t.Errorf("the page has %q", text)
		}
	}
	return p
}

// All are the texts of the elements with this tag, exactly as they are.
func (p *Page) All(tag string) []string {
	var found []string
	for n := range p.elements() {
		if n.Data == tag {
			found = append(found, textOf(n))
		}
	}
	return found
}

// Links are the texts of links by where they lead.
func (p *Page) Links() map[string]string {
	found := map[string]string{}
	for n := range p.elements() {
		if to := attribute(n, "href"); n.Data == "a" && to != "" {
			found[to] = strings.TrimSpace(textOf(n))
		}
	}
	return found
}

// Link is where the link with this text leads.
func (p *Page) Link(text string) string {
	p.t.Helper()
	for to, label := range p.Links() {
		if label == text {
			return to
		}
	}
	p.t.Fatalf("the page has no link %q: %v", text, p.Links())
	return ""
}

// Form is what the form that goes to a path would send if a person changed nothing.
func (p *Page) Form(action string) url.Values {
	p.t.Helper()
	for n := range p.elements() {
		if n.Data == "form" && attribute(n, "action") == action {
			return valuesOf(n)
		}
	}
	p.t.Fatalf("the page has no form for %s", action)
	return nil
}

func valuesOf(form *html.Node) url.Values {
	sent := url.Values{}
	for n := range form.Descendants() {
		name := attribute(n, "name")
		switch kind := attribute(n, "type"); {
		case name == "" || n.Type != html.ElementNode || n.Data == "button":
		case n.Data == "textarea":
			sent.Add(name, strings.TrimPrefix(textOf(n), "\n"))
		case n.Data == "select":
			sent.Add(name, chosen(n))
		case (kind == "checkbox" || kind == "radio") && !has(n, "checked"):
		case n.Data == "input":
			sent.Add(name, attribute(n, "value"))
		}
	}
	return sent
}

// chosen is the value of a select: the option that is marked, or the first.
func chosen(n *html.Node) string {
	var first *html.Node
	for o := range n.Descendants() {
		if o.Data == "option" && (first == nil || has(o, "selected")) {
			first = o
		}
	}
	if first == nil {
		return ""
	}
	return attribute(first, "value")
}
