package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/report"
)

// FuzzInert. Attack: somebody who asks for access, or has it, puts markup, terminal commands or marks that turn the
// direction of writing into a name, a reason or a path, and the administrator who reads the report runs them or is shown
// something else. Fix: what cannot be seen is written out, and the page's template escapes the rest. Invariant: whatever the
// texts are, no format has a character in it that does not show itself, JSON is JSON with the same texts, and a page has
// exactly the elements and attributes that it has with harmless texts.
func FuzzInert(f *testing.F) {
	f.Add("<img src=x onerror=alert(1)>", "\u202e\u2066\x1b[31m\u0085")
	f.Add("</style></title><script>", "\xff\xfe\U000e0041\ufe0f\u115f")
	f.Add(`"'>`+"`", "\\u{202E}\u2028\u2029\x00\u200d\u2800")
	f.Fuzz(func(t *testing.T, a, b string) {
		written := map[string]string{}
		for ending, write := range formats {
			var out bytes.Buffer
			if err := write(&out, reportWith(t, a, b)); err != nil {
				t.Fatal(err)
			}
			written[ending] = out.String()
			if at := strings.IndexFunc(out.String(), unseen); at >= 0 {
				r, _ := utf8.DecodeRuneInString(out.String()[at:])
				t.Errorf("%s has %U", ending, r)
			}
		}
		var read struct{ Request struct{ Reason string } }
		if err := json.Unmarshal([]byte(written[".json"]), &read); err != nil || read.Request.Reason != string([]rune(a)) {
			t.Errorf("%v, reason %q became %q", err, a, read.Request.Reason)
		}
		var harmless bytes.Buffer
		if err := report.HTML(&harmless, reportWith(t, "a", "b")); err != nil {
			t.Fatal(err)
		}
		if got, want := skeleton(t, written[".html"]), skeleton(t, harmless.String()); got != want {
			t.Errorf("the page has other elements: %q and %q", a, b)
		}
	})
}

// unseen is what must not stand in a report: all that moves something, and what is not there to the eye.
func unseen(r rune) bool {
	return r != '\n' && (unicode.In(r, unicode.C, unicode.Zl, unicode.Zp, unicode.Variation_Selector) || r != ' ' && unicode.Is(unicode.Zs, r))
}

// reportWith has the texts wherever somebody else chooses them.
func reportWith(t *testing.T, a, b string) report.Report {
	t.Helper()
	texts, err := json.Marshal(map[string]string{
		"role": a, "setting": b, "session": a, "client": b, "method": a, "path": b, "endpoint": a, "query": b,
	})
	if err != nil {
		t.Fatal(err)
	}
	patch, err := json.Marshal([]map[string]string{{"path": "/x" + a, "oldValue": "1" + a, "value": "2" + b}})
	if err != nil {
		t.Fatal(err)
	}
	detail := string(texts)
	q := remote.Request{
		ID: id, User: a, Reason: a, Ticket: b, By: b, ChangedBy: a, Changed: at(1), Approvals: []string{a, b}, Expires: at(2),
		State: remote.Accepted, BreakGlass: true, Reviewed: at(3), ReviewedBy: b, Review: a,
	}
	r := report.Of(q, trail(
		changed(0, a, "x"+b, string(patch)), refused(event(1, b, "session.login", detail), a), event(2, a, "session.login", detail),
		refused(event(3, a, "remote_access.update", detail), b),
		concluded(event(4, a, "remote_access.read", detail), audit.Outcome{Status: 200, BodyDigest: a, Cut: "x" + b}),
	))
	r.Head = "x" + a
	return r
}

// skeleton is a page without its texts.
func skeleton(t *testing.T, page string) string {
	t.Helper()
	var b strings.Builder
	for tokens := html.NewTokenizer(strings.NewReader(page)); ; {
		switch tokens.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
		default:
			b.WriteString(tokens.Token().String())
		}
	}
}
