package endpoint

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePatternErrors(t *testing.T) {
	many := "GET " + strings.Repeat("/x", maxSegments+1)
	tests := []struct {
		text    string
		column  int
		message string // a part of it
	}{
		{"", 1, `for example "GET /orders/{id}"`},
		{"/orders", 1, `a method is missing before the path; for example "GET /orders"`},
		{"get /orders", 1, `must be upper case; write "GET"`},
		{"* /orders", 1, "a row has exactly one"},
		{"any /orders", 1, "a row has exactly one"},
		{"G3T /orders", 1, "is no method"},
		{"CONNECT /orders", 1, "never forwarded"},
		{"TRACE /orders", 1, "never forwarded"},
		{"GET", 4, "a path is missing"},
		{"GET ", 4, "a path is missing"},
		{"GET orders", 5, `begin with a slash; write "/orders"`},
		{"GET  /orders", 5, `begin with a slash; write "/orders"`},
		{"GET /a b", 7, "write %20"},
		{"GET /a?b=1", 7, "no query"},
		{"GET /a#b", 7, "write %23"},
		{"GET /a//b", 8, "never matches"},
		{"GET //b", 6, "never matches"},
		{"GET /a/../b", 8, "resolved before"},
		{"GET /a/%2E/b", 8, "resolved before"},
		{"GET /a/*", 8, "no wildcard"},
		{"GET /a*b", 7, "no wildcard"},
		{"GET /{}", 6, "has no name"},
		{"GET /{...}", 6, "has no name"},
		{"GET /{1d}", 7, "is no parameter name"},
		{"GET /{$}", 7, "is no parameter name"},
		{"GET /{id", 6, "not closed"},
		{"GET /{a/b}", 6, "not closed"},
		{"GET /a{id}", 7, "misplaced brace"},
		{"GET /a}", 7, "misplaced brace"},
		{"GET /{id}x", 10, `only ":verb" may follow`},
		{"GET /{id}:", 10, "verb after ':' is missing"},
		{"GET /{id}:a:b", 11, "no further ':'"},
		{"GET /{id}/x/{id}", 13, "occurs twice"},
		{"GET /{rest...}/x", 6, "must come last"},
		{"GET /{rest...}:v", 15, "nothing may follow"},
		{`GET /a\b`, 7, "cannot hold this character"},
		{"GET /a\x00", 7, "cannot hold this character"},
		{"GET /a\u200b", 7, "cannot hold this character"},
		{"GET /a\xff", 7, "not valid UTF-8"},
		{"GET /a%2Fb", 7, "that a segment can hold"},
		{"GET /a%5cb", 7, "that a segment can hold"},
		{"GET /a%00b", 7, "that a segment can hold"},
		{"GET /a%zz", 7, "that a segment can hold"},
		{"GET /a%2", 7, "that a segment can hold"},
		{"GET /a%ff", 6, "not valid UTF-8"},
		{"GET /" + strings.Repeat("a", maxLiteral+1), 6, "at most 256"},
		{many, 5, "at most 64"},
		{"GET " + strings.Repeat("/{a}", 3) + strings.Repeat("/x", maxPattern), maxPattern, "longer than"},
		{"GET /{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}/{p}/{q}", 1, "17 parameters"},
	}
	for _, test := range tests {
		_, err := ParsePattern(test.text)
		got, ok := errors.AsType[*PatternError](err)
		if !ok {
			t.Errorf("%.80q: got %v, want a PatternError", test.text, err)
			continue
		}
		if got.Column != test.column || !strings.Contains(got.Message, test.message) {
			t.Errorf("%.80q: got column %d, %q; want column %d, …%s…", test.text, got.Column, got.Message, test.column, test.message)
		}
	}
}

func TestShape(t *testing.T) {
	tests := []struct {
		a, b string
		same bool
	}{
		{"GET /{a}", "GET /{b}", true},
		{"GET /{a...}", "GET /{b...}", true},
		{"GET /{a}:v", "GET /{b}:v", true},
		{"GET /a%62", "GET /ab", true},
		{"GET /{a}", "POST /{a}", false},
		{"GET /{a}", "GET /{a...}", false},
		{"GET /{a}", "GET /{a}:v", false},
		{"GET /{a}:v", "GET /{a}:w", false},
		{"GET /a", "GET /A", false},
		{"GET /a", "GET /a/", false},
		{"GET /%3F", "GET /{a}", false},
	}
	for _, test := range tests {
		a, errA := ParsePattern(test.a)
		b, errB := ParsePattern(test.b)
		if err := errors.Join(errA, errB); err != nil {
			t.Fatal(err)
		}
		if same := a.Shape() == b.Shape(); same != test.same {
			t.Errorf("%s and %s: same shape %v, want %v", a, b, same, test.same)
		}
	}
}

// FuzzPattern: what parses prints as it was written, and a row of it matches the path that its filled template is.
func FuzzPattern(f *testing.F) {
	for _, text := range append(knotty, "get /x", "GET /{", "GET /{a...}", "GET /%", "GET /{a}:%3A", "GET /ö") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePattern(text)
		if err != nil {
			if _, ok := errors.AsType[*PatternError](err); !ok {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		if diff := cmp.Diff(text, p.String()); diff != "" {
			t.Errorf("printed (-want +got):\n%s", diff)
		}
		table := tableOf(t, text)
		values := make([]string, len(p.Names()))
		for i := range values {
			values[i] = "x7"
		}
		var params Params
		if row := table.Match(p.Method, expand(p.Template, values), &params); row == nil {
			t.Errorf("%s does not match %s", p, expand(p.Template, values))
		}
	})
}
