package console

import (
	"net/http"
	"strconv"
	"strings"
)

// shownOnce is a page with texts of which at least one is a secret that is shown this once: it is the answer to the form
// that made it, is in no address, and is kept nowhere here.
type shownOnce struct {
	Title, Thing    string
	Lead            string // what to know first; "" for the usual
	Texts           []shownText
	Ends            *moment // when the secret before is void; nil where there is none
	Expires         *moment // nil: see Lasting
	Lasting         string  // what is said of a secret without an end; "" for nothing
	Command         string  // a line to try it with; "" for none
	CommandLabel    string
	After           string // what to do or know then
	Next, NextLabel string
}

// shownText is a text to copy, with the identifier of its element.
type shownText struct{ ID, Label, Text string }

// issued is a new token, in the one answer of the API that has its text.
type issued struct {
	ID      string `json:"id"`
	Token   string `json:"token"`
	Expires string `json:"expirationDate"`
}

// issue has the API make what a form describes, and shows its secret; or the form again, with what the API says of it.
func (v *visit) issue(f *form, path string, body map[string]any, again func(status int) error, reveal func(issued) error) error {
	body["name"] = f.text("name")
	if expires := f.expires(); expires != nil {
		body["expirationDate"] = expires
	}
	var made issued
	switch err := v.api.Call(http.MethodPost, path, body, &made); {
	case f.refuse(err):
		return again(f.Refusal.Status)
	case err != nil:
		return err
	}
	return reveal(made)
}

// tokenShown is the page of a new token. A command is a line to try it with, "" for none.
func tokenShown(one, name string, made issued, command, here string) shownOnce {
	return shownOnce{
		Title: "The " + one + " was created", Thing: name, Texts: []shownText{{"secret", "Token", made.Token}},
		Expires: when(made.Expires), Lasting: "It does not expire.", Command: command, CommandLabel: "Try it",
		Next: to(here, made.ID), NextLabel: "To the token",
	}
}

// curl is a line that tries a token at the gateway, for a POSIX shell.
func (v *visit) curl(text, path string) string {
	return "curl -H " + shellQuote("Authorization: Api-Token "+text) + " " + shellQuote(v.gateway()+path)
}

func shellQuote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

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
