package module

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/doorward/doorward/policyengine/catalog"
)

// TestExtent: what an editor underlines is the word that the remark is about.
func TestExtent(t *testing.T) {
	for text, want := range map[string]string{
		"settings:objects:read;":    "settings:objects:read",
		`"a \" b" AND`:              `"a \" b"`,
		`'open` + "\n" + `ALLOW`:    "'open",
		`"open` + "\r\n" + `ALLOW`:  `"open`,
		`"ends in \`:                `"ends in \`,
		"!= 'a'":                    "!=",
		"~ 'a'":                     "~",
		"\U0001f600\U0001f600":      "\U0001f600",
		"é":                         "é",
		"":                          "",
		"\nALLOW":                   "",
		"${bindParam:schema} = 'a'": "$",
	} {
		if got := text[:extent(text)]; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Invariant: whatever an editor sends, each remark is about a part of the text that lies on one line, and the parts of characters stay together.
func FuzzCheckedText(f *testing.F) {
	known := catalog.Default()
	for _, seed := range []string{
		"ALLOW a:b:c;", `DENY settings:objects:reed WHERE settings:schemaId IN ("a", 'b`, "ALLOW é:b:c WHERE x ~ \U0001f600;\nALLOW", "\x00", "// nothing", `"`, "\xff",
		"ALLOW settings:objects:read WHERE settings:schemaId = \"dt0c01.ABCDEFGHIJKLMNOPQRSTUVWX." + strings.Repeat("A", 64) + "\";",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		policy, ofPolicy := ReadPolicyText(text, known)
		boundary, ofBoundary := ReadBoundaryText(text, known)
		if policy == nil && !ofPolicy.HasErrors() || boundary == nil && !ofBoundary.HasErrors() {
			t.Fatal("nothing was read, and no error says why")
		}
		for _, d := range append(viewsOf(text, ofPolicy), viewsOf(text, ofBoundary)...) {
			if d.Offset > d.EndOffset || d.EndOffset > len(text) {
				t.Fatalf("%+v is beyond %d bytes", d, len(text))
			}
			if part := text[d.Offset:d.EndOffset]; strings.Contains(part, "\n") || utf8.ValidString(text) && !utf8.ValidString(part) {
				t.Fatalf("%+v is about %q", d, part)
			}
		}
	})
}

// Attack: a token stands in a policy, and a remark about its place repeats it to everybody who may read policies. Invariant: such a
// text gets one remark, which says where and not what.
func TestCheckedTextRepeatsNoSecret(t *testing.T) {
	secret := "dt0c01.ABCDEFGHIJKLMNOPQRSTUVWX." + strings.Repeat("A", 64)
	text := "ALLOW a:b:c;\n  ALLOW " + secret + ";"
	for _, found := range [][]diagnosticView{viewsOf(text, SecretIn(text))} {
		if len(found) != 1 || found[0].Code != "secret" || found[0].Line != 2 || strings.Contains(found[0].Message, "AAAA") {
			t.Errorf("%+v", found)
		}
	}
	if found := SecretIn("ALLOW a:b:c;"); found != nil {
		t.Errorf("%v", found)
	}
}
