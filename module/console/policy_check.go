package console

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf16"
)

// checkedText is what the API says of a text.
type checkedText struct {
	Errors      int          `json:"errors"`
	Warnings    int          `json:"warnings"`
	Diagnostics []diagnostic `json:"diagnostics"`
	Formatted   string       `json:"formatted"`
	Parameters  []string     `json:"bindParameters"`
	Bound       struct {
		Diagnostics []diagnostic `json:"diagnostics"`
		Total       int          `json:"totalCount"`
		Rego        string       `json:"rego"`
	} `json:"bound"`
}

// diagnostic is a remark with its place, in bytes.
type diagnostic struct {
	Line       int    `json:"line"`
	Column     int    `json:"column"`
	Offset     int    `json:"offset"`
	EndOffset  int    `json:"endOffset"`
	Severity   string `json:"severity"`
	Message    string `json:"message"`
	Suggestion string `json:"suggestion"`

	From, To int `json:"-"` // the place in the units in which scripts count, which are those of UTF-16
}

// Mark is how the stylesheet knows it.
func (d diagnostic) Mark() string {
	if d.Severity == "warning" {
		return "warn"
	}
	return "bad"
}

// findings are what is said of the text in an editor, beside it.
type findings struct {
	Errors, Warnings int
	List             []diagnostic
	Parameters       []string // that a binding has to give
	Statements       int      // that it comes to under a binding
	Rego             string
	Cut              bool     // the Rego goes on
	Refusal          *Refusal // instead of all that: the text could not be checked
	Empty            bool     // there is no text yet
}

// Summary is one sentence about the text.
func (f findings) Summary() string {
	switch {
	case f.Empty:
		return "There is nothing to check yet."
	case f.Errors == 0 && f.Warnings == 0:
		return "No errors."
	}
	var counts []string
	if f.Errors > 0 {
		counts = append(counts, plural(f.Errors, "error", "errors"))
	}
	if f.Warnings > 0 {
		counts = append(counts, plural(f.Warnings, "warning", "warnings"))
	}
	return strings.Join(counts, ", ") + "."
}

// maxShownRego bounds the Rego on a page, in bytes.
const maxShownRego = 48 << 10

// check asks the API about a text. A refusal is among the findings, because the page stands without them.
func (v *visit) check(at policyLevel, text string) (findings, *checkedText, error) {
	if strings.TrimSpace(text) == "" {
		return findings{Empty: true}, &checkedText{}, nil
	}
	checked, err := v.checkWith(at, text, nil)
	if err == nil && len(checked.Parameters) > 0 && checked.Errors == 0 {
		checked, err = v.checkWith(at, text, samples(checked.Parameters))
	}
	if r := refused(err); r != nil && r.Status != http.StatusUnauthorized {
		return findings{Refusal: r}, &checkedText{}, nil
	}
	if err != nil {
		return findings{}, nil, err
	}
	f := findings{
		Errors: checked.Errors, Warnings: checked.Warnings, List: located(text, checked.Diagnostics), Parameters: checked.Parameters,
		Statements: checked.Bound.Total, Rego: checked.Bound.Rego,
	}
	if f.Cut = len(f.Rego) > maxShownRego; f.Cut {
		f.Rego = f.Rego[:strings.LastIndexByte(f.Rego[:maxShownRego], '\n')+1]
	}
	return f, checked, nil
}

func (v *visit) checkWith(at policyLevel, text string, parameters map[string]string) (*checkedText, error) {
	body := map[string]any{"statementQuery": text, "levelType": "account"}
	if at.Type == "environment" {
		body["levelType"], body["levelId"] = at.Type, at.ID
	}
	if parameters != nil {
		body["parameters"] = parameters
	}
	checked := new(checkedText)
	return checked, v.api.Call(http.MethodPost, "/api/doorward/v1/policies/check", body, checked)
}

// samples give each parameter its own name for a value, so that the Rego of a policy with parameters can be shown.
func samples(parameters []string) map[string]string {
	given := map[string]string{}
	for _, name := range parameters {
		given[name] = name
	}
	return given
}

// located translates places in bytes into those in which scripts count.
func located(text string, found []diagnostic) []diagnostic {
	for i := range found {
		d := &found[i]
		from := min(max(d.Offset, 0), len(text))
		d.From = utf16Len(text[:from])
		d.To = d.From + utf16Len(text[from:min(max(d.EndOffset, from), len(text))])
	}
	return slices.Clip(found)
}

func utf16Len(text string) (n int) {
	for _, r := range text {
		n += utf16.RuneLen(r)
	}
	return n
}

// checkTyped answers the script of the editor, while somebody types. Nobody else has a use for a part of a page.
func (v *visit) checkTyped() error {
	if v.r.Header.Get("HX-Request") == "" {
		return v.done("/policies/new", "")
	}
	f := v.readForm()
	at, err := policyLevelOf(f.text("level"))
	if err != nil {
		return err
	}
	found, _, err := v.check(at, f.raw("statementQuery"))
	if err != nil {
		return err
	}
	return v.part("policy_form", policyForm{Findings: found})
}
