package rest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// JSON is the content type of answers.
const JSON = "application/json; charset=utf-8"

// Form is how an error is written.
type Form uint8

// The forms.
const (
	Envelope Form = iota // {"error":{"code":…,"message":…,"constraintViolations":[…]}}
	Problem              // RFC 9457
)

type envelope struct {
	Error envelopeError `json:"error"`
}

// envelopeError has the status once more, because clients read it there.
type envelopeError struct {
	Code       int         `json:"code"`
	Message    string      `json:"message"`
	Violations []Violation `json:"constraintViolations,omitempty"`
}

// problem has the violations as an extension member, in RFC 9457's own example's manner.
type problem struct {
	Type   string      `json:"type"`
	Title  string      `json:"title"`
	Status int         `json:"status"`
	Detail string      `json:"detail,omitempty"`
	Errors []Violation `json:"errors,omitempty"`
}

// Write answers with a JSON text. What is answered here is about credentials and rights, so no cache may keep it.
func Write(w http.ResponseWriter, status int, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	write(w, status, JSON, text)
	return nil
}

// WriteError answers with an error.
func WriteError(w http.ResponseWriter, form Form, e *Error) {
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.RetryAfter))
	}
	if e.Bare {
		Empty(w, e.Status)
		return
	}
	contentType, body := JSON, any(envelope{envelopeError{e.Status, e.Message, e.Violations}})
	if e.Own != nil {
		body = e.Own
	}
	if form == Problem {
		title := http.StatusText(e.Status)
		code := strings.ReplaceAll(strings.ToLower(title), " ", "_")
		contentType = "application/problem+json"
		body = problem{"urn:doorward:problem:" + code, title, e.Status, e.Message, e.Violations}
	}
	text, err := json.Marshal(body)
	if err != nil {
		text = []byte(`{"error":{"code":500,"message":"The answer could not be written"}}`) // texts and numbers always can
	}
	write(w, e.Status, contentType, text)
}

// Empty answers without a body.
func Empty(w http.ResponseWriter, status int) {
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
}

func write(w http.ResponseWriter, status int, contentType string, text []byte) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(text)))
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that has gone needs no answer
}
