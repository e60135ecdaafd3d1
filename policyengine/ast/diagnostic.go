package ast

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// MaxDiagnostics is how many errors, and how many warnings, one step reports about one text. Whoever has more than
// that to mend is helped by the first ones, and a hostile text must not buy an endless answer.
const MaxDiagnostics = 50

// Severity tells what refuses a text from what only deserves a look. The zero Severity is Error.
type Severity uint8

// The severities.
const (
	Error Severity = iota
	Warning
)

// String is "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// MarshalText writes "error" or "warning".
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Diagnostic is one remark to the author of a policy or boundary.
type Diagnostic struct {
	Source     string   `json:"source,omitempty"` // the boundary it is about; "" for the text at hand
	Pos        Position `json:"position"`
	Severity   Severity `json:"severity"`
	Code       string   `json:"code"` // stable, for machines, such as "unknown-permission"
	Message    string   `json:"message"`
	Suggestion string   `json:"suggestion,omitempty"` // what to write instead
}

// String is `line:column: message (did you mean "…"?)`, a warning marked as one.
func (d Diagnostic) String() string {
	var b strings.Builder
	for _, prefix := range []string{d.Source, d.Pos.String()} {
		if prefix != "" {
			b.WriteString(prefix + ": ")
		}
	}
	if d.Severity == Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(d.Message)
	if d.Suggestion != "" {
		quote := `"`
		if strings.Contains(d.Suggestion, quote) {
			quote = "'"
		}
		b.WriteString(" (did you mean " + quote + d.Suggestion + quote + "?)")
	}
	return b.String()
}

// Diagnostics is a list of remarks, in the order of the text once sorted.
type Diagnostics []Diagnostic

// Add appends a remark unless there are [MaxDiagnostics] of its severity already; errors and warnings are counted
// apart, so that no number of warnings can hide an error. It reports whether the remark was taken.
func (ds *Diagnostics) Add(d Diagnostic) bool {
	if ds.Full(d.Severity) {
		return false
	}
	*ds = append(*ds, d)
	return true
}

// Full reports whether Add would drop a remark of this severity.
func (ds Diagnostics) Full(severity Severity) bool {
	count := 0
	for _, d := range ds {
		if d.Severity == severity {
			count++
		}
	}
	return count >= MaxDiagnostics
}

// HasErrors reports whether any remark is an error. A text with errors must not be used.
func (ds Diagnostics) HasErrors() bool {
	return slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Severity == Error })
}

// Sort orders by source and position, errors before warnings at the same place, and drops repetitions.
func (ds *Diagnostics) Sort() {
	slices.SortStableFunc(*ds, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Source, b.Source),
			cmp.Compare(a.Pos.Offset, b.Pos.Offset),
			cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Message, b.Message),
		)
	})
	*ds = slices.Compact(*ds)
}

// String is one remark a line.
func (ds Diagnostics) String() string {
	var b strings.Builder
	for _, d := range ds {
		b.WriteString(d.String())
		b.WriteByte('\n')
	}
	return b.String()
}

// Err is nil when nothing but warnings was found, otherwise an error that lists the errors, one a line.
func (ds Diagnostics) Err() error {
	var lines []string
	for _, d := range ds {
		if d.Severity == Error {
			lines = append(lines, d.String())
		}
	}
	if lines == nil {
		return nil
	}
	return errors.New(strings.Join(lines, "\n"))
}
