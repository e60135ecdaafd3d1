package tokens_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/doorward/doorward/tokens"
)

func TestMask(t *testing.T) {
	access := "dt0c01." + public24
	for name, test := range map[string]struct{ text, want string }{
		"nothing":             {"no secret here", "no secret here"},
		"dots":                {"a.b.c 10.0.0.1 www.example.com ...", "a.b.c 10.0.0.1 www.example.com ..."},
		"identifier":          {access, access},
		"alone":               {access + "." + secret64, access + ".***"},
		"in a header":         {"Authorization: Api-Token " + access + "." + secret64 + "\r\n", "Authorization: Api-Token " + access + ".***\r\n"},
		"in JSON":             {`{"token":"` + access + "." + secret64 + `"}`, `{"token":"` + access + `.***"}`},
		"in a query":          {"/x?api-token=" + access + "." + secret64 + "&y=1", "/x?api-token=" + access + ".***&y=1"},
		"dots escaped":        {"/x?api-token=dt0c01%2E" + public24 + "%2e" + secret64 + "&y=1", "/x?api-token=dt0c01%2E" + public24 + "%2e***&y=1"},
		"other escapes":       {"dt0c01%20" + public24 + "." + secret64, "dt0c01%20" + public24 + "." + secret64},
		"two":                 {access + "." + secret64 + "," + access + "." + secret64, access + ".***," + access + ".***"},
		"ends a sentence":     {access + "." + secret64 + ".", access + ".***."},
		"glued to a word":     {"token_" + access + "." + secret64, "token_" + access + ".***"},
		"glued in upper case": {"X" + access + "." + secret64, "X" + access + ".***"},
		"upper-case prefix":   {"DT0C01." + public24 + "." + secret64, "DT0C01." + public24 + ".***"},
		"lower-case secret":   {access + "." + strings.ToLower(secret64), access + ".***"},
		"longer secret":       {access + "." + secret64 + secret64, access + ".***"},
		"secret with a tail":  {access + "." + secret64 + "_x", access + ".***_x"},
		"cut to 40":           {access + "." + secret64[:40], access + ".***"},
		"cut to 39":           {access + "." + secret64[:39], access + "." + secret64[:39]},
		"agent connection":    {"dt0a01.abc-12345." + hex64, "dt0a01.abc-12345.***"},
		"collector":           {"EEC dt0x01." + public24 + "." + secret64, "EEC dt0x01." + public24 + ".***"},
		"custom kind":         {"shop01.A." + secret64, "shop01.A.***"},
		"longest custom kind": {"abcdefghijklmnop." + strings.Repeat("a-", 64) + "." + secret64, "abcdefghijklmnop." + strings.Repeat("a-", 64) + ".***"},
		"JWT":                 {"Bearer eyJhbGciOiJI.eyJzdWIi_-x.c2lnbmF0dXJl-_x done", "Bearer eyJhbGciOiJI.eyJzdWIi_-x.*** done"},
		"JWT glued":           {"jwt_eyJh.eyJz.sig", "jwt_eyJh.eyJz.***"},
		"JWT unsigned":        {"eyJh.eyJz.", "eyJh.eyJz."},
		"JWT, one part":       {"eyJh.c2ln.c2ln", "eyJh.c2ln.c2ln"},
		"secret as a public":  {"dt0c01." + public24 + "." + secret64 + "." + secret64, access + ".***.***"},
		"two dots":            {"dt0c01.." + secret64, "dt0c01.." + secret64},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tokens.Mask(test.text); got != test.want {
				t.Errorf("Mask = %q\nwant   %q", got, test.want)
			}
			input := []byte(test.text)
			if got := tokens.MaskBytes(input); string(got) != test.want || string(input) != test.text {
				t.Errorf("MaskBytes = %q and left %q behind", got, input)
			}
		})
	}
}

func TestMaskWithoutSecretDoesNotAllocate(t *testing.T) {
	text := strings.Repeat("GET /api/v2/metrics/query HTTP/1.1 Host: abc.live.example.com 10.0.0.1 ", 20)
	raw := []byte(text)
	if n := testing.AllocsPerRun(50, func() { tokens.Mask(text); tokens.MaskBytes(raw) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if got := tokens.MaskBytes(raw); &got[0] != &raw[0] {
		t.Error("a text without a secret was copied")
	}
}

// The documented expressions, widened to any prefix that can be configured. What they find must be gone.
var (
	tokenShape = regexp.MustCompile(`(?:\bdt0[a-zA-Z][0-9]{2}|\b[a-z][a-z0-9]{2,15})\.[A-Za-z0-9-]{1,128}\.[A-Za-z0-9]{40,}`)
	jwtShape   = regexp.MustCompile(`ey[\w-]+\.ey[\w-]+\.[\w-]+`)
	// What a scanner looks for, wherever it stands.
	scannerShape = regexp.MustCompile(`dt0[a-zA-Z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}`)
)

// Invariant: no secret of a recognisable token or JWT survives, masking twice changes nothing, the forms for strings and
// bytes agree, and nothing but secrets is taken out.
func FuzzMask(f *testing.F) {
	access := "dt0c01." + public24 + "." + secret64
	for _, seed := range []string{
		"", access, "x" + access + "y", access + "." + access, "_" + access + "_." + access, "eyJh.eyJz.sig", "eyeyey.eyey.ey.eyeyey.ey-",
		"shop01.A-b." + strings.ToLower(secret64) + "-eyX.eyY.z", strings.Repeat("a.", 300), "dt0a01.x." + hex64, "é" + access + "é",
		access[:40] + "\x00" + access[40:], "a-b.c." + secret64,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := tokens.Mask(text)
		for _, shape := range []*regexp.Regexp{tokenShape, jwtShape, scannerShape} {
			if left := shape.FindString(got); left != "" {
				t.Fatalf("%q is left of %q", left, text)
			}
		}
		if again := tokens.Mask(got); again != got {
			t.Fatalf("masked twice: %q, then %q", got, again)
		}
		if raw := tokens.MaskBytes([]byte(text)); !bytes.Equal(raw, []byte(got)) {
			t.Fatalf("MaskBytes gives %q, Mask %q", raw, got)
		}
		if !onlyTakesOut(text, got) {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

// onlyTakesOut: between the marks stands, in order, what stood in the text.
func onlyTakesOut(text, masked string) bool {
	for piece := range strings.SplitSeq(masked, "***") {
		at := strings.Index(text, piece)
		if at < 0 {
			return false
		}
		text = text[at+len(piece):]
	}
	return true
}

// Attack: a text made to keep a masking expression busy. Invariant: the work grows with the length, not faster; here a
// megabyte of each kind, which anything quadratic would not finish within the time of a test.
func TestMaskIsLinear(t *testing.T) {
	for _, unit := range []string{".", "a.", "ey.", "eyx.", "dt0c01.", "a", "ey", "dt0c01." + public24 + ".", secret64 + "."} {
		text := strings.Repeat(unit, 1<<20/len(unit))
		if got := tokens.Mask(text); len(got) > len(text) {
			t.Errorf("%q repeated grew from %d to %d", unit, len(text), len(got))
		}
	}
}
