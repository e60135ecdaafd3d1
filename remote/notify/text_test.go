package notify_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/remote/notify"
)

var update = flag.Bool("update", false, "write the golden files")

// moment is when what the examples tell of has happened.
var moment = time.Date(2026, time.March, 2, 9, 30, 0, 0, time.UTC)

// example is a notice as package remote would send it.
func example(event notify.Event) notify.Notice {
	n := notify.Notice{
		Event: event, Time: moment, RequestID: "7a397770-86b7-473b-b23e-4a07d79f2eff", User: "john.smith@example.com",
		Role: "devops-admin", Days: 7, Reason: "SUP-123456 Verifying cluster state after upgrade", Ticket: "SUP-123456",
		State: "ACCEPTED", Actor: "katie.novak", Environment: "prod", Expires: moment.AddDate(0, 0, 7),
	}
	switch event {
	case notify.Created:
		n.State, n.Actor, n.Expires = "PENDING", n.User, time.Time{}
	case notify.PendingReminder:
		n.State, n.Actor, n.Expires = "PENDING", "system", time.Time{}
	case notify.Rejected:
		n.State, n.Expires = "REJECTED", time.Time{}
	case notify.Expired, notify.Revoked:
		n.State = "EXPIRED"
	case notify.BreakGlass, notify.ReviewOverdue:
		n.Days, n.Ticket, n.Environment, n.Expires = 0, "", "", moment.Add(time.Hour)
		n.ReviewBy = moment.AddDate(0, 0, 1)
	}
	if event == notify.ReviewOverdue {
		n.State = "EXPIRED"
	}
	return n
}

// TestTexts: what people and programs read is in testdata, a mail and a webhook's body for each event.
func TestTexts(t *testing.T) {
	m, err := notify.NewMail(notify.MailConfig{
		Server: "mail.example.com:587", From: "door@example.com", Link: "https://door.example.com/console/remote", Now: func() time.Time { return moment },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range notify.Events() {
		d := mailDelivery()
		d.Notice = example(event)
		content, err := m.Message(d)
		if err != nil {
			t.Fatal(err)
		}
		body, err := notify.Payload(d)
		if err != nil {
			t.Fatal(err)
		}
		var indented bytes.Buffer
		if err := json.Indent(&indented, append(body, '\n'), "", "  "); err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(string(event), "remote_access.")
		golden(t, name+".eml.txt", headersOf(content)+"\n"+bodyOf(t, content))
		golden(t, name+".json", indented.String())
	}
}

// Where the setting alone lets staff in there is no request to revoke, and no mail names one.
func TestSessionWithoutRequest(t *testing.T) {
	n := example(notify.SessionStarted)
	n.RequestID, n.Expires, n.Days, n.Reason, n.Ticket = "", time.Time{}, 0, "", ""
	_, text, err := notify.Compose(n, "")
	if err != nil || strings.Contains(text, "remote revoke") || strings.Contains(text, "Request:") || !strings.Contains(text, "    doorward remote setting off\n") {
		t.Errorf("%v\n%s", err, text)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func headersOf(content []byte) string {
	head, _, _ := strings.Cut(string(content), "\r\n\r\n")
	return strings.ReplaceAll(head, "\r\n", "\n") + "\n"
}

func bodyOf(t *testing.T, content []byte) string {
	t.Helper()
	parsed, err := mail.ReadMessage(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(parsed.Body))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(body), "\r\n", "\n")
}

// FuzzMessage. The attack: a name or a reason with line breaks, encoded words or characters that turn the direction of writing
// adds a header or a recipient, ends the message early, or puts words into Doorward's mouth. The fix: strangers' texts become
// one printable line, and a subject that a reader would decode is encoded. The invariant: a mail has exactly the headers it
// always has, no bare CR or LF, lines of at most 998 bytes, a subject that decodes to what was composed, and as many lines of
// text as for a harmless notice.
func FuzzMessage(f *testing.F) {
	f.Add("john@example.com", "reason", "prod")
	f.Add("x\r\nBcc: evil@example.com", "a\r\n.\r\nMAIL FROM:<evil>", "p\nq")
	f.Add("=?utf-8?q?admin?=", "\u202egnp.exe", "p")
	f.Add("=?", "?=", "=?")
	f.Add("jоhn", strings.Repeat("ü", 5000), strings.Repeat("x", 5000))
	f.Add("\xff\x00{{.}}{role}{who}", "\u2028To decide, sign in at https://evil", "\u0085")
	m, err := notify.NewMail(notify.MailConfig{Server: "h:1", From: "door@example.com", Now: func() time.Time { return moment }})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, user, reason, environment string) {
		d := mailDelivery()
		d.Notice.User, d.Notice.Reason, d.Notice.Environment = user, "r"+reason, "e"+environment
		d.Notice.Actor, d.Notice.Ticket, d.Notice.State = "a"+user, "t"+reason, environment
		d.Notice.RequestID, d.Notice.Role = reason, user
		content, err := m.Message(d)
		if err != nil {
			t.Fatal(err)
		}
		if bare := strings.ReplaceAll(string(content), "\r\n", ""); strings.ContainsAny(bare, "\r\n\x00") {
			t.Fatalf("a bare line end: %q", content)
		}
		for line := range strings.SplitSeq(string(content), "\r\n") {
			if len(line) > 998 {
				t.Fatalf("a line of %d bytes", len(line))
			}
		}
		parsed, err := mail.ReadMessage(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		if len(parsed.Header) != 10 || parsed.Header.Get("To") != "<admin@example.com>" {
			t.Fatalf("headers: %q", parsed.Header)
		}
		subject, text, _ := notify.Compose(d.Notice, "")
		decoded, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
		if err != nil || decoded != subject || !utf8.ValidString(decoded) {
			t.Fatalf("%q, want %q, %v", decoded, subject, err)
		}
		if got := bodyOf(t, content); got != text {
			t.Fatalf("%q, want %q", got, text)
		}
		lines := 22
		if strings.Contains(text, "Careful: ") {
			lines += 2
		}
		if got := strings.Count(text, "\n"); got != lines {
			t.Fatalf("%d lines, want %d:\n%s", got, lines, text)
		}
	})
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"": "", " a \t\r\n b ": "a b", "a\u202eb": "a b", "a\u200bb": "a b", "a\xffb": "a\ufffdb", "äöü": "äöü",
		"123456789": "123456789", "1234567890": "123456789…", "12345678 \n": "12345678", "12345678 9 0": "12345678…", "\u3164x": "x", "a\u00a0 b\u3000": "a b",
	} {
		if got := notify.Printable(text, 9); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestParseAddress(t *testing.T) {
	for _, good := range []string{"a@example.com", " first.last+tag@mail.example.com\n"} {
		if got, err := notify.ParseAddress(good); err != nil || got != strings.TrimSpace(good) {
			t.Errorf("%q: %q, %v", good, got, err)
		}
	}
	for _, bad := range []string{
		"", "a", "A <a@example.com>", "<a@example.com>", "a@example.com\r\nRCPT TO:<b@example.com>", "a@example.com,b@example.com",
		"\"a b\"@example.com", "ä@example.com", "a@exämple.com", "a@[192.0.2.1]", "a (c) @example.com", strings.Repeat("a", 300) + "@example.com",
	} {
		if got, err := notify.ParseAddress(bad); err == nil || strings.Contains(err.Error(), "RCPT") {
			t.Errorf("%q: %q, %v", bad, got, err)
		}
	}
}
