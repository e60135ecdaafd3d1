// Package fault describes what broke, in words for two readers.
//
// Doorward keeps verdicts and faults apart: a verdict (allow, deny) is a value, a fault is an error and never allows.
// A Fault carries the sentence that may be shown to a client and, hidden behind it, the cause that only the operator
// may read.
package fault

import "errors"

// Kind says what a caller can do about a fault. The REST APIs map it to a status code.
type Kind uint8

const (
	// Internal is a defect or a broken dependency that is not expected to mend itself. 500.
	Internal Kind = iota
	// Unavailable is a dependency that is away for now; trying again later may work. 503.
	Unavailable
	// Invalid is input that can never work. 400.
	Invalid
	// NotFound is a thing that does not exist, or that the caller may not know of. 404.
	NotFound
	// Conflict is a change that lost against another one, or a name that is taken. 409.
	Conflict
	// Forbidden is a change the caller may not make. 403.
	Forbidden
)

// Fault is an error with a public sentence and a private cause.
type Fault struct {
	Kind   Kind
	Public string  // safe to show to anybody: no secret, no path, no query
	Cause  error   // for the operator's log; may be nil
	Fields []Field // of kind Invalid: what is wrong with which part of the input, as far as that can be said
}

// Field is a part of the input that can never work.
type Field struct {
	Name    string // as the caller knows it: "expirationDate", "scopes[2]"
	Message string // a sentence, safe to show to anybody
}

// InvalidFields is a fault of kind Invalid about parts of the input. It says the first of their sentences itself.
func InvalidFields(fields ...Field) *Fault {
	return &Fault{Kind: Invalid, Public: fields[0].Message, Fields: fields}
}

// New returns a fault. The cause may be nil.
func New(kind Kind, public string, cause error) *Fault {
	return &Fault{Kind: kind, Public: public, Cause: cause}
}

// Meaning is what one error of a store comes to for the public.
type Meaning struct {
	Err    error // found with errors.Is
	Kind   Kind
	Public string
}

// OfStore gives an error of a store the kind and the sentence of the first meaning that it has; one that has none says that
// the store is away. nil stays nil, and a fault stays what it is.
func OfStore(err error, away string, meanings ...Meaning) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Fault](err); ok {
		return err
	}
	for _, m := range meanings {
		if errors.Is(err, m.Err) {
			return New(m.Kind, m.Public, err)
		}
	}
	return New(Unavailable, away, err)
}

// Error is the operator's view: the public sentence and its cause.
func (f *Fault) Error() string {
	if f.Cause == nil {
		return f.Public
	}
	return f.Public + ": " + f.Cause.Error()
}

// Unwrap gives errors.Is and errors.As the cause.
func (f *Fault) Unwrap() error { return f.Cause }

// KindOf reports the kind of the outermost fault in err's chain, Internal where there is none.
func KindOf(err error) Kind {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f.Kind
	}
	return Internal
}

// Public is the sentence a client may read, a neutral one where err carries none.
func Public(err error) string {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f.Public
	}
	return "The request could not be completed."
}
