package parser_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/parser"
)

func TestLimits(t *testing.T) {
	list := func(n int) string {
		return `ALLOW a:b:c WHERE a:p IN ("x"` + strings.Repeat(`,"x"`, n-1) + ");"
	}
	cases := map[string]struct{ src, code string }{
		"100 statements":    {strings.Repeat("ALLOW a:b:c;", 100), ""},
		"101 statements":    {strings.Repeat("ALLOW a:b:c;", 101), "too-many-statements"},
		"1000 values":       {list(1000), ""},
		"1001 values":       {list(1001), "too-many-values"},
		"1000 permissions":  {"ALLOW a:b:c" + strings.Repeat(",a:b:c", 999), ""},
		"1001 permissions":  {"ALLOW a:b:c" + strings.Repeat(",a:b:c", 1000), "too-many-permissions"},
		"64 KiB":            {"ALLOW a:b:c;" + strings.Repeat(" ", 64<<10-12), ""},
		"64 KiB and one":    {"ALLOW a:b:c;" + strings.Repeat(" ", 64<<10-11), "too-long"},
		"not UTF-8":         {"ALLOW a:b:c;\n// \xff", "not-utf8"},
		"NUL in a value":    {"ALLOW a:b:c WHERE a:p = \"x\x00\";", "bad-character"},
		"NUL outside":       {"ALLOW a:b:c;\x00", "bad-character"},
		"CR in a value":     {"ALLOW a:b:c WHERE a:p = \"x\r\";", "open-quote"},
		"byte order mark":   {"\ufeffALLOW a:b:c;", "bad-character"},
		"no-break space":    {"ALLOW\u00a0a:b:c;", "bad-character"},
		"Kelvin and long s": {"ALLOW a:b:c WHERE a:p ſtartsWith \"x\";", "bad-operator"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			policy, diagnostics := parser.ParsePolicy(c.src)
			if (policy == nil) != (c.code != "") {
				t.Fatalf("policy is nil: %v, with %v", policy == nil, diagnostics)
			}
			if c.code != "" && diagnostics[0].Code != c.code {
				t.Errorf("got %q, want %q: %s", diagnostics[0].Code, c.code, diagnostics)
			}
		})
	}
}

func TestAtMostFiftyErrors(t *testing.T) {
	_, diagnostics := parser.ParsePolicy(strings.Repeat("oops;", 80))
	if len(diagnostics) != ast.MaxDiagnostics {
		t.Errorf("got %d diagnostics, want %d", len(diagnostics), ast.MaxDiagnostics)
	}
}

func TestPositionOfInvalidByte(t *testing.T) {
	_, diagnostics := parser.ParsePolicy("ALLOW a:b:c;\n// é\xff")
	want := ast.Position{Offset: 18, Line: 2, Column: 6}
	if diff := cmp.Diff(want, diagnostics[0].Pos); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestHostileTextsTakeLinearTime feeds one MiB of what parsers choke on, with the size cap lifted.
//
// Attack: a text that makes the reader go back over it, nest or hoard remarks. Fix: one token ahead, nothing nests,
// templates are read in one pass, remarks are counted. Invariant: a text of eight times the size costs about eight times
// as much; a reader that goes back over its text would take sixty-four times as long.
func TestHostileTextsTakeLinearTime(t *testing.T) {
	const (
		small, large = 1 << 17, 1 << 20
		most         = 32 // times the cost of the small text
		attempts     = 4  // the machine may be busy with something else
	)
	start := `ALLOW a:b:c WHERE a:p IN (`
	for _, text := range []string{
		"(", `"`, "'", "${", `"${`, "\\", ";", "=", "//", "/", "\n", "a", "a:", ":", "ALLOW ", "ALLOW a:b:c ", "ALLOW a:b:c WHERE ",
		"x;", start, `"x",`, `"${bindParam:x}`, "#", "“", "NOT ", "// x\n", "//x\n;", "\x00", "é", ", ", "ALLOW a:b:c, ",
	} {
		for _, prefix := range []string{"", start, start + `"`} {
			var cost, unit time.Duration
			for attempt := 0; attempt == 0 || cost > most*unit && attempt < attempts; attempt++ {
				unit = max(unit, parsingTime(prefix, text, small), time.Millisecond)
				cost = parsingTime(prefix, text, large)
			}
			if cost > most*unit {
				t.Errorf("prefix %q, text %q: %v for %d bytes, %v for %d", prefix, text, unit, small, cost, large)
			}
		}
	}
}

// parsingTime is what it takes to read size bytes of a repeated text as a policy and as a boundary.
func parsingTime(prefix, text string, size int) time.Duration {
	limits := parser.DefaultLimits
	limits.TextBytes = size
	src := prefix + strings.Repeat(text, size/len(text))
	src = strings.ToValidUTF8(src[:min(size, len(src))], "")
	began := time.Now()
	limits.ParsePolicy(src)
	limits.ParseBoundary(src)
	return time.Since(began)
}

func BenchmarkParsePolicy(b *testing.B) {
	src := strings.Repeat("ALLOW shop:orders:read, shop:orders:write WHERE shop:region IN (\"north\", \"south\") AND shop:tier = \"gold\";\n", 100)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if p, ds := parser.ParsePolicy(src); p == nil {
			b.Fatal(ds)
		}
	}
}

// What can be read of a text with errors is every statement that is whole, and none that is not: names in half a
// statement would be remarked on as if they were what its author meant.
func TestReadable(t *testing.T) {
	for src, want := range map[string]string{
		`ALLOW a:b:c; ALLOW a:b; DENY a:b:d WHERE a:x = "1";`: "ALLOW a:b:c;\nDENY a:b:d WHERE a:x = \"1\";\n",
		`ALLOW a:b:c WHERE a:x == "1"; DENY a:b:d;`:           "DENY a:b:d;\n",
		`ALLOW a:b:c`: "ALLOW a:b:c;\n",
		`;;`:          "",
		"(":           "",
	} {
		var got string
		for _, s := range parser.Readable(src).Statements {
			got += s.String() + ";\n"
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", src, got, want)
		}
	}
}
