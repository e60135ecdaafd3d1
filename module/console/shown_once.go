package console

import (
	"net/http"
	"strconv"
)

// shownOnce is a page with texts of which at least one is a secret that is shown this once: it is the answer to the form
// that made it, is in no address, and is kept nowhere here.
type shownOnce struct {
	Title, Thing    string
	Lead            string // what to know first; "" for the usual
	Texts           []shownText
	Ends            *moment // when the secret before is void; nil where there is none
	Command         string  // a line to try it with; "" for none
	CommandLabel    string
	After           string // what to do or know then
	Next, NextLabel string
}

// shownText is a text to copy, with the identifier of its element.
type shownText struct{ ID, Label, Text string }

// revealOnce shows the page. Its status keeps it from being compressed.
func (v *visit) revealOnce(section string, s shownOnce) error {
	return v.show(http.StatusCreated, "shown_once", Page{Title: s.Title, Section: section, Content: s})
}

// wholeNumber is a number as JSON has it, or the text as it is, so that the API says what is wrong with it.
func wholeNumber(text string) any {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return text
}
