package attribute_test

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/doorward/doorward/module/attribute"
	"github.com/doorward/doorward/module/endpoint"
)

var update = flag.Bool("update", false, "write the golden questions anew")

// input is a request with the row that it matched.
type input struct {
	request *http.Request
	params  endpoint.Params
	claims  map[string][]string
	bodies  int // how often the body was asked for
}

func (in *input) Param(name string) (string, bool) { return in.params.Value(name) }
func (in *input) RawQuery() string                 { return in.request.URL.RawQuery }
func (in *input) Header(name string) []string      { return in.request.Header[name] }
func (in *input) Claim(name string) []string       { return in.claims[name] }
func (in *input) Body(limit int64) ([]byte, error) {
	in.bodies++
	return attribute.ReadBody(in.request, limit)
}

// TestQuestions goes through the archives. Each has a catalogue, unless it speaks of the embedded one, and pairs of files:
// a request, and the questions that it leads to.
func TestQuestions(t *testing.T) {
	paths, err := filepath.Glob("testdata/questions/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			table := tableOf(t, archive)
			for i, file := range archive.Files {
				name, isRequest := strings.CutPrefix(file.Name, "request ")
				if !isRequest {
					continue
				}
				golden := &archive.Files[i+1]
				if golden.Name != "questions "+name {
					t.Fatalf("%q has no questions", file.Name)
				}
				got := answer(t, table, string(file.Data))
				if diff := cmp.Diff(string(golden.Data), got); diff != "" && !*update {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
				golden.Data = []byte(got)
			}
			if *update {
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func tableOf(t testing.TB, archive *txtar.Archive) *endpoint.Table {
	t.Helper()
	c, err := endpoint.Embedded("dynatrace")
	if file := archive.Files[0]; file.Name == "catalog.yaml" {
		c, err = endpoint.Parse(file.Name, file.Data)
	}
	if err != nil {
		t.Fatal(err)
	}
	table, err := endpoint.Build(c.Layer())
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// answer is the questions of a request in the archives' form: a line with method and target, lines "Header: value" or
// "@claim: value", and after an empty line the body.
func answer(t *testing.T, table *endpoint.Table, text string) string {
	t.Helper()
	head, body, hasBody := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSuffix(head, "\n"), "\n")
	method, target, _ := strings.Cut(lines[0], " ")
	in := &input{request: httptest.NewRequest(method, target, nil), claims: map[string][]string{}}
	if hasBody {
		in.request = httptest.NewRequest(method, target, strings.NewReader(body))
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		if claim, ok := strings.CutPrefix(name, "@"); ok {
			in.claims[claim] = append(in.claims[claim], value)
		} else {
			in.request.Header.Add(name, value)
		}
	}
	row := table.Match(method, in.request.URL.EscapedPath(), &in.params)
	if row == nil || row.Plan == nil {
		return "nobody is asked\n"
	}
	questions, err := row.Plan.Questions(in)
	if refused, ok := errors.AsType[*attribute.Error](err); ok {
		return fmt.Sprintf("%d %s\n", refused.Kind.Status(), refused.Public)
	} else if err != nil {
		t.Fatalf("an error of another kind: %v", err)
	}
	return printed(questions)
}

// printed has a line for each question, with "?" for what is not known.
func printed(questions []attribute.Question) string {
	var b strings.Builder
	for _, q := range questions {
		b.WriteString(q.Permission)
		for _, a := range q.Attributes {
			switch {
			case !a.Known:
				fmt.Fprintf(&b, " %s=?", a.Name)
			case a.List:
				fmt.Fprintf(&b, " %s=%q", a.Name, a.Values)
			default:
				fmt.Fprintf(&b, " %s=%q", a.Name, a.Values[0])
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
