package policyengine_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/ast/asttest"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/parser"
	"github.com/doorward/doorward/policyengine/refeval"
)

// TestCorpus asks the requests of each case, of the engine and of the reference evaluator.
//
// Sections: policy (several, separated by a line "== name"), parameters, b1, b2, …, and requests, one a line:
//
//	settings:objects:read settings:schemaId=app:one settings:scope=? environment:management-zone=[a,b] @2026-01-01T09:00:00Z
//
// where "?" is unknown, brackets make a list, and a value may be quoted. The subject is user u of example.org in groups
// g1 and g2, and the environment is env.
func TestCorpus(t *testing.T) {
	asttest.TestFiles(t, []string{"verdicts"}, func(t *testing.T, c asttest.Case) []asttest.Section {
		return []asttest.Section{{Name: "verdicts", Text: verdicts(t, c)}}
	})
}

func verdicts(t *testing.T, c asttest.Case) string {
	var b strings.Builder
	set, err := policyengine.Compile(boundOf(t, c))
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	for line := range strings.Lines(c.Inputs["requests"]) {
		r := request(t, strings.TrimSpace(line))
		v, err := set.Decide(t.Context(), r)
		if err != nil {
			t.Fatalf("%s: %s: %v", c.Name, line, err)
		}
		if want := refeval.Decide(boundOf(t, c), r.Permission, factsOf(r)).Granted(); want != v.Allow {
			t.Errorf("%s: %s: the reference says %t", c.Name, line, want)
		}
		b.WriteString(describe(v) + "\n")
	}
	return b.String()
}

// boundOf binds the policies of a case with its parameters and boundaries.
func boundOf(t *testing.T, c asttest.Case) []*bind.Statement {
	t.Helper()
	parameters := map[string]string{}
	for line := range strings.Lines(c.Inputs["parameters"]) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		parameters[name] = value
	}
	var boundaries []bind.Boundary
	for n := 1; c.Inputs[fmt.Sprintf("b%d", n)] != ""; n++ {
		tree, diagnostics := parser.ParseBoundary(c.Inputs[fmt.Sprintf("b%d", n)])
		if tree == nil {
			t.Fatalf("%s: %s", c.Name, diagnostics)
		}
		boundaries = append(boundaries, bind.Boundary{Name: fmt.Sprintf("b%d", n), Tree: tree})
	}
	var statements []*bind.Statement
	name := "p"
	for text := range strings.SplitSeq(c.Inputs["policy"], "== ") {
		if after, rest, ok := strings.Cut(text, "\n"); ok && !strings.Contains(after, " ") {
			name, text = after, rest
		}
		statements = append(statements, bindText(t, name, text, parameters, boundaries)...)
	}
	return statements
}

func bindText(t testing.TB, name, text string, parameters map[string]string, boundaries []bind.Boundary) []*bind.Statement {
	t.Helper()
	if strings.TrimSpace(text) == "" {
		return nil
	}
	tree, diagnostics := parser.ParsePolicy(text)
	if tree == nil {
		t.Fatal(diagnostics)
	}
	p := bind.Policy{ID: "id-" + name, Name: name, Level: bind.Account, LevelID: "account", Tree: tree}
	bound, diagnostics := bind.Bind(p, parameters, boundaries, catalog.Default())
	if bound == nil {
		t.Fatal(diagnostics)
	}
	return bound.Statements
}

// request reads a line of the requests section.
func request(t testing.TB, line string) policyengine.Request {
	t.Helper()
	r := policyengine.Request{
		Subject: policyengine.Subject{User: "u", UserDomain: "example.org", Groups: []string{"g1", "g2"}},
		Account: "account", Environment: "env", Now: start,
	}
	for i, word := range words(line) {
		switch {
		case i == 0:
			r.Permission = word
		case strings.HasPrefix(word, "@"):
			at, err := time.Parse(time.RFC3339, word[1:])
			if err != nil {
				t.Fatal(err)
			}
			r.Now = at
		default:
			r.Attributes = append(r.Attributes, attribute(t, word))
		}
	}
	return r
}

// words splits at blanks that are not between quotes.
func words(line string) []string {
	quoted := false
	return strings.FieldsFunc(line, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
}

func attribute(t testing.TB, word string) policyengine.Attribute {
	t.Helper()
	name, value, _ := strings.Cut(word, "=")
	a := policyengine.Attribute{Name: name, Known: value != "?"}
	items := []string{value}
	if inner, ok := strings.CutPrefix(value, "["); ok {
		a.List = true
		items = nil
		if inner = strings.TrimSuffix(inner, "]"); inner != "" {
			items = strings.Split(inner, ",")
		}
	}
	for _, item := range items {
		if unquoted, err := strconv.Unquote(item); err == nil {
			item = unquoted
		}
		a.Values = append(a.Values, item)
	}
	if !a.Known {
		a.Values = nil
	}
	return a
}

// factsOf says to the reference evaluator what a request says to the engine.
func factsOf(r policyengine.Request) refeval.Facts {
	f := refeval.Facts{Attributes: map[string]refeval.Attribute{}, Now: r.Now}
	for name, value := range map[string]string{
		"global:userId": r.Subject.User, "global:usernameDomain": r.Subject.UserDomain, "global:environmentId": r.Environment,
	} {
		if value != "" {
			f.Attributes[name] = refeval.Attribute{Values: []string{value}}
		}
	}
	f.Attributes["global:userGroup"] = refeval.Attribute{Values: r.Subject.Groups, List: true}
	for _, a := range r.Attributes {
		if a.Known {
			f.Attributes[a.Name] = refeval.Attribute{Values: a.Values, List: a.List}
		}
	}
	return f
}

// describe prints a verdict on one line.
func describe(v policyengine.Verdict) string {
	word := map[bool]string{true: "ALLOW", false: "DENY"}[v.Allow]
	for _, r := range v.Reasons {
		word += fmt.Sprintf(" %s#%d@%d:%d", r.PolicyName, r.Statement, r.Line, r.Column)
		if r.Boundary != "" {
			word += "/" + r.Boundary
		}
		if r.Note != "" {
			word += " (" + r.Note + ")"
		}
	}
	if !v.Allow && len(v.Reasons) == 0 {
		word += " by default"
	}
	if len(v.Missing) > 0 {
		word += ", missing " + strings.Join(v.Missing, " ")
	}
	if !v.ValidUntil.IsZero() {
		word += ", until " + v.ValidUntil.UTC().Format(time.RFC3339)
	}
	return word
}
