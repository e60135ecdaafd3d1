package console

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// boundaryForm is what the template of a new boundary, or of a change of one, gets. Its field for the text has the name that the
// script of the editor knows.
type boundaryForm struct {
	Form                 *form
	Name, Text, Metadata Field
	Boundary             *boundary // that is changed; nil for a new one
	Findings             findings
	Action, Cancel       string
}

func askNewBoundary(v *visit) error { return showBoundaryForm(v, http.StatusOK, nil, &form{}) }

func showBoundaryForm(v *visit, status int, b *boundary, f *form) error {
	content := boundaryForm{Form: f, Boundary: b, Action: "/boundaries/new", Cancel: "/boundaries"}
	title := "New boundary"
	if b != nil {
		content.Cancel, title = to("/boundaries", b.UUID), "Change "+b.Name
		content.Action = content.Cancel + "/edit"
	}
	found, formatted, err := v.checkBoundary(f.raw("statementQuery"))
	if err != nil {
		return err
	}
	if f.text("do") == doFormat && formatted != "" {
		f.set("statementQuery", formatted)
		if found, _, err = v.checkBoundary(formatted); err != nil {
			return err
		}
	}
	content.Findings = found
	content.Name = f.Needed("name", "Name", "Unique in the account.")
	content.Text = f.Needed("statementQuery", "Conditions", "")
	content.Metadata = f.Field("metadata", "Remarks", "For those who administer it: name=value, one a line.")
	return v.show(status, "boundary_form", Page{Title: title, Section: "boundaries", Content: content})
}

// checkBoundary asks what is to be said of a text, and how Doorward would write it. A refusal is among the findings, because the
// page stands without them.
func (v *visit) checkBoundary(text string) (found findings, formatted string, err error) {
	if strings.TrimSpace(text) == "" {
		return findings{Empty: true}, "", nil
	}
	var checked checkedText
	err = v.api.Call(http.MethodPost, "/api/doorward/v1/policies/check", map[string]string{"boundaryQuery": text}, &checked)
	if r := refused(err); r != nil && r.Status != http.StatusUnauthorized {
		return findings{Refusal: r}, "", nil
	}
	found = findings{Errors: checked.Errors, Warnings: checked.Warnings, List: located(text, checked.Diagnostics)}
	return found, checked.Formatted, err
}

// checkTypedBoundary answers the script of the editor, while somebody types. Nobody else has a use for a part of a page.
func checkTypedBoundary(v *visit) error {
	if v.r.Header.Get("HX-Request") == "" {
		return v.done("/boundaries/new", "")
	}
	found, _, err := v.checkBoundary(v.readForm().raw("statementQuery"))
	if err != nil {
		return err
	}
	return v.part("boundary_form", boundaryForm{Findings: found})
}

// onlyAsks reports whether the form was sent by a button that stores nothing.
func (f *form) onlyAsks() bool {
	do := f.text("do")
	return do == doCheck || do == doFormat
}

func createBoundary(v *visit) error {
	f := v.readForm()
	if f.onlyAsks() {
		return showBoundaryForm(v, http.StatusOK, nil, f)
	}
	here, err := v.place()
	if err != nil {
		return err
	}
	var made boundary
	switch err := v.api.Call(http.MethodPost, here.boundaries(), f.boundary(), &made); {
	case f.refuse(err):
		f.placed("statementQuery", "name", "statementQuery")
		return showBoundaryForm(v, f.Refusal.Status, nil, f)
	case err != nil:
		return err
	}
	return v.done(to("/boundaries", made.UUID), "created")
}

// boundary is what a form says, as the API takes it.
func (f *form) boundary() map[string]any {
	return map[string]any{"name": f.text("name"), "boundaryQuery": f.raw("statementQuery"), "metadata": pairsOf(f.lines("metadata"))}
}

// pairsOf reads lines of the form name=value. A line without the sign is a name with an empty value.
func pairsOf(lines []string) map[string]string {
	pairs := map[string]string{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		pairs[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	return pairs
}

// linesOf is the other way round.
func linesOf(pairs map[string]string) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		lines = append(lines, name+"="+pairs[name])
	}
	return strings.Join(lines, "\n")
}

// diagnosedAt is how the API says where in a text something is wrong: line and column, with the boundary before it where there is
// more than one text.
var diagnosedAt = regexp.MustCompile(`^(.*?) ?(\d+):(\d+)$`)

// placed has what is wrong with a text beside its field, with the place in words. What names no place belongs to one of the
// other fields.
func (f *form) placed(text string, others ...string) {
	violations := f.Refusal.Violations
	for i, violation := range violations {
		if at := diagnosedAt.FindStringSubmatch(violation.Path); at != nil {
			where := fmt.Sprintf("Line %s, column %s: ", at[2], at[3])
			if at[1] != "" {
				where = at[1] + ", line " + at[2] + ": "
			}
			violations[i] = Violation{Path: text, Message: where + violation.Message}
		}
	}
	if len(violations) == 0 {
		f.about(others...)
	}
}

func askEditBoundary(v *visit) error {
	_, b, err := v.boundary()
	if err != nil {
		return err
	}
	f := &form{}
	f.set("name", b.Name)
	f.set("statementQuery", b.Query)
	f.set("metadata", linesOf(b.Metadata))
	f.set("before", b.digest())
	return showBoundaryForm(v, http.StatusOK, b, f)
}

func (b *boundary) digest() string { return digestOf(b.Name, b.Query, b.Metadata) }

func editBoundary(v *visit) error {
	f := v.readForm()
	here, b, err := v.boundary()
	if err != nil {
		return err
	}
	if f.onlyAsks() {
		return showBoundaryForm(v, http.StatusOK, b, f)
	}
	stored := []Violation{
		{Path: "name", Message: "Stored now: " + b.Name}, {Path: "statementQuery", Message: "Stored now: " + b.Query},
		{Path: "metadata", Message: "Stored now: " + linesOf(b.Metadata)},
	}
	if f.isOutdated(b.digest(), stored) {
		return showBoundaryForm(v, http.StatusConflict, b, f)
	}
	switch err := v.api.Call(http.MethodPut, here.boundaries(b.UUID), f.boundary(), nil); {
	case f.refuse(err):
		f.placed("statementQuery", "name", "statementQuery")
		return showBoundaryForm(v, f.Refusal.Status, b, f)
	case err != nil:
		return err
	}
	return v.done(to("/boundaries", b.UUID), "edited")
}
