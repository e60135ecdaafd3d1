package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"slices"
	"strings"
	"time"
)

// Security is how the way to the mail server is protected.
type Security uint8

const (
	// StartTLS begins in the clear and demands STARTTLS before anything is said. Usual on port 587.
	StartTLS Security = iota
	// ImplicitTLS speaks TLS from the first byte. Usual on port 465.
	ImplicitTLS
	// Plaintext protects nothing. It is only for a server on the same machine, and without a password.
	Plaintext
)

// MailConfig is how mails are sent.
type MailConfig struct {
	Server   string // host:port
	Security Security
	User     string // "" for no authentication
	Password Secret
	From     string         // plain address
	Hello    string         // name of this machine for the server; "" means localhost
	Link     string         // page on which requests are decided, shown in mails; "" for none
	Roots    *x509.CertPool // whose certificates the server's must come from; nil means those of the system
	// Now is the clock of the date of mails. nil means time.Now.
	Now func() time.Time
}

// Mail sends mails through one SMTP server, one connection for each. It implements Sender.
type Mail struct {
	config MailConfig
	host   string
	dialer net.Dialer
}

// NewMail checks the configuration. It does not connect.
func NewMail(c MailConfig) (*Mail, error) {
	host, _, err := net.SplitHostPort(c.Server)
	if err != nil || host == "" {
		return nil, errors.New("the mail server is to be given as host:port")
	}
	if c.From, err = ParseAddress(c.From); err != nil {
		return nil, fmt.Errorf("the sender of mails: %w", err)
	}
	if c.Hello == "" {
		c.Hello = "localhost"
	}
	if strings.ContainsFunc(c.Hello, unfit) {
		return nil, errors.New("the name to greet the mail server with is not a host name")
	}
	if c.Link != "" && (strings.ContainsFunc(c.Link, isBlank) || !strings.HasPrefix(c.Link, "https://")) {
		return nil, errors.New("the link in mails is to be an https address")
	}
	if c.User == "" && c.Password.text != "" || c.User != "" && c.Password.text == "" {
		return nil, errors.New("a user and a password for the mail server go together")
	}
	m := &Mail{config: c, host: host}
	if c.Security == Plaintext {
		if c.User != "" {
			return nil, errors.New("a password for the mail server needs TLS")
		}
		m.dialer.Control = onlyLoopback
	}
	if m.config.Now == nil {
		m.config.Now = time.Now
	}
	return m, nil
}

func isBlank(r rune) bool { return r <= ' ' || r == 0x7f }

// Send implements Sender. A server that refuses the connection, the sender or the password may be mended, so that is tried
// again; only an address that does not exist and a text that the server will not have are final.
func (m *Mail) Send(ctx context.Context, d Delivery) error {
	to, err := ParseAddress(d.Target)
	if err != nil {
		return &Refusal{Cause: err, Final: true}
	}
	subject, text, err := compose(d.Notice, m.config.Link)
	if err != nil {
		return &Refusal{Cause: err, Final: true}
	}
	content, err := message(envelope{
		from: m.config.From, to: to, subject: subject, date: m.config.Now(), id: d.ID, thread: threadOf(d.Notice.RequestID),
	}, text)
	if err != nil {
		return &Refusal{Cause: err, Final: true}
	}
	conn, err := m.dialer.DialContext(ctx, "tcp", m.config.Server)
	if err != nil {
		return fmt.Errorf("connecting to the mail server: %w", err)
	}
	defer conn.Close()
	// Whatever the server does, or does not do, the end of the context ends it.
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if err := m.transact(&bounded{Conn: conn, left: maxReplies}, to, content); err != nil {
		return errors.Join(err, ctx.Err())
	}
	return nil
}

// transact has one conversation with the server.
func (m *Mail) transact(conn net.Conn, to string, content []byte) error {
	if m.config.Security == ImplicitTLS {
		conn = tls.Client(conn, m.tls())
	}
	client, err := smtp.NewClient(conn, m.host)
	if err != nil {
		return m.refused("greeting", err)
	}
	defer func() { _ = client.Close() }()
	if err := m.introduce(client); err != nil {
		return err
	}
	if err := client.Mail(m.config.From); err != nil {
		return m.refused("sender", err)
	}
	if err := client.Rcpt(to); err != nil {
		return m.refused("recipient", err, 550, 551, 553) // RFC 5321 section 4.2.3: the mailbox, not the relaying
	}
	if err := deliver(client, content); err != nil {
		return m.refused("content", err, 550, 552, 554)
	}
	_ = client.Quit() // the mail is the server's now, however it says good-bye
	return nil
}

// introduce gets as far as the server listening to us: name, TLS, password.
func (m *Mail) introduce(client *smtp.Client) error {
	if err := client.Hello(m.config.Hello); err != nil {
		return m.refused("name", err)
	}
	if m.config.Security == StartTLS {
		if ok, _ := client.Extension("STARTTLS"); !ok {
			return errors.New("the mail server offers no STARTTLS")
		}
		if err := client.StartTLS(m.tls()); err != nil {
			return m.refused("STARTTLS", err)
		}
	}
	if m.config.User == "" {
		return nil
	}
	_, mechanisms := client.Extension("AUTH")
	if err := client.Auth(m.auth(strings.Fields(mechanisms))); err != nil {
		if reply, ok := errors.AsType[*textproto.Error](err); ok {
			return fmt.Errorf("the mail server refused the password (%d)", reply.Code) // its text might repeat it
		}
		return errors.New("the mail server did not let us sign in")
	}
	return nil
}

func (m *Mail) tls() *tls.Config {
	return &tls.Config{ServerName: m.host, RootCAs: m.config.Roots, MinVersion: tls.VersionTLS12}
}

func (m *Mail) auth(mechanisms []string) smtp.Auth {
	offers := func(name string) bool {
		return slices.ContainsFunc(mechanisms, func(m string) bool { return strings.EqualFold(m, name) })
	}
	if offers("LOGIN") && !offers("PLAIN") {
		return &login{user: m.config.User, password: m.config.Password}
	}
	return &plain{user: m.config.User, password: m.config.Password}
}

func deliver(client *smtp.Client, content []byte) error {
	w, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(content); err != nil {
		return err
	}
	return w.Close() // the server's answer
}

// refused describes an error of the conversation. It is final if the server answered with one of the codes.
func (m *Mail) refused(part string, err error, final ...int) error {
	if _, ok := errors.AsType[textproto.ProtocolError](err); ok {
		return fmt.Errorf("talking to the mail server (%s): it does not answer as SMTP has it", part)
	}
	reply, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		return fmt.Errorf("talking to the mail server (%s): %w", part, err)
	}
	cause := fmt.Errorf("the mail server refused the %s: %d %s", part, reply.Code, m.quotable(reply.Msg))
	return &Refusal{Cause: cause, Final: slices.Contains(final, reply.Code)}
}

// quotable is what of the server's words may be shown. A server that repeats the password, as it is or as it was sent, would
// otherwise put it into logs.
func (m *Mail) quotable(words string) string {
	user, password := m.config.User, m.config.Password.text
	for _, form := range []string{password, base64.StdEncoding.EncodeToString([]byte(password)), encodedPlain(user, password)} {
		if password != "" && strings.Contains(words, form) {
			return "(with words that are not shown)"
		}
	}
	return printable(words, 200)
}

func encodedPlain(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password))
}
