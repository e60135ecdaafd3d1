package policytest_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// corpusCase is a case of the corpus.
type corpusCase struct {
	name       string
	policies   []txtar.File // name and text
	parameters map[string]string
	boundaries []txtar.File
	questions  []question
}

// question is a line of a case's requests and the line of its verdicts.
type question struct {
	line, permission, verdict string
	facts                     []fact
}

// fact is what a request says about an attribute.
type fact struct {
	name   string
	values []string
	known  bool
	list   bool
}

// readCases takes an archive apart: sections are named case.what.
func readCases(t *testing.T, archive *txtar.Archive) []corpusCase {
	t.Helper()
	var cases []corpusCase
	var verdicts []string
	for _, file := range archive.Files {
		name, section, _ := strings.Cut(file.Name, ".")
		if len(cases) == 0 || cases[len(cases)-1].name != name {
			cases = append(cases, corpusCase{name: name})
		}
		c := &cases[len(cases)-1]
		switch section {
		case "policy":
			c.policies = readPolicies(string(file.Data))
		case "parameters":
			c.parameters = map[string]string{}
			for line := range strings.Lines(string(file.Data)) {
				name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
				c.parameters[name] = value
			}
		case "requests":
			for line := range strings.Lines(string(file.Data)) {
				c.questions = append(c.questions, readQuestion(strings.TrimSpace(line)))
			}
		case "verdicts":
			verdicts = strings.Split(strings.TrimSpace(string(file.Data)), "\n")
			if len(verdicts) != len(c.questions) {
				t.Fatalf("%s: %d verdicts for %d requests", name, len(verdicts), len(c.questions))
			}
			for i := range verdicts {
				c.questions[i].verdict = verdicts[i]
			}
		default:
			c.boundaries = append(c.boundaries, txtar.File{Name: section, Data: file.Data})
		}
	}
	return cases
}

// readPolicies splits a section at its lines "== name". Positions count from the line after it.
func readPolicies(text string) []txtar.File {
	if !strings.HasPrefix(text, "== ") {
		return []txtar.File{{Name: "p", Data: []byte(text)}}
	}
	var policies []txtar.File
	for part := range strings.SplitSeq(text, "== ") {
		if name, rest, ok := strings.Cut(part, "\n"); ok {
			policies = append(policies, txtar.File{Name: name, Data: []byte(rest)})
		}
	}
	return policies
}

// readQuestion reads `permission name=value name=[a,b] name=? @time`; blanks between quotes do not separate.
func readQuestion(line string) question {
	quoted, escaped := false, false
	words := strings.FieldsFunc(line, func(r rune) bool {
		if r == '"' && !escaped {
			quoted = !quoted
		}
		escaped = r == '\\' && !escaped
		return r == ' ' && !quoted
	})
	q := question{line: line, permission: words[0]}
	for _, word := range words[1:] {
		if !strings.HasPrefix(word, "@") {
			q.facts = append(q.facts, readFact(word))
		}
	}
	return q
}

func readFact(word string) fact {
	name, value, _ := strings.Cut(word, "=")
	f := fact{name: name, known: value != "?"}
	items := []string{value}
	if inner, ok := strings.CutPrefix(value, "["); ok {
		f.list, items = true, nil
		if inner = strings.TrimSuffix(inner, "]"); inner != "" {
			items = strings.Split(inner, ",")
		}
	}
	if !f.known {
		return f
	}
	for _, item := range items {
		if unquoted, err := strconv.Unquote(item); err == nil {
			item = unquoted
		}
		f.values = append(f.values, item)
	}
	return f
}
