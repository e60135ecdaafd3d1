package parser_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/ast/asttest"
	"github.com/doorward/doorward/policyengine/parser"
)

var seeds = []string{
	"", ";", "ALLOW a:b:c", "ALLOW a:b:c; // x\n// y", "// x\nALLOW a:b:c // y\n;// z",
	`ALLOW a:b:c, a:b:d WHERE a:p NOT IN ("${bindParam:x}", 'y') AND a:q MATCH ("*");`,
	`DENY a:b:c WHERE a:p = "\\\"\'${global:userId}$";`, "ALLOW a:b:c WHERE a:p = \"x\nDENY a:b:c;",
	"ALLOW a:b:c WHERE null;", "allow a:b:c where a:p STARTSWITH '';\r\n", "ALLOW ALLOW ALLOW", "(((", `"""`, "a:b = 'c'; d:e > 'f'",
}

// FuzzParsePolicy: no text makes the parser panic, and what it accepts has a canonical form that reads back as the same
// tree and prints as itself.
func FuzzParsePolicy(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, src string) {
		first, diagnostics := parser.ParsePolicy(src)
		if (first == nil) != diagnostics.HasErrors() {
			t.Fatalf("policy %v with %v", first, diagnostics)
		}
		checkPositions(t, src, diagnostics)
		if first == nil {
			return
		}
		// The canonical form is somewhat longer than the tersest text, and may pass the size cap.
		limits := parser.DefaultLimits
		limits.TextBytes = 16 * (len(src) + 64)
		printed := ast.Print(first)
		second, diagnostics := limits.ParsePolicy(printed)
		if diff := cmp.Diff(first, second, asttest.IgnorePositions()); diff != "" {
			t.Fatalf("%s\n%s(-first +second)\n%s", printed, diagnostics, diff)
		}
		if again := ast.Print(second); again != printed {
			t.Fatalf("printed twice:\n%s\n%s", printed, again)
		}
	})
}

// FuzzBoundary is FuzzParsePolicy for boundaries.
func FuzzBoundary(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, src string) {
		first, diagnostics := parser.ParseBoundary(src)
		if (first == nil) != diagnostics.HasErrors() {
			t.Fatalf("boundary %v with %v", first, diagnostics)
		}
		checkPositions(t, src, diagnostics)
		if first == nil {
			return
		}
		limits := parser.DefaultLimits
		limits.TextBytes = 16 * (len(src) + 64)
		printed := ast.PrintBoundary(first)
		second, diagnostics := limits.ParseBoundary(printed)
		if diff := cmp.Diff(first, second, asttest.IgnorePositions()); diff != "" {
			t.Fatalf("%s\n%s(-first +second)\n%s", printed, diagnostics, diff)
		}
	})
}

// checkPositions: every remark is about a place in the text, in the order of the text, and none is endless.
func checkPositions(t *testing.T, src string, diagnostics ast.Diagnostics) {
	t.Helper()
	if len(diagnostics) > ast.MaxDiagnostics {
		t.Fatalf("%d diagnostics", len(diagnostics))
	}
	before := 0
	for _, d := range diagnostics {
		if d.Pos.Offset < before || d.Pos.Offset > len(src) {
			t.Fatalf("offset %d after %d in %d bytes", d.Pos.Offset, before, len(src))
		}
		before = d.Pos.Offset
		line := 1 + strings.Count(src[:d.Pos.Offset], "\n")
		column := d.Pos.Offset - strings.LastIndexByte(src[:d.Pos.Offset], '\n')
		if d.Pos.Line != line || d.Pos.Column != column {
			t.Fatalf("%s is at %d:%d", d, line, column)
		}
		if len(d.Message) > 300 {
			t.Fatalf("a message of %d bytes", len(d.Message))
		}
	}
}

// TestPrintedTreesReadBack: parse(print(x)) is x for every tree there is, whatever its names, values and comments.
func TestPrintedTreesReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := asttest.Policy().Draw(t, "policy")
		text := ast.Print(want)
		got, diagnostics := parser.ParsePolicy(text)
		if diff := cmp.Diff(want, got, asttest.IgnorePositions()); diff != "" {
			t.Fatalf("%s\n%s(-want +got)\n%s", text, diagnostics, diff)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		want := asttest.Boundary().Draw(t, "boundary")
		text := ast.PrintBoundary(want)
		got, diagnostics := parser.ParseBoundary(text)
		if diff := cmp.Diff(want, got, asttest.IgnorePositions()); diff != "" {
			t.Fatalf("%s\n%s(-want +got)\n%s", text, diagnostics, diff)
		}
	})
}
