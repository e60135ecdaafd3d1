package console

import (
	"net/http"
	"strings"
)

// secret is a page with a secret that is shown this once: it is the answer to the form that made it, is in no address, and is
// kept nowhere here.
type secret struct {
	Title, Thing    string
	Text            string
	Expires         string // as the API writes it; "" for never
	Command         string // a line to try it with; "" for none
	Next, NextLabel string // where to go when it is copied
}

// reveal shows the page.
func (v *visit) reveal(section string, s secret) error {
	return v.show(http.StatusCreated, "secret", Page{Title: s.Title, Section: section, Content: s})
}

// curl is a line that tries a credential at the gateway, for a POSIX shell.
func (v *visit) curl(scheme, text string) string {
	gateway := v.console.config.Gateway
	if gateway == "" {
		gateway = "https://gateway.example.com"
	}
	return "curl -H " + shellQuote("Authorization: "+scheme+" "+text) + " " + shellQuote(strings.TrimSuffix(gateway, "/")+"/api/v2/metrics")
}

func shellQuote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
