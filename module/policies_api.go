package module

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/regogen"
	"github.com/doorward/doorward/tokens"
)

// policyTextOperations are what an editor of policies needs. Nothing is stored, and nothing that is stored is read: whoever may read
// policies may ask.
func policyTextOperations(known *catalog.Catalog) []rest.Operation {
	return []rest.Operation{
		{Method: http.MethodPost, Path: "/api/doorward/v1/policies/check", Serve: func(w http.ResponseWriter, call *rest.Call) error {
			return checkText(w, call, known)
		}},
		{Method: http.MethodGet, Path: "/api/doorward/v1/policies/catalog", Serve: func(w http.ResponseWriter, call *rest.Call) error {
			return showCatalog(w, call, known)
		}},
	}
}

// checkBody is the text of a policy, or of a boundary where Boundary is there instead. Parameters and Boundaries are those of a binding
// that is tried out.
type checkBody struct {
	Policy     *string           `json:"statementQuery"`
	Boundary   *string           `json:"boundaryQuery"`
	LevelType  string            `json:"levelType"`
	LevelID    string            `json:"levelId"`
	Parameters map[string]string `json:"parameters"`
	Boundaries []boundaryText    `json:"boundaries"`
}

type boundaryText struct {
	Name  string `json:"name"`
	Query string `json:"boundaryQuery"`
}

// Bounds of what is checked, and of what is said about it.
const (
	maxCheckedBoundaries = 100
	maxCheckedParameters = 200
	shownStatements      = 1000
	maxShownRego         = 1 << 20 // bytes
)

// checkedText is the answer.
type checkedText struct {
	Errors      int              `json:"errors"`
	Warnings    int              `json:"warnings"`
	Diagnostics []diagnosticView `json:"diagnostics"`
	Formatted   string           `json:"formatted,omitempty"` // the text in its canonical form, where it has no errors
	Parameters  []string         `json:"bindParameters"`      // that a binding has to give
	Bound       *boundText       `json:"bound,omitempty"`     // of a policy without errors
}

// diagnosticView is a remark with its place: bytes from the start, lines and columns from 1, columns in bytes.
type diagnosticView struct {
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndColumn int    `json:"endColumn"` // behind the last byte; a remark is about one line
	Offset    int    `json:"offset"`
	EndOffset int    `json:"endOffset"`
	Severity  string `json:"severity"`
	Code      string `json:"code"`
	Message   string `json:"message"`
	Hint      string `json:"suggestion,omitempty"` // what to write instead
	Source    string `json:"source,omitempty"`     // the boundary that it is about
}

// boundText is what a policy comes to under a binding.
type boundText struct {
	Diagnostics []diagnosticView `json:"diagnostics"` // about the binding; with an error among them there are no statements
	Total       int              `json:"totalCount"`
	Statements  []statementView  `json:"statements"` // the first ones
	Rego        string           `json:"rego,omitempty"`
}

type statementView struct {
	Text       string `json:"text"`
	Effect     string `json:"effect"`
	Permission string `json:"permission"`
	Line       int    `json:"line"` // of the statement that it comes from
	Column     int    `json:"column"`
	Boundary   string `json:"boundary,omitempty"`
	IncludedIn string `json:"includedIn,omitempty"` // the permission that was named, where this one comes along with it
}

func (b *checkBody) check() error {
	switch {
	case (b.Policy == nil) == (b.Boundary == nil):
		return rest.Invalid("statementQuery", "Expected either statementQuery or boundaryQuery.")
	case b.LevelType != "" && b.LevelType != string(bind.Account) && b.LevelType != string(bind.Environment):
		return rest.Invalid("levelType", "Expected account or environment.")
	case len(b.Boundaries) > maxCheckedBoundaries:
		return rest.Invalid("boundaries", "Expected at most %d boundaries.", maxCheckedBoundaries)
	case len(b.Parameters) > maxCheckedParameters:
		return rest.Invalid("parameters", "Expected at most %d parameters.", maxCheckedParameters)
	}
	for name, value := range b.Parameters {
		if text := name + " " + value; tokens.Mask(text) != text {
			return rest.Invalid("parameters", "A parameter holds the secret of a token, which is known to others now: replace it.")
		}
	}
	for _, text := range append([]boundaryText{{Name: b.LevelID}}, b.Boundaries...) {
		if tokens.Mask(text.Name) != text.Name {
			return rest.Invalid("boundaries", "A name holds the secret of a token, which is known to others now: replace it.")
		}
	}
	return nil
}

func checkText(w http.ResponseWriter, call *rest.Call, known *catalog.Catalog) error {
	var body checkBody
	if err := call.Read(&body); err != nil {
		return err
	}
	if err := body.check(); err != nil {
		return err
	}
	if body.Boundary != nil {
		tree, found := ReadBoundaryText(*body.Boundary, known)
		answer := newCheckedText(*body.Boundary, found)
		if tree != nil {
			answer.Formatted, answer.Parameters = ast.PrintBoundary(tree), append(answer.Parameters, ast.BindParams(tree)...)
		}
		return rest.Write(w, http.StatusOK, answer)
	}
	tree, found := ReadPolicyText(*body.Policy, known)
	answer := newCheckedText(*body.Policy, found)
	if tree != nil {
		answer.Formatted, answer.Parameters = ast.Print(tree), append(answer.Parameters, ast.BindParams(tree)...)
		bound, err := body.bind(tree, known)
		if err != nil {
			return err
		}
		answer.Bound = bound
	}
	return rest.Write(w, http.StatusOK, answer)
}

// bind says what the policy comes to under the binding that is tried out.
func (b *checkBody) bind(tree *ast.Policy, known *catalog.Catalog) (*boundText, error) {
	made := &boundText{Statements: []statementView{}}
	var boundaries []bind.Boundary
	for _, text := range b.Boundaries {
		restricted, found := ReadBoundaryText(text.Query, known)
		if restricted == nil {
			for i := range found {
				found[i].Source = text.Name
			}
			made.Diagnostics = viewsOf(text.Query, found)
			return made, nil
		}
		boundaries = append(boundaries, bind.Boundary{ID: text.Name, Name: text.Name, Tree: restricted})
	}
	policy := bind.Policy{Level: bind.Account, LevelID: b.LevelID, Tree: tree}
	if b.LevelType != "" {
		policy.Level = bind.Level(b.LevelType)
	}
	bound, found := bind.Bind(policy, b.Parameters, boundaries, known)
	made.Diagnostics = viewsOf(*b.Policy, found)
	if found.HasErrors() {
		return made, nil
	}
	made.Total = len(bound.Statements)
	for _, s := range bound.Statements[:min(len(bound.Statements), shownStatements)] {
		o := s.Origin
		made.Statements = append(made.Statements, statementView{
			Text: s.String(), Effect: s.Effect.String(), Permission: s.Permission, Line: o.Pos.Line, Column: o.Pos.Column,
			Boundary: o.Boundary, IncludedIn: o.IncludedIn,
		})
	}
	if made.Total > shownStatements {
		return made, nil
	}
	rego, err := regogen.Source(bound.Statements)
	if err == nil && len(rego) <= maxShownRego {
		made.Rego = string(rego)
	}
	return made, err
}

func newCheckedText(text string, found ast.Diagnostics) checkedText {
	c := checkedText{Diagnostics: viewsOf(text, found), Parameters: []string{}}
	for _, d := range found {
		if d.Severity == ast.Warning {
			c.Warnings++
		} else {
			c.Errors++
		}
	}
	return c
}

func viewsOf(text string, found ast.Diagnostics) []diagnosticView {
	views := make([]diagnosticView, 0, len(found))
	for _, d := range found {
		end := d.Pos.Offset + extent(text[min(d.Pos.Offset, len(text)):])
		views = append(views, diagnosticView{
			Line: d.Pos.Line, Column: d.Pos.Column, EndColumn: d.Pos.Column + end - d.Pos.Offset, Offset: d.Pos.Offset, EndOffset: end,
			Severity: d.Severity.String(), Code: d.Code, Message: tokens.Mask(d.Message), Hint: tokens.Mask(d.Suggestion),
			Source: tokens.Mask(d.Source),
		})
	}
	return views
}

// extent is how many bytes belong together at the start of a text: a quoted text, a name with its colons, an operator, or else
// one character. It never goes beyond the line.
func extent(text string) int {
	line, _, _ := strings.Cut(text, "\n")
	if line == "" {
		return 0
	}
	if quote := line[0]; quote == '"' || quote == '\'' {
		for i := 1; i < len(line); i++ {
			switch line[i] {
			case '\\':
				i++
			case quote:
				return i + 1
			}
		}
		return len(strings.TrimRight(line, "\r"))
	}
	for _, of := range []string{"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-:$", "=<>!"} {
		if n := len(line) - len(strings.TrimLeft(line, of)); n > 0 {
			return n
		}
	}
	_, size := utf8.DecodeRuneInString(line)
	return size
}
