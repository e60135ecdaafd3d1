package pap

import (
	"fmt"
	"strings"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/policyengine/ast"
)

// DiagnosticsError is the cause of the fault about a text, or a binding, that has errors: all that was found, warnings
// too, sorted.
type DiagnosticsError struct {
	Diagnostics ast.Diagnostics
}

// Error lists the errors with their places, one a line.
func (e *DiagnosticsError) Error() string {
	if err := e.Diagnostics.Err(); err != nil {
		return err.Error()
	}
	return "no errors"
}

// textFault is the fault about diagnostics with errors. Clients match on the documented sentences, so these are the
// public part as they are, one a line, without places and suggestions.
func textFault(prefix string, found ast.Diagnostics) error {
	var sentences []string
	for _, d := range found {
		if d.Severity == ast.Error {
			sentences = append(sentences, d.Message)
		}
	}
	return fault.New(fault.Invalid, prefix+strings.Join(sentences, "\n"), &DiagnosticsError{found})
}

// invalid is a fault of kind fault.Invalid. What goes into it is shown to the caller: never a secret.
func invalid(format string, values ...any) error {
	return fault.New(fault.Invalid, fmt.Sprintf(format, values...), nil)
}

// wording is how the errors of a Store are told about one noun.
type wording struct {
	missing, exists, full, inUse string
	existsKind                   fault.Kind
}

// What is in capitals or lacks its full stop is documented word for word. Names that are taken are documented, or left
// open, as 400.
var (
	policyWords = wording{
		missing: "There is no such policy.", exists: "A policy with this name exists already.", existsKind: fault.Invalid,
		full:  "There are as many policies as there may be.",
		inUse: "The policy is bound to groups. Unbind it first, or force its deletion.",
	}
	boundaryWords = wording{
		missing: "There is no such boundary.", exists: "A boundary with this name exists already.", existsKind: fault.Invalid,
		full:  "There are as many boundaries as there may be.",
		inUse: "Policy boundary is in use",
	}
	groupWords = wording{
		missing: "There is no such group.", exists: "Duplicate entry", existsKind: fault.Invalid,
		full: "There are as many groups as there may be.",
	}
	userWords = wording{
		missing: "There is no such user.", exists: "A user with this address exists already.", existsKind: fault.Conflict,
		full: "There are as many users as there may be.",
	}
	memberWords = wording{
		missing: "There is no such group.",
		full:    "The user is in as many groups as a user may be.",
	}
	permissionWords = wording{
		missing: "There is no such permission.",
		full:    "There are as many permissions as a group may have.",
	}
	bindingWords = wording{
		missing: "There is no such group or boundary.", exists: "Such a policy binding exists already.", existsKind: fault.Invalid,
		full: "There are as many bindings as there may be.",
	}
)

// fault gives an error of the store a kind and a sentence for the public. nil stays nil, a fault stays what it is.
func (w wording) fault(err error) error {
	return fault.OfStore(err, "The policy store did not answer.",
		fault.Meaning{Err: ErrNotFound, Kind: fault.NotFound, Public: w.missing},
		fault.Meaning{Err: ErrExists, Kind: w.existsKind, Public: w.exists},
		fault.Meaning{Err: ErrInUse, Kind: fault.Invalid, Public: w.inUse},
		fault.Meaning{Err: ErrFull, Kind: fault.Invalid, Public: w.full},
	)
}
