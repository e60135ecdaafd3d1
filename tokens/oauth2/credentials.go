package oauth2

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/doorward/doorward/tokens"
)

// credentials is what a client says about itself.
type credentials struct {
	id     string
	secret tokens.Secret
}

// maxCredentials bounds an Authorization header, in bytes: a good one has some 250.
const maxCredentials = 4 << 10

// readCredentials finds the credentials in the Authorization header or in the form, and refuses both at once (RFC 6749
// section 2.3). The identifier alone may be repeated in the form.
func readCredentials(header http.Header, f form) (credentials, error) {
	headers := header.Values("Authorization")
	switch {
	case len(headers) > 1:
		return credentials{}, refuse(invalidRequest, "There is more than one Authorization header.")
	case len(headers) == 0:
		return formCredentials(f)
	case f.get("client_secret") != "":
		return credentials{}, refuse(invalidRequest, "The client authenticates in the Authorization header and in the body at once.")
	}
	c, ok := parseBasic(headers[0])
	if !ok {
		return credentials{}, notAuthenticated()
	}
	if id := f.get("client_id"); id != "" && id != c.id {
		return credentials{}, refuse(invalidRequest, "The client_id in the body is another one than in the Authorization header.")
	}
	return c, nil
}

func formCredentials(f form) (credentials, error) {
	c := credentials{f.get("client_id"), tokens.NewSecret(f.get("client_secret"))}
	if c.id == "" || c.secret.Reveal() == "" {
		return credentials{}, notAuthenticated()
	}
	return c, nil
}

// parseBasic reads the scheme of RFC 7617, whose two parts are form-encoded one by one (RFC 6749 section 2.3.1).
func parseBasic(header string) (c credentials, ok bool) {
	scheme, encoded, found := strings.Cut(header, " ")
	if !found || !strings.EqualFold(scheme, "Basic") || len(header) > maxCredentials {
		return credentials{}, false
	}
	text, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") { // which the decoder passes over
		return credentials{}, false
	}
	first, second, found := strings.Cut(string(text), ":")
	if !found {
		return credentials{}, false
	}
	id, idOK := unescaped(first)
	secret, secretOK := unescaped(second)
	return credentials{id, tokens.NewSecret(secret)}, idOK && secretOK
}

// unescaped wants visible characters and blanks only, before and after (RFC 6749 appendix A).
func unescaped(part string) (string, bool) {
	plain, err := url.QueryUnescape(part)
	return plain, err == nil && plain != "" && visible(part) && visible(plain)
}

func visible(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
