package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/doorward/doorward/tokens"
)

// addressOfQuestion is where a question is answered again.
func addressOfQuestion(f *form) string {
	query := url.Values{}
	for _, name := range explainFields {
		if value := f.text(name); value != "" {
			query.Set(name, value)
		}
	}
	return withQuery(explainPage, query)
}

// maxQuestion bounds the address of an answer, in bytes: most servers and proxies take addresses of 8 KiB.
const maxQuestion = 6 << 10

// secretParameters are parts of the names of parameters that hold secrets.
var secretParameters = []string{"token", "secret", "password", "key", "signature", "code", "auth"}

// mayBeInAddress reports whether a question can become an address: addresses get into histories, logs and referrers.
//
// Attack: somebody pastes a whole token for its identifier, or asks about a URL with a secret in it, and finds it in the
// browser's history. Fix: the form is a POST, and what may hold a secret is answered in place. Invariant: no part of a
// question with a token's text, a header, a body or a parameter that is called like a secret is in any address.
func mayBeInAddress(f *form) bool {
	if f.text("headers") != "" || f.raw("body") != "" || f.text("target") == "" {
		return false
	}
	for _, name := range explainFields {
		if text := f.text(name); tokens.Mask(text) != text {
			return false
		}
	}
	_, query, _ := strings.Cut(f.text("target"), "?")
	values, err := url.ParseQuery(query)
	for name := range values {
		lower := strings.ToLower(name)
		if slices.ContainsFunc(secretParameters, func(part string) bool { return strings.Contains(lower, part) }) {
			return false
		}
	}
	return err == nil && len(addressOfQuestion(f)) <= maxQuestion
}

// questionOf is the form in the API's words. A refusal is of headers that are none.
func questionOf(f *form) (map[string]any, *Refusal) {
	body := map[string]any{"method": strings.ToUpper(f.text("method"))}
	if body["method"] == "" {
		body["method"] = http.MethodGet
	}
	for _, name := range explainFields {
		if text := f.text(name); text != "" && name != "method" {
			body[name] = text
		}
	}
	if text := f.raw("body"); text != "" {
		body["body"] = text
	}
	headers := map[string]string{}
	for line := range strings.Lines(f.text("headers")) {
		name, value, found := strings.Cut(strings.TrimSpace(line), ":")
		if line = strings.TrimSpace(line); line != "" && !found {
			return nil, &Refusal{Status: http.StatusBadRequest, Message: "A header has no colon.", Violations: []Violation{
				{Path: "headers", Message: "Expected one header a line, as name: value."},
			}}
		}
		if name != "" {
			headers[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	if len(headers) > 0 {
		body["headers"] = headers
	}
	return body, nil
}
