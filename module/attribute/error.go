package attribute

import "net/http"

// ErrorKind says why a request could not be read.
type ErrorKind uint8

const (
	// Malformed is a body that is not what it should be, or that two readers would understand differently. 400.
	Malformed ErrorKind = iota
	// Truncated is a body that ended early. 400.
	Truncated
	// TooMany is a request that touches more than MaxQuestions things. 400.
	TooMany
	// TooLarge is a body beyond the limit of its row. 413.
	TooLarge
	// Unsupported is a body in an encoding, a charset or a media type that is not read. 415.
	Unsupported
)

// Status is the status code for the refusal.
func (k ErrorKind) Status() int {
	switch k {
	case TooLarge:
		return http.StatusRequestEntityTooLarge
	case Unsupported:
		return http.StatusUnsupportedMediaType
	}
	return http.StatusBadRequest
}

// Error is a request that cannot be decided because it cannot be read. It never allows.
type Error struct {
	Kind   ErrorKind
	Public string // for the client; it names places of the request, never what stands there
	Cause  error  // for the operator's log; may be nil
}

// Error is the operator's view.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Public
	}
	return e.Public + ": " + e.Cause.Error()
}

// Unwrap gives errors.Is and errors.As the cause.
func (e *Error) Unwrap() error { return e.Cause }

var errTooMany = &Error{Kind: TooMany, Public: "The request touches more than 1000 things"}
