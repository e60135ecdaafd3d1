package console

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
)

// decisionHeader is under which the gate says how its log knows a request.
const decisionHeader = "X-Doorward-Decision-Id"

// maxViolations bounds how many things that are wrong are shown.
const maxViolations = 100

// errorBody is every form in which Doorward's APIs write errors: the envelope of the catalogue, with the violations beside
// the message, below `details`, or as a map; those of accounts, where `error` is true; the problem of RFC 9457; and OAuth2
// (RFC 6749 section 5.2), where `error` is a word.
type errorBody struct {
	Error       json.RawMessage `json:"error"`
	Description string          `json:"error_description"`
	Detail      string          `json:"detail"`
	Title       string          `json:"title"`
	Message     string          `json:"message"`
	Problems    []Violation     `json:"errors"`
}

type envelopeBody struct {
	Message    string            `json:"message"`
	Violations []Violation       `json:"constraintViolations"`
	ByPlace    map[string]string `json:"errorsMap"`
	Details    struct {
		Violations []Violation `json:"constraintViolations"`
	} `json:"details"`
}

// refusal reads an answer that is none of success. What cannot be read has its status all the same.
func (w *recorder) refusal() *Refusal {
	var body errorBody
	_ = json.Unmarshal(w.body.Bytes(), &body)
	var inner envelopeBody
	var word string
	if json.Unmarshal(body.Error, &inner) != nil {
		_ = json.Unmarshal(body.Error, &word)
	}
	violations := slices.Concat(inner.Violations, inner.Details.Violations, body.Problems)
	for _, place := range slices.Sorted(maps.Keys(inner.ByPlace)) {
		violations = append(violations, Violation{Path: place, Message: inner.ByPlace[place]})
	}
	return &Refusal{
		Status: w.status, RetryAfter: w.header.Get("Retry-After"), Decision: w.header.Get(decisionHeader),
		Message:    cmp.Or(inner.Message, body.Description, body.Detail, body.Message, body.Title, word, http.StatusText(w.status)),
		Violations: violations[:min(len(violations), maxViolations)],
	}
}
