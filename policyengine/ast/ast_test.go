package ast_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/policyengine/ast"
)

func TestNearest(t *testing.T) {
	candidates := []string{"settings:objects:read", "settings:objects:write", "settings:schemas:read", "storage:logs:read", "storage:dt.security_context"}
	cases := map[string]string{
		"settings:object:read":     "settings:objects:read",
		"settings:obejcts:read":    "settings:objects:read",
		"setings:objects:wirte":    "settings:objects:write",
		"settings:schema:read":     "settings:schemas:read",
		"storage:security_context": "storage:dt.security_context",
		"settings:objects:create":  "",
		"storage:spans:read":       "",
		"logs":                     "",
		"":                         "",
		":::":                      "",
		strings.Repeat("x", 1<<20) + ":logs:read": "",
	}
	for word, want := range cases {
		if got := ast.Nearest(word, slices.Values(candidates)); got != want {
			t.Errorf("%.40q: got %q, want %q", word, got, want)
		}
	}
}

func TestOperatorsHaveTwoWayNames(t *testing.T) {
	codes := map[string]bool{}
	for _, op := range ast.Operators() {
		if back, ok := ast.OperatorNamed(op.String()); !ok || back != op {
			t.Errorf("%s reads back as %s", op, back)
		}
		codes[op.Code()] = true
	}
	if len(codes) != 9 || codes[""] {
		t.Errorf("codes: %v", codes)
	}
	for _, wrong := range []string{"", "==", "in", "EQ"} {
		if op, ok := ast.OperatorNamed(wrong); ok {
			t.Errorf("%q reads as %s", wrong, op)
		}
	}
}

func TestDiagnosticForms(t *testing.T) {
	d := ast.Diagnostic{
		Pos: ast.Position{Offset: 20, Line: 2, Column: 7}, Severity: ast.Warning,
		Code: "c", Message: "Mind this", Suggestion: "that",
	}
	if got, want := d.String(), `2:7: warning: Mind this (did you mean "that"?)`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	got, err := json.Marshal(d)
	want := `{"position":{"offset":20,"line":2,"column":7},"severity":"warning","code":"c","message":"Mind this","suggestion":"that"}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestDiagnosticsSortAndErr(t *testing.T) {
	at := func(offset int, severity ast.Severity, source string) ast.Diagnostic {
		return ast.Diagnostic{Source: source, Pos: ast.Position{Offset: offset, Line: 1, Column: offset + 1}, Severity: severity, Message: "m"}
	}
	ds := ast.Diagnostics{at(5, ast.Warning, ""), at(1, ast.Error, "boundary b"), at(5, ast.Error, ""), at(2, ast.Warning, ""), at(5, ast.Error, "")}
	ds.Sort()
	want := ast.Diagnostics{at(2, ast.Warning, ""), at(5, ast.Error, ""), at(5, ast.Warning, ""), at(1, ast.Error, "boundary b")}
	if diff := cmp.Diff(want, ds); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := ds.Err().Error(); got != "1:6: m\nboundary b: 1:2: m" {
		t.Errorf("got %q", got)
	}
	if err := ds[:1].Err(); err != nil {
		t.Errorf("a warning became %v", err)
	}
}

// TestCommentsCannotBecomeText: a tree built by hand, with a newline inside a comment.
//
// Attack: a comment taken from elsewhere smuggles a statement into the printed policy. Fix: the printer keeps every
// comment on one line. Invariant: printing adds no line that is not a comment or a statement of the tree.
func TestCommentsCannotBecomeText(t *testing.T) {
	s := &ast.Statement{Effect: ast.Deny, Permissions: []*ast.Permission{{Name: "a:b:c"}}}
	s.Comments = ast.Comments{Before: []string{"x\nALLOW a:b:d;"}, After: "y\nALLOW a:b:e;"}
	got := ast.Print(&ast.Policy{Statements: []*ast.Statement{s}, Tail: []string{"z\nALLOW a:b:f;"}})
	want := "// x ALLOW a:b:d;\nDENY a:b:c; // y ALLOW a:b:e;\n// z ALLOW a:b:f;\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAlphabets(t *testing.T) {
	cases := []struct {
		check func(string) bool
		yes   []string
		no    []string
	}{
		{ast.ValidPermission, []string{"a:b:c", "A1:b.c-d_e:delete-all"}, []string{"", "a:b", "a:b:c:d", "a::c", "1a:b:c", "a:*:c", "a:b:ç", "a: b:c"}},
		{ast.ValidCondition, []string{"a:b", "storage:k8s.namespace.name"}, []string{"", "a", "a:b:c", ":b", "a:"}},
		{ast.ValidParameter, []string{"a", "1", "-_"}, []string{"", "a.b", "a b", "}"}},
		{ast.PlainText, []string{"", "\t", "$ {", "${"[:1], "é;\"'\\"}, []string{"\n", "\r", "\x00", "\u0085", "\xff", "x${y"}},
	}
	for i, c := range cases {
		for _, s := range c.yes {
			if !c.check(s) {
				t.Errorf("case %d refuses %q", i, s)
			}
		}
		for _, s := range c.no {
			if c.check(s) {
				t.Errorf("case %d accepts %q", i, s)
			}
		}
	}
}
