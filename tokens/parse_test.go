package tokens_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/doorward/doorward/tokens"
)

var (
	public24 = strings.Repeat("AZ09", 6)
	secret64 = strings.Repeat("BY18", 16)
	hex64    = strings.Repeat("0af9", 16)
)

func formats(t testing.TB, custom ...tokens.Format) *tokens.Formats {
	t.Helper()
	f, err := tokens.NewFormats(custom...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestParseAccepts(t *testing.T) {
	fs := formats(t, tokens.Format{Prefix: "shop01", Schemes: []tokens.Scheme{tokens.Bearer}, Mintable: true})
	for _, id := range []string{
		"dt0c01." + public24, "dt0s16." + public24, "dt0s02." + public24, "dt0s02.ABCD1234", "dt0g02.ABCD1234",
		"shop01." + public24, "dt0s12.dtctl", "dt0s06." + public24,
	} {
		p, err := fs.Parse(id + "." + secret64)
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		if p.ID != id || !p.Digest().Equal(tokens.DigestOf(secret64)) || !strings.HasPrefix(id, p.Format.Prefix+".") {
			t.Errorf("%s was read as %v of format %q", id, p, p.Format.Prefix)
		}
	}
	if _, err := fs.Parse("dt0a01.abc-12345." + hex64); err != nil {
		t.Errorf("agent connection token: %v", err)
	}
}

// Attack: spellings that some other reader takes for the same token, to slip past a lock, a log mask or a limit that
// goes by the text. Fix: one exact spelling. Invariant: no error quotes any of the text.
func TestParseRefuses(t *testing.T) {
	fs := formats(t)
	good := "dt0c01." + public24 + "." + secret64
	for name, text := range map[string]string{
		"empty":                   "",
		"dots only":               "..",
		"identifier only":         "dt0c01." + public24,
		"four parts":              good + ".",
		"leading dot":             "." + good,
		"space before":            " " + good,
		"space after":             good + " ",
		"newline after":           good + "\n",
		"NUL after":               good + "\x00",
		"lower-case public":       "dt0c01." + strings.ToLower(public24) + "." + secret64,
		"lower-case secret":       "dt0c01." + public24 + "." + strings.ToLower(secret64),
		"upper-case prefix":       strings.ToUpper("dt0c01") + "." + public24 + "." + secret64,
		"unknown prefix":          "dt0z99." + public24 + "." + secret64,
		"short public":            "dt0c01." + public24[1:] + "." + secret64,
		"long public":             "dt0c01.A" + public24 + "." + secret64,
		"short secret":            good[:len(good)-1],
		"long secret":             good + "A",
		"Cyrillic letter":         "dt0c01.А" + public24[2:] + "." + secret64,
		"full-width digit":        "dt0c01." + public24[3:] + "１." + secret64,
		"8 characters for access": "dt0c01.ABCD1234." + secret64,
		"hyphen":                  "dt0c01." + public24[1:] + "-." + secret64,
		"upper-case hexadecimal":  "dt0a01.abc12345." + strings.ToUpper(hex64),
		"empty tenant":            "dt0a01.." + hex64,
		"very long":               "dt0c01." + strings.Repeat("A", 1<<20) + "." + secret64,
	} {
		_, err := fs.Parse(text)
		if !errors.Is(err, tokens.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for part := range strings.SplitSeq(text, ".") {
			if len(part) > 3 && strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error %q quotes the token", name, err)
			}
		}
	}
}

func TestPresentedPrintsNoSecret(t *testing.T) {
	p, err := formats(t).Parse("dt0c01." + public24 + "." + secret64)
	if err != nil {
		t.Fatal(err)
	}
	wrapped := struct{ hidden tokens.Presented }{p}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if text := fmt.Sprintf(verb+verb, p, wrapped); strings.Contains(text, secret64) {
			t.Errorf("%s prints the secret", verb)
		}
	}
	if p.String() != "dt0c01."+public24+".***" {
		t.Errorf("String = %q", p)
	}
}

func TestParseDoesNotAllocate(t *testing.T) {
	fs, good := formats(t), "dt0c01."+public24+"."+secret64
	for _, text := range []string{good, good[:50], good + "A", "dt0z99" + good[6:]} {
		if n := testing.AllocsPerRun(100, func() { _, _ = fs.Parse(text) }); n != 0 {
			t.Errorf("%d characters: %v allocations", len(text), n)
		}
	}
}

// documented writes a format as the regular expression that its documentation would have.
func documented(f tokens.Format) *regexp.Regexp {
	class := map[tokens.Alphabet]string{tokens.UpperDigits: "[A-Z0-9]", tokens.LowerHex: "[a-f0-9]", tokens.Label: "[A-Za-z0-9-]"}
	var lengths []string
	for _, n := range f.Public {
		lengths = append(lengths, fmt.Sprintf("%s{%d}", class[f.PublicAlphabet], n))
	}
	if lengths == nil {
		lengths = []string{class[f.PublicAlphabet] + "{1,128}"}
	}
	return regexp.MustCompile(fmt.Sprintf(`\A(%s\.(?:%s))\.(%s{%d})\z`,
		f.Prefix, strings.Join(lengths, "|"), class[f.SecretAlphabet], f.Secret))
}

// Invariant: Parse accepts exactly what the documented expression of one of its formats matches, identifier and secret
// are the two halves of the text, and Mask hides the secret of whatever Parse accepts.
func FuzzParse(f *testing.F) {
	fs := formats(f)
	var expressions []*regexp.Regexp
	for _, format := range tokens.BuiltIn {
		expressions = append(expressions, documented(format))
		f.Add(format.Prefix + "." + public24 + "." + secret64)
		f.Add(format.Prefix + ".ABCD1234." + secret64)
		f.Add(format.Prefix + ".abc-12345." + hex64)
	}
	f.Add("dt0c01..")
	f.Add("dt0c01." + public24 + "." + secret64 + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		var match []string
		for _, e := range expressions {
			if m := e.FindStringSubmatch(text); m != nil {
				match = m
			}
		}
		p, err := fs.Parse(text)
		if (err == nil) != (match != nil) {
			t.Fatalf("Parse: %v; the documented expressions match: %v", err, match != nil)
		}
		if err != nil {
			return
		}
		if p.ID != match[1] || !p.Digest().Equal(tokens.DigestOf(match[2])) || p.ID+"."+match[2] != text {
			t.Fatalf("read as %q", p)
		}
		if masked := tokens.Mask(text); masked != p.ID+".***" {
			t.Fatalf("masked as %q", masked)
		}
	})
}
