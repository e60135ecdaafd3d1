package oauth2

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens"
)

// The error codes of RFC 6749 section 5.2, RFC 8707 section 2 and, for a client that is to come back later, RFC 6749
// section 4.1.2.1.
const (
	invalidRequest   = "invalid_request"
	invalidClient    = "invalid_client"
	invalidScope     = "invalid_scope"
	invalidTarget    = "invalid_target"
	unsupportedGrant = "unsupported_grant_type"
	unavailable      = "temporarily_unavailable"
)

// refusal is an answer in the form of RFC 6749 section 5.2. It is a verdict about the request.
type refusal struct {
	status     int
	code       string
	message    string
	retryAfter int // seconds; 0 for no such header
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

// refuse is 400 with a code and a sentence, which may quote what the client sent.
func refuse(code, format string, values ...any) *refusal {
	return &refusal{status: http.StatusBadRequest, code: code, message: fmt.Sprintf(format, values...)}
}

// notAuthenticated is the one answer to every client that is not who it says: unknown, disabled, wrong secret.
func notAuthenticated() *refusal {
	return &refusal{status: http.StatusUnauthorized, code: invalidClient, message: "The client could not be authenticated."}
}

type refusalBody struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func (r *refusal) write(w http.ResponseWriter) error {
	header := w.Header()
	if r.status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", `Basic realm="oauth2", charset="UTF-8"`)
	}
	if r.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(r.retryAfter))
	}
	header.Set("Pragma", "no-cache")
	return rest.Write(w, r.status, refusalBody{r.code, r.message})
}

const maxQuoted = 140

// quoted is what a client sent, fit for error_description: without secrets, short, and only of the characters that RFC
// 6749 section 5.2 allows there.
func quoted(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '?'
		}
		return r
	}, tokens.Mask(text))
	return text[:min(len(text), maxQuoted)]
}
