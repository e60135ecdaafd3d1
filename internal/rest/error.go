package rest

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/doorward/doorward/internal/fault"
)

// The places of a request that a violation can be in.
const (
	InBody   = "PAYLOAD_BODY"
	InQuery  = "QUERY"
	InPath   = "PATH"
	InHeader = "HEADER"
)

// Violation is one thing that is wrong with a request, in the words of the catalogue's APIs.
type Violation struct {
	Path              string `json:"path,omitempty"` // "expirationDate", "scopes[2]", "pageSize"
	Message           string `json:"message"`
	ParameterLocation string `json:"parameterLocation,omitempty"`
	Location          string `json:"location,omitempty"` // the parameter's name, where it is not in the body
}

// Error is a refusal by an operation. Everything in it is shown to the client.
type Error struct {
	Status     int
	Message    string
	Violations []Violation
	Bare       bool // the answer has no body at all, where an API documents so
	RetryAfter int  // seconds; 0 for no such header
	// Own is the whole body where an API writes errors in a form of its own, as JSON can write it; nil for the envelope. It
	// must say no more than the rest of the error. A problem is written as a problem all the same.
	Own any
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Errorf makes an error of a status and a sentence.
func Errorf(status int, format string, values ...any) *Error {
	return &Error{Status: status, Message: fmt.Sprintf(format, values...)}
}

// Bare is an error whose answer has no body.
func Bare(status int) *Error {
	return &Error{Status: status, Message: http.StatusText(status), Bare: true}
}

// Invalid is 400 with one violation of a part of the body.
func Invalid(path, format string, values ...any) *Error {
	return violated(Violation{Path: path, Message: fmt.Sprintf(format, values...), ParameterLocation: InBody})
}

// InvalidQuery is 400 with one violation of a query parameter.
func InvalidQuery(name, format string, values ...any) *Error {
	return violated(Violation{Path: name, Message: fmt.Sprintf(format, values...), ParameterLocation: InQuery, Location: name})
}

func violated(violations ...Violation) *Error {
	return &Error{Status: http.StatusBadRequest, Message: "Constraints violated.", Violations: violations}
}

// statuses of faults. What is not listed is 500.
var statuses = map[fault.Kind]int{
	fault.Unavailable: http.StatusServiceUnavailable,
	fault.Invalid:     http.StatusBadRequest,
	fault.NotFound:    http.StatusNotFound,
	fault.Conflict:    http.StatusConflict,
	fault.Forbidden:   http.StatusForbidden,
}

// retryAfter is for a dependency that is away, in seconds.
const retryAfter = 5

// Of is the answer to an error. A fault gives its public sentence; an error that says nothing to the public is 500.
func Of(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return ofFault(f)
	}
	return ofFault(fault.New(fault.Internal, fault.Public(err), err))
}

func ofFault(f *fault.Fault) *Error {
	e := &Error{Status: http.StatusInternalServerError, Message: f.Public}
	if status, ok := statuses[f.Kind]; ok {
		e.Status = status
	}
	if f.Kind == fault.Unavailable {
		e.RetryAfter = retryAfter
	}
	for _, field := range f.Fields {
		e.Violations = append(e.Violations, Violation{Path: field.Name, Message: field.Message, ParameterLocation: InBody})
	}
	if len(e.Violations) > 0 {
		e.Message = "Constraints violated."
	}
	return e
}
