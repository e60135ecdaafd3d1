package papapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/pap"
)

// serve is a function that carries out an operation.
type serve = func(w http.ResponseWriter, call *rest.Call) error

// The forms in which the published APIs write errors. Each is kept for the clients that parse it.

// policyForm is that of policies, bindings and boundaries.
func policyForm(e *rest.Error) any {
	type inner struct {
		Code      int               `json:"code"`
		Message   string            `json:"message"`
		ErrorsMap map[string]string `json:"errorsMap"` // null where there is nothing to tell apart
	}
	return struct {
		Error inner `json:"error"`
	}{inner{e.Status, e.Message, errorsMap(e.Violations)}}
}

// errorsMap has what is wrong by its place: line:column of a text, or the name of a member or parameter.
func errorsMap(violations []rest.Violation) map[string]string {
	var all map[string]string
	for _, v := range violations {
		if all == nil {
			all = map[string]string{}
		}
		if before, more := all[v.Path]; more {
			v.Message = before + "\n" + v.Message
		}
		all[v.Path] = v.Message
	}
	return all
}

// accountForm is that of groups, users and environments.
func accountForm(e *rest.Error) any {
	return struct {
		Error   bool   `json:"error"`
		Message string `json:"message"`
		Payload any    `json:"payload"`
	}{true, e.Message, nil}
}

// platformForm is that of the platform's own APIs.
func platformForm(e *rest.Error) any {
	type details struct {
		Violations []rest.Violation `json:"constraintViolations"`
	}
	type inner struct {
		Code    int      `json:"code"`
		Message string   `json:"message"`
		Details *details `json:"details,omitempty"`
	}
	body := inner{Code: e.Status, Message: e.Message}
	if len(e.Violations) > 0 {
		body.Details = &details{e.Violations}
	}
	return struct {
		Error inner `json:"error"`
	}{body}
}

// in gives the errors of an operation a form.
func in(form func(*rest.Error) any, do serve) serve {
	return func(w http.ResponseWriter, call *rest.Call) error {
		err := do(w, call)
		if err == nil {
			return nil
		}
		e := *rest.Of(err)
		explain(&e, err)
		e.Own = form(&e)
		if e.Status >= http.StatusInternalServerError {
			// The cause stays with it for the operator, and the form for the client.
			return &caused{&e, err}
		}
		return &e
	}
}

// caused is an error for the client with its cause for the log.
type caused struct {
	answer *rest.Error
	cause  error
}

// Error is for the log.
func (c *caused) Error() string { return c.cause.Error() }

// Unwrap has the answer first: that is what rest.Of finds.
func (c *caused) Unwrap() []error { return []error{c.answer, c.cause} }

// explain tells of a text with errors the first one in its sentence, and all of them with their places. A refusal that is
// about one part of the request says in its sentence what is wrong with it: some clients show nothing else.
func explain(e *rest.Error, err error) {
	if found, ok := errors.AsType[*pap.DiagnosticsError](err); ok && e.Status == http.StatusBadRequest {
		e.Message, _, _ = strings.Cut(e.Message, "\n")
		e.Violations = violations(found.Diagnostics)
		return
	}
	if len(e.Violations) > 0 {
		v := e.Violations[0]
		e.Message = v.Message
		if v.Path != "" {
			e.Message = v.Path + ": " + v.Message
		}
	}
}

// violations are the errors among diagnostics, by line and column.
func violations(found ast.Diagnostics) (all []rest.Violation) {
	for _, d := range found {
		if d.Severity != ast.Error {
			continue
		}
		at := d.Pos.String()
		if d.Source != "" {
			at = d.Source + " " + at
		}
		message := d.Message
		if d.Suggestion != "" {
			message += ` (did you mean "` + d.Suggestion + `"?)`
		}
		all = append(all, rest.Violation{Path: strings.TrimSpace(at), Message: message, ParameterLocation: rest.InBody})
	}
	return all
}
