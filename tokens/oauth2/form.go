package oauth2

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

const (
	// maxForm bounds the body of a call, in bytes.
	maxForm = 64 << 10
	// maxParameters bounds how many parameters a form has.
	maxParameters = 100
)

// form is the parameters of a call. Those without a value are left out (RFC 6749 section 3.2).
type form map[string][]string

// get is the value of a parameter that can be there once only.
func (f form) get(name string) string {
	if values := f[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// readForm reads the body. Parameters are taken from nowhere else: in a URL they would end up in logs.
func readForm(r *http.Request) (form, error) {
	if r.URL.RawQuery != "" {
		return nil, refuse(invalidRequest, "Parameters belong into the body, not into the URL.")
	}
	if !isForm(r.Header) {
		return nil, refuse(invalidRequest, "The body has to be application/x-www-form-urlencoded, in UTF-8 and not compressed.")
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	tooLarge, _ := errors.AsType[*http.MaxBytesError](err)
	switch {
	case len(text) > maxForm || tooLarge != nil:
		refusal := refuse(invalidRequest, "The body is larger than %d bytes.", maxForm)
		refusal.status = http.StatusRequestEntityTooLarge
		return nil, refusal
	case err != nil:
		return nil, refuse(invalidRequest, "The body could not be read.")
	}
	return parseForm(string(text))
}

// isForm wants the content type to be said once, and nothing that would make two readers read two things.
func isForm(header http.Header) bool {
	if len(header.Values("Content-Type")) != 1 || header.Get("Content-Encoding") != "" {
		return false
	}
	got, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || got != "application/x-www-form-urlencoded" {
		return false
	}
	for name, value := range parameters {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return false
		}
	}
	return true
}

// parseForm reads parameters. None but resource may be there twice, be it without a value (RFC 6749 section 3.2, RFC 8707
// section 2).
func parseForm(text string) (form, error) {
	if strings.Count(text, "&") >= maxParameters {
		return nil, refuse(invalidRequest, "There are more than %d parameters.", maxParameters)
	}
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, refuse(invalidRequest, "The parameters are not well encoded.") // the cause may quote a secret
	}
	f := make(form, len(values))
	for name, all := range values {
		if len(all) > 1 && name != "resource" {
			return nil, refuse(invalidRequest, "The parameter %s is there more than once.", quoted(name))
		}
		for _, value := range all {
			if !utf8.ValidString(value) {
				return nil, refuse(invalidRequest, "The parameter %s is not UTF-8.", quoted(name))
			}
			if value != "" {
				f[name] = append(f[name], value)
			}
		}
	}
	return f, nil
}
