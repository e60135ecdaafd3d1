package console

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func shown(lines []diffLine) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.Mark)
		if l.Left > 0 {
			b.WriteString(number(l.Left))
		}
		b.WriteString(l.Text + "\n")
	}
	return b.String()
}

func TestDifference(t *testing.T) {
	for name, test := range map[string]struct{ before, after, want string }{
		"the same":  {"a\nb", "a\nb", ""},
		"a line":    {"a\nb\nc", "a\nx\nc", " a\n-b\n+x\n c\n"},
		"added":     {"a", "a\nb", " a\n+b\n"},
		"from none": {"", "a", "-\n+a\n"},
		"far apart": {"1\n2\n3\n4\n5\n6\n7\n8\n9", "x\n2\n3\n4\n5\n6\n7\n8\ny", "-1\n+x\n 2\n 3\n 4\n…1\n 6\n 7\n 8\n-9\n+y\n"},
	} {
		if got := shown(difference(test.before, test.after)); got != test.want {
			t.Errorf("%s:\n%s, want\n%s", name, got, test.want)
		}
	}
}

// Invariant: what stays and what goes are the text before, what stays and what comes the text after, whatever the texts are.
func TestDifferenceTellsBoth(t *testing.T) {
	line := rapid.SampledFrom([]string{"", "a", "b", "ALLOW c:d:e;", "…"})
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOfN(line, 1, 40).Draw(t, "a"), rapid.SliceOfN(line, 1, 40).Draw(t, "b")
		var before, after []string
		for _, l := range changed(a, b) {
			if l.Mark != "+" {
				before = append(before, l.Text)
			}
			if l.Mark != "-" {
				after = append(after, l.Text)
			}
		}
		if strings.Join(before, "\n") != strings.Join(a, "\n") || strings.Join(after, "\n") != strings.Join(b, "\n") {
			t.Fatalf("%q and %q: %v", a, b, changed(a, b))
		}
	})
}

// Attack: two texts of many lines are compared to keep the machine busy. Invariant: beyond a bound they are told one after the other.
func TestDifferenceIsBounded(t *testing.T) {
	a, b := strings.Repeat("a\n", 30_000), strings.Repeat("b\n", 30_000)
	if got := difference(a, b); len(got) != 60_001 || got[0].Mark != "-" {
		t.Errorf("%d lines", len(got))
	}
}

// Invariant: the spans of a line are the line, whatever it is.
func FuzzSource(f *testing.F) {
	for _, seed := range []string{settingsText, `ALLOW "open`, `'\`, `"\"" // x`, "é:ü:ß ALLOWED x:y", "a\x00\xff", "// DENY\r\nDENY a:b:c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var lines []string
		for _, l := range sourceOf(text) {
			var b strings.Builder
			for _, s := range l.Spans {
				b.WriteString(s.Text)
			}
			lines = append(lines, b.String())
		}
		for i, want := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
			if lines[i] != strings.TrimSuffix(want, "\r") {
				t.Errorf("line %d is %q, want %q", i, lines[i], want)
			}
		}
	})
}

const settingsText = "ALLOW settings:objects:read WHERE settings:schemaId IN (\"a\", 'b') AND global:userId = \"${global:userId}\"; // why\n"

func TestSource(t *testing.T) {
	classes := map[string]string{}
	for _, s := range sourceOf(settingsText)[0].Spans {
		classes[s.Text] = s.Class
	}
	for text, want := range map[string]string{"ALLOW": "effect", "settings:objects:read": "name", "WHERE": "word", `"a"`: "quoted", "'b'": "quoted", "AND": "word", "// why": "remark", `"${global:userId}"`: "quoted"} {
		if classes[text] != want {
			t.Errorf("%s is shown as %q, want %q", text, classes[text], want)
		}
	}
}
