package doorwardcmd_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"mime/quotedprintable"
	"net/http"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/notify/smtptest"
)

// mailOffers are those of an ordinary mail server.
var mailOffers = []string{"STARTTLS", "AUTH PLAIN"}

const query = "/api/v2/metrics/query"

// TestRemote_FromRequestToExpiry is the whole story: a member of the staff is refused and told how to ask, asks, is let in by an
// administrator, works, and is out when the time is over. Everybody hears of everything once.
func TestRemote_FromRequestToExpiry(t *testing.T) {
	g := startRemoteGateway(t, (&smtptest.Server{Offers: mailOffers}).Start(t))
	john := g.staff("John.Smith@example.com")

	status, answer := g.call(http.MethodGet, g.url+query, john, "")
	way := regexp.MustCompile(`The role devops-viewer would do; ask for it with POST (http[^" ]+)`).FindStringSubmatch(answer)
	if status != http.StatusForbidden || way == nil || way[1] != g.url+"/api/doorward/v1/remoteAccess/ownRequests" {
		t.Fatalf("%d %s", status, answer)
	}
	id := g.ask(john, "SUP-123456 Verifying cluster state after upgrade")
	await(t, "both administrators have a mail about the request", func() bool { return len(g.mails()) >= 2 })
	if status, answer = g.call(http.MethodGet, g.url+query, john, ""); status != http.StatusForbidden {
		t.Fatalf("without approval: %d %s", status, answer)
	}
	if text := g.mails()[0].text; !strings.Contains(text, "\n    doorward remote approve "+id+"\n") || !strings.Contains(text, "> SUP-123456 Verifying") {
		t.Errorf("the mail does not say what to do about what:\n%s", text)
	}

	g.doorward("remote", "approve", id)
	awaitStatus(t, http.StatusOK, func() (int, string) { return g.call(http.MethodGet, g.url+query, john, "") })
	await(t, "the session and the approval are told", func() bool { return len(g.mails()) >= 4 && len(g.chat.heard()) >= 3 })

	report := g.doorward("remote", "report", id)
	if !regexp.MustCompile(`(?m)^\S+ +200 +GET +`+query+`$`).MatchString(report) || !strings.Contains(report, "SUP-123456 Verifying") {
		t.Errorf("the report does not tell what was done:\n%s", report)
	}

	g.endSoon(id)
	awaitStatus(t, http.StatusForbidden, func() (int, string) { return g.call(http.MethodGet, g.url+query, john, "") })
	await(t, "the end is told", func() bool { return len(g.mails()) >= 6 && len(g.chat.heard()) >= 4 })

	const user = "john.smith@example.com"
	var want, got []string
	for _, subject := range []string{user + " asks for remote access as Viewer", user + " has remote access as Viewer", "Ended: remote access of " + user} {
		want = append(want, "ann@example.com: "+subject, "katie@example.com: "+subject)
	}
	for _, m := range g.mails() {
		got = append(got, m.to+": "+strings.TrimPrefix(m.header.Get("Subject"), "[Doorward] "))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
	heard := g.chat.heard()
	slices.Sort(heard) // those of one second may overtake each other
	if diff := cmp.Diff([]string{
		"remote_access.accepted: " + user + ", ACCEPTED", "remote_access.created: " + user + ", PENDING",
		"remote_access.expired: " + user + ", EXPIRED", "remote_access.session_started: " + user + ", ACCEPTED",
	}, heard); diff != "" {
		t.Errorf("webhooks (-want +got):\n%s", diff)
	}
	if _, inClear := g.mail.Commands(); slices.ContainsFunc(inClear, isTelling) {
		t.Errorf("said in the clear: %q", inClear)
	}
}

// TestRemote_MailServerDown. A mail server that is away holds up nobody who asks, its failure is on record, and every mail
// arrives, once, when it is back.
func TestRemote_MailServerDown(t *testing.T) {
	server := &smtptest.Server{Addr: unusedAddress(t), Offers: mailOffers}
	g := startRemoteGateway(t, server)
	id := g.ask(g.staff("john.smith@example.com"), "SUP-1 look")
	await(t, "two failures are on record", func() bool { return g.attempts(id)["mail, remote_access.created: later"] == 2 })
	await(t, "the webhook is there all the same", func() bool { return len(g.chat.heard()) == 1 })

	server.Start(t)
	g.retrySoon()
	await(t, "two mails and a webhook are on record", func() bool {
		n := g.attempts(id)
		return n["mail, remote_access.created: delivered"] == 2 && n["webhook, remote_access.created: delivered"] > 0
	})
	want := map[string]int{
		"webhook, remote_access.created: delivered": 1, "mail, remote_access.created: later": 2, "mail, remote_access.created: delivered": 2,
	}
	if diff := cmp.Diff(want, g.attempts(id)); diff != "" {
		t.Errorf("on record (-want +got):\n%s", diff)
	}
	if n := len(g.mails()); n != 2 {
		t.Errorf("%d mails, want 2", n)
	}
}

// TestRemote_MailHeaders. The attack: what a request says ends up in a mail, so a line break in it would add a recipient, and words
// that look like a header or like an encoded one could pass for one. The invariant: what has a line break is refused, and all else is
// text: the mail has the same headers as every other, and goes to the administrators alone.
func TestRemote_MailHeaders(t *testing.T) {
	g := startRemoteGateway(t, (&smtptest.Server{Offers: mailOffers}).Start(t))
	john := g.staff("john.smith@example.com")
	admin := g.token("--cluster", "--name", "boss", "--owner", "boss@example.com", "--scope", "remoteaccess.request")
	const own, all = "/api/doorward/v1/remoteAccess/ownRequests", "/api/cluster/v2/remoteaccess/requests"
	for _, test := range []struct{ path, token, user, reason string }{
		{own, john, "", "SUP-1\r\nBcc: eve@example.com"},
		{own, john, "", "SUP-1\nBcc: eve@example.com"},
		{own, john, "", "SUP-1\u2028Bcc: eve@example.com"},
		{all, admin, "john@example.com\r\nBcc: eve@example.com", "SUP-1"},
		{all, admin, "john@example.com, eve@example.com", "SUP-1"},
		{all, admin, "=?utf-8?q?john=0D=0ABcc:_eve?=<john@example.com>", "SUP-1"},
	} {
		body, _ := json.Marshal(map[string]any{"userId": test.user, "role": "devops-viewer", "requestedDays": 1, "reason": test.reason})
		if status, answer := g.call(http.MethodPost, g.url+test.path, test.token, string(body)); status != http.StatusBadRequest {
			t.Errorf("%q, %q: %d %s", test.user, test.reason, status, answer)
		}
	}
	if out, err := docsCommand(t, g.dir, "doorward", "remote", "grant", "john\nBcc: eve@example.com", "--role", "devops-viewer", "--days", "1",
		"--reason", "SUP-1").CombinedOutput(); err == nil {
		t.Errorf("granted: %s", out)
	}

	const reason = "SUP-2 Bcc: eve@example.com =?utf-8?q?=0D=0ABcc:_eve=40example.com?= <b>Grüße</b> \u05d0"
	g.ask(john, reason)
	await(t, "both administrators have a mail", func() bool { return len(g.mails()) >= 2 })
	headers := []string{
		"Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "References", "Subject", "To",
	}
	for _, m := range g.mails() {
		if diff := cmp.Diff(headers, slices.Sorted(maps.Keys(m.header))); diff != "" {
			t.Errorf("headers (-want +got):\n%s", diff)
		}
		if m.header.Get("To") != "<"+m.to+">" || !slices.Contains([]string{"ann@example.com", "katie@example.com"}, m.to) || !strings.Contains(m.text, "> "+reason+"\n") {
			t.Errorf("a mail to %s, %q:\n%s", m.to, m.header, m.text)
		}
	}
}

// TestRemote_NoStartTLS. The attack: somebody on the way to the mail server strips STARTTLS, or has it refused, to read the
// password and who asks for what. The invariant: nothing is said in the clear; the mail waits, and the request does not.
func TestRemote_NoStartTLS(t *testing.T) {
	for name, server := range map[string]*smtptest.Server{
		"stripped": {Offers: []string{"AUTH PLAIN"}},
		"refused":  {Offers: mailOffers, Replies: map[string]string{"STARTTLS": "454 not now"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := startRemoteGateway(t, server.Start(t))
			id := g.ask(g.staff("john.smith@example.com"), "SUP-1 look")
			await(t, "two failures are on record", func() bool { return g.attempts(id)["mail, remote_access.created: later"] == 2 })
			all, inClear := server.Commands()
			if len(all) == 0 || len(all) != len(inClear) || slices.ContainsFunc(all, isTelling) {
				t.Errorf("the server heard %q", all)
			}
			if len(server.Mails()) != 0 || len(server.Logins()) != 0 {
				t.Errorf("mails %q", server.Mails())
			}
			if !strings.Contains(g.log.String(), "STARTTLS") {
				t.Error("the log does not say why")
			}
		})
	}
}

// isTelling reports whether a command says who asks for what, or under which password.
func isTelling(command string) bool {
	verb, _, _ := strings.Cut(command, " ")
	return !slices.Contains([]string{"EHLO", "STARTTLS", "QUIT"}, strings.ToUpper(verb))
}

// sentMail is a mail as its reader sees it.
type sentMail struct {
	to, text string
	header   mail.Header
}

// mails are those that the server has taken so far.
func (g *remoteGateway) mails() []sentMail {
	g.t.Helper()
	var read []sentMail
	for _, m := range g.mail.Mails() {
		message, err := mail.ReadMessage(strings.NewReader(m.Content))
		if err != nil {
			g.t.Fatalf("%v in %q", err, m.Content)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
		if err != nil {
			g.t.Fatal(err)
		}
		message.Header["Subject"] = []string{subject}
		text, err := io.ReadAll(quotedprintable.NewReader(message.Body))
		if err != nil {
			g.t.Fatal(err)
		}
		read = append(read, sentMail{to: m.To, header: message.Header, text: strings.ReplaceAll(string(text), "\r\n", "\n")})
	}
	return read
}

// attempts count what the audit trail has of tries to tell somebody of a request.
func (g *remoteGateway) attempts(id string) map[string]int {
	g.t.Helper()
	count := map[string]int{}
	g.inStore(func(ctx context.Context, s store.Store) error {
		events, err := s.AuditEvents(ctx, store.AuditQuery{Object: id, Action: "notification.send", Limit: 100})
		for _, e := range events {
			if strings.HasSuffix(e.Message, ": delivered") == e.Failed {
				g.t.Errorf("%q, failed: %v", e.Message, e.Failed)
			}
			count[e.Message]++
		}
		return err
	})
	return count
}

// endSoon moves the end of a grant, so that a test need not take a day.
func (g *remoteGateway) endSoon(id string) {
	g.t.Helper()
	g.inStore(func(ctx context.Context, s store.Store) error {
		return s.UpdateRemoteRequest(ctx, id, new(remote.Entry), func(_ remote.SettingRecord, r *remote.Request) error {
			r.Expires = time.Now().Add(2 * time.Second).UTC().Truncate(time.Millisecond)
			return nil
		})
	})
}

// retrySoon ends the pauses after tries that have failed: everything that waits is due now.
func (g *remoteGateway) retrySoon() {
	g.t.Helper()
	g.inStore(func(ctx context.Context, s store.Store) error {
		now := time.Now().UTC().Truncate(time.Millisecond)
		_, err := s.Outbox().Due(ctx, now.Add(time.Hour), now, 100)
		return err
	})
}
