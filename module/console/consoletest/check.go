package consoletest

import (
	"bytes"
	"compress/gzip"
	"iter"
	"net/http"
	"strings"

	"golang.org/x/net/html"
)

// check holds an answer to what holds for all of them.
//
// Attack: text that somebody chose, such as the name of a token, gets into a page as a script, a style or a handler of an
// event. Fix: templates escape by context, and the policy lets nothing run that is in a page's text. Invariant: no page has a
// script without a source, a style, an attribute with either, or an address of another host.
func (p *Page) check(what string) {
	p.t.Helper()
	if policy := p.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") || strings.Contains(policy, "unsafe") {
		p.t.Errorf("%s: the policy for content is %q", what, policy)
	}
	if p.Header.Get("Cache-Control") != "no-store" && !strings.Contains(what, "/assets/") {
		p.t.Errorf("%s: the page may be kept: %q", what, p.Header.Get("Cache-Control"))
	}
	if !strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") || p.Header.Get("Content-Encoding") != "" {
		return
	}
	if sent := p.sentSize(); sent > maxPage {
		p.t.Errorf("%s: the page has %d bytes on the wire", what, sent)
	}
	doc, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
	p.doc = doc
	if p.Status/100 == 3 {
		return // the few words that net/http writes
	}
	p.checkElements(what)
}

// sentSize is how long the page is for a browser, all of which take it compressed, but for the page of a secret.
func (p *Page) sentSize() int {
	if p.Status == http.StatusCreated {
		return len(p.Body)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(p.Body)) // into memory, as all of it
	_ = w.Close()
	return packed.Len()
}

func (p *Page) checkElements(what string) {
	p.t.Helper()
	ids, headings, mains := map[string]bool{}, 0, 0
	for n := range p.elements() {
		switch n.Data {
		case "style", "iframe", "object", "embed", "base":
			p.t.Errorf("%s: the page has a <%s>", what, n.Data)
		case "script":
			if !strings.HasPrefix(attribute(n, "src"), "/assets/") || textOf(n) != "" {
				p.t.Errorf("%s: a script in the text of the page", what)
			}
		case "h1":
			headings++
		case "main":
			mains++
		}
		for _, a := range n.Attr {
			p.checkAttribute(what, n, a, ids)
		}
	}
	if (headings != 1 || mains != 1) && !p.part {
		p.t.Errorf("%s: %d <h1> and %d <main>, want one of each", what, headings, mains)
	}
}

func (p *Page) checkAttribute(what string, n *html.Node, a html.Attribute, ids map[string]bool) {
	p.t.Helper()
	switch {
	case a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Key, "hx-on"):
		p.t.Errorf("%s: <%s> has the attribute %s", what, n.Data, a.Key)
	case a.Key == "id" && ids[a.Val]:
		p.t.Errorf("%s: two elements have the id %q", what, a.Val)
	case a.Key == "id":
		ids[a.Val] = true
	case a.Key == "href" || a.Key == "src" || a.Key == "action" || a.Key == "formaction":
		if !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "#") || strings.HasPrefix(a.Val, "//") {
			p.t.Errorf("%s: <%s> leads to %q", what, n.Data, a.Val)
		}
	}
}

// elements are those of the page, in their order.
func (p *Page) elements() iter.Seq[*html.Node] {
	return func(yield func(*html.Node) bool) {
		if p.doc == nil {
			return
		}
		for n := range p.doc.Descendants() {
			if n.Type == html.ElementNode && !yield(n) {
				return
			}
		}
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}
