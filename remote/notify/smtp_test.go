package notify_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/wneessen/go-mail/smtp"

	"github.com/doorward/doorward/remote/notify"
	"github.com/doorward/doorward/remote/notify/smtptest"
)

const password = "correct horse battery staple"

func mailDelivery() notify.Delivery {
	return notify.Delivery{ID: strings.Repeat("a1", 16), Channel: notify.ByMail, Target: "admin@example.com", Attempts: 1, Notice: example(notify.Created)}
}

// configFor is right for a server, with a password.
func configFor(s *smtptest.Server) notify.MailConfig {
	c := notify.MailConfig{
		Server: s.Addr, User: "door", Password: notify.NewSecret(password), From: "door@example.com", Roots: s.Roots(),
		Now: func() time.Time { return moment },
	}
	if s.Implicit {
		c.Security = notify.ImplicitTLS
	}
	return c
}

func sendMail(t *testing.T, c notify.MailConfig) error {
	t.Helper()
	m, err := notify.NewMail(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return m.Send(ctx, mailDelivery())
}

func TestMailArrives(t *testing.T) {
	for name, test := range map[string]struct {
		server *smtptest.Server
		change func(*notify.MailConfig)
		logins []string
	}{
		"STARTTLS, PLAIN": {&smtptest.Server{Offers: []string{"STARTTLS", "AUTH LOGIN PLAIN"}}, nil, []string{"PLAIN \x00door\x00" + password}},
		"TLS, LOGIN":      {&smtptest.Server{Implicit: true, Offers: []string{"AUTH LOGIN"}}, nil, []string{"LOGIN door|" + password}},
		"no password": {&smtptest.Server{Offers: []string{"STARTTLS"}}, func(c *notify.MailConfig) {
			c.User, c.Password = "", notify.Secret{}
		}, nil},
		"in the clear on this machine": {&smtptest.Server{}, func(c *notify.MailConfig) {
			c.User, c.Password, c.Security = "", notify.Secret{}, notify.Plaintext
		}, nil},
		"no good-bye": {&smtptest.Server{Implicit: true, Offers: []string{"AUTH PLAIN"}, Replies: map[string]string{"QUIT": "drop"}}, nil, []string{"PLAIN \x00door\x00" + password}},
	} {
		t.Run(name, func(t *testing.T) {
			server := test.server.Start(t)
			c := configFor(server)
			if test.change != nil {
				test.change(&c)
			}
			if err := sendMail(t, c); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.logins, server.Logins()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			mails := server.Mails()
			if len(mails) != 1 || mails[0].From != "door@example.com" || mails[0].To != "admin@example.com" ||
				!strings.Contains(mails[0].Content, "\nFrom: \"Doorward\" <door@example.com>\n") {
				t.Errorf("taken: %q", mails)
			}
			if all, inClear := server.Commands(); c.Security == notify.StartTLS && len(inClear) != 2 {
				t.Errorf("%d commands in the clear, not EHLO and STARTTLS alone: %q", len(inClear), all)
			}
		})
	}
}

// TestMailServerMisbehaves: whatever a server does, the try ends with an error that says nothing secret; it is final only
// where the address or the text are at fault. Nothing is taken for delivered that was not.
func TestMailServerMisbehaves(t *testing.T) {
	for name, test := range map[string]struct {
		replies map[string]string
		final   bool
		want    string
	}{
		"busy":                {map[string]string{"GREETING": "421 later"}, false, "connection: 421 later"},
		"hangs up at once":    {map[string]string{"GREETING": "drop"}, false, "connection"},
		"not SMTP":            {map[string]string{"GREETING": "HTTP/1.1 400 " + password}, false, "does not answer as SMTP"},
		"no STARTTLS today":   {map[string]string{"STARTTLS": "454 not now"}, false, "STARTTLS: 454"},
		"wrong password":      {map[string]string{"AUTH": "535 you said " + password}, false, "refused the password (535)"},
		"asks again":          {map[string]string{"AUTH": "334 cGFzcw=="}, false, "did not let us sign in"},
		"sender refused":      {map[string]string{"MAIL": "550 no"}, false, "sender: 550"},
		"repeats the secret":  {map[string]string{"MAIL": "451 ok " + password}, false, "not shown"},
		"greylisting":         {map[string]string{"RCPT": "450 come back"}, false, "recipient: 450"},
		"no relaying":         {map[string]string{"RCPT": "554 no relaying"}, false, "recipient: 554"},
		"nobody there":        {map[string]string{"RCPT": "550 5.1.1\tunknown"}, true, "recipient: 550 5.1.1 unknown"},
		"no DATA":             {map[string]string{"DATA": "451 disk"}, false, "content: 451"},
		"content refused":     {map[string]string{"CONTENT": "554 spam"}, true, "content: 554"},
		"dies after the text": {map[string]string{"CONTENT": "drop"}, false, "content"},
		"never stops talking": {map[string]string{"MAIL": "250-" + strings.Repeat("x", 1<<20)}, false, "too much"},
	} {
		t.Run(name, func(t *testing.T) {
			server := (&smtptest.Server{Offers: []string{"STARTTLS", "AUTH PLAIN"}, Replies: test.replies}).Start(t)
			err := sendMail(t, configFor(server))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("%v, want %q", err, test.want)
			}
			if refusal, ok := errors.AsType[*notify.Refusal](err); (ok && refusal.Final) != test.final {
				t.Errorf("final is not %v: %v", test.final, err)
			}
			if strings.Contains(err.Error(), password) {
				t.Error("the password shows")
			}
			if mails := server.Mails(); len(mails) != 0 {
				t.Errorf("taken: %q", mails)
			}
		})
	}
}

// TestSilentMailServer: a server that stops answering holds a try only as long as its context.
func TestSilentMailServer(t *testing.T) {
	for _, command := range []string{"GREETING", "EHLO", "STARTTLS", "MAIL", "DATA", "CONTENT"} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			server := (&smtptest.Server{Offers: []string{"STARTTLS", "AUTH PLAIN"}, Replies: map[string]string{command: ""}}).Start(t)
			m, err := notify.NewMail(configFor(server))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			if err := m.Send(ctx, mailDelivery()); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestNoDowngrade. The attack: somebody between us and the mail server strips STARTTLS, shows another certificate, or slips
// answers in before TLS begins, to read the password or the mail. The invariant: no password and no mail leaves without TLS
// to the server that was asked for, and nothing that was said before TLS counts after it.
func TestNoDowngrade(t *testing.T) {
	for name, test := range map[string]struct {
		server *smtptest.Server
		change func(*notify.MailConfig)
		want   string
	}{
		"STARTTLS stripped":  {&smtptest.Server{Offers: []string{"AUTH PLAIN"}}, nil, "not support STARTTLS"},
		"back to HELO":       {&smtptest.Server{Offers: []string{"STARTTLS"}, Replies: map[string]string{"EHLO": "500 what?"}}, nil, "not support STARTTLS"},
		"other certificate":  {&smtptest.Server{Offers: []string{"STARTTLS", "AUTH PLAIN"}}, func(c *notify.MailConfig) { c.Roots = nil }, "certificate"},
		"other, implicit":    {&smtptest.Server{Implicit: true}, func(c *notify.MailConfig) { c.Roots = nil }, "certificate"},
		"plain for TLS":      {&smtptest.Server{Offers: []string{"AUTH PLAIN"}}, func(c *notify.MailConfig) { c.Security = notify.ImplicitTLS }, "first record does not look like a TLS handshake"},
		"answers slipped in": {&smtptest.Server{Offers: []string{"STARTTLS"}, Inject: "\r\n250-evil\r\n250 AUTH PLAIN"}, nil, ""},
		"clear, not loopback": {&smtptest.Server{}, func(c *notify.MailConfig) {
			c.Security, c.User, c.Password, c.Server = notify.Plaintext, "", notify.Secret{}, "192.0.2.1:25"
		}, "only this machine"},
	} {
		t.Run(name, func(t *testing.T) {
			server := test.server.Start(t)
			c := configFor(server)
			if test.change != nil {
				test.change(&c)
			}
			if err := sendMail(t, c); err == nil && test.want != "" || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
			_, inClear := server.Commands()
			for _, command := range inClear {
				if verb, _, _ := strings.Cut(command, " "); slices.Contains([]string{"AUTH", "MAIL", "RCPT", "DATA"}, verb) {
					t.Errorf("in the clear: %q", command)
				}
			}
		})
	}
}

// TestNoPasswordInClear. The attack: a connection without TLS, to a server that calls itself this machine, which the library
// would trust with a password. The invariant: no mechanism begins without TLS, whatever the server's name and offers.
func TestNoPasswordInClear(t *testing.T) {
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "mail.example.com"} {
		for _, offers := range [][]string{nil, {"LOGIN"}, {"PLAIN", "LOGIN"}, {"SCRAM-SHA-256", "CRAM-MD5"}} {
			mechanism, first, err := notify.SignIn("door", notify.NewSecret(password)).Start(&smtp.ServerInfo{Name: name, Auth: offers})
			if err == nil || mechanism != "" || first != nil || strings.Contains(err.Error(), password) {
				t.Errorf("%s, %q: %q, %q, %v", name, offers, mechanism, first, err)
			}
		}
	}
}

func TestMailConfig(t *testing.T) {
	good := notify.MailConfig{Server: "mail.example.com:587", From: "door@example.com", User: "u", Password: notify.NewSecret(password), Link: "https://door.example.com/console"}
	if _, err := notify.NewMail(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*notify.MailConfig){
		"no port": func(c *notify.MailConfig) { c.Server = "mail.example.com" }, "no host": func(c *notify.MailConfig) { c.Server = ":25" },
		"sender": func(c *notify.MailConfig) { c.From = "Door <door@example.com>" }, "hello": func(c *notify.MailConfig) { c.Hello = "a\r\nRSET" },
		"http link": func(c *notify.MailConfig) { c.Link = "http://door.example.com" }, "broken link": func(c *notify.MailConfig) { c.Link = "https://a\nb" },
		"no user": func(c *notify.MailConfig) { c.User = "" }, "no password": func(c *notify.MailConfig) { c.Password = notify.Secret{} },
		"password in the clear": func(c *notify.MailConfig) { c.Security = notify.Plaintext },
	} {
		c := good
		change(&c)
		if _, err := notify.NewMail(c); err == nil || strings.Contains(err.Error(), password) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v %s %q %x %d", good, good, good, good.Password, good.Password, good.Password, good.Password); strings.Contains(text, password) || strings.Contains(text, fmt.Sprintf("%x", password)) {
		t.Errorf("the password shows: %s", text)
	}
}

func TestMailServerAway(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	c := notify.MailConfig{Server: listener.Addr().String(), From: "door@example.com"}
	err = sendMail(t, c)
	if refusal, ok := errors.AsType[*notify.Refusal](err); err == nil || ok && refusal.Final {
		t.Errorf("%v", err)
	}
}
