package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// mailTimeout bounds a conversation for callers whose context has no end.
// It is the longest that RFC 5321 section 4.5.3.2 has a client wait for an answer.
const mailTimeout = 10 * time.Minute

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
	msg, err := m.message(d)
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
	if err := m.transact(ctx, &bounded{Conn: conn, left: maxReplies}, msg); err != nil {
		return errors.Join(err, ctx.Err())
	}
	return nil
}

// transact has one conversation with the server. The library's client could also hand the mail over, but of its errors there
// only a text is left, in which the server's words, and a password among them, can no longer be told from its own.
func (m *Mail) transact(ctx context.Context, conn net.Conn, msg *mail.Msg) error {
	session, err := m.open(ctx, conn)
	if err != nil {
		return err
	}
	to, err := msg.GetRecipients()
	if err != nil {
		return err
	}
	if err := session.Mail("<" + m.config.From + ">"); err != nil {
		return m.refused("sender", err)
	}
	if err := session.Rcpt(to[0]); err != nil {
		return m.refused("recipient", err, 550, 551, 553) // RFC 5321 section 4.2.3: the mailbox, not the relaying
	}
	if err := deliver(session, msg); err != nil {
		return m.refused("content", err, 550, 552, 554)
	}
	_ = session.Quit() // the mail is the server's now, however it says good-bye
	return nil
}

// open gets as far as the server listening to us: name, TLS, password.
func (m *Mail) open(ctx context.Context, conn net.Conn) (*smtp.Client, error) {
	auth := &signIn{user: m.config.User, password: m.config.Password}
	client, err := mail.NewClient(m.host, m.options(conn, auth)...)
	if err != nil {
		return nil, fmt.Errorf("preparing to talk to the mail server: %w", err)
	}
	client.ErrorHandlerRegistry.SetDefaultHandler(naming{})
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err == nil {
		return session, nil
	}
	if auth.begun {
		return nil, notSignedIn(err)
	}
	part := "connection"
	if failed, ok := errors.AsType[*commandError](err); ok {
		part = failed.command
	}
	return nil, m.refused(part, err)
}

// options are those of one conversation, over a connection that is there already.
func (m *Mail) options(conn net.Conn, auth *signIn) []mail.Option {
	options := []mail.Option{
		mail.WithHELO(m.config.Hello), mail.WithTimeout(mailTimeout), mail.WithTLSConfig(m.tls()),
		mail.WithoutSMTPUTF8(), // addresses are in ASCII
	}
	switch m.config.Security {
	case Plaintext:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	case ImplicitTLS:
		conn = tls.Client(conn, m.tls()) // the library leaves it to whoever dials
		options = append(options, mail.WithSSL())
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if m.config.User != "" {
		options = append(options, mail.WithSMTPAuthCustom(auth))
	}
	dialed := func(context.Context, string, string) (net.Conn, error) { return conn, nil }
	return append(options, mail.WithDialContextFunc(dialed))
}

func (m *Mail) tls() *tls.Config {
	return &tls.Config{ServerName: m.host, RootCAs: m.config.Roots, MinVersion: tls.VersionTLS12}
}

// notSignedIn shows nothing of the server's words: they might repeat the password.
func notSignedIn(err error) error {
	if reply, ok := errors.AsType[*textproto.Error](err); ok {
		return fmt.Errorf("the mail server refused the password (%d)", reply.Code)
	}
	return errors.New("the mail server did not let us sign in")
}

func deliver(session *smtp.Client, msg *mail.Msg) error {
	w, err := session.Data()
	if err != nil {
		return err
	}
	if _, err := msg.WriteTo(w); err != nil {
		return err
	}
	return w.Close() // the server's answer
}

// commandError says which command the server has not answered as it should.
type commandError struct {
	command string
	error
}

// Unwrap gives the server's answer.
func (e *commandError) Unwrap() error { return e.error }

// naming makes errors of the library tell their command. It implements smtp.ResponseErrorHandler.
type naming struct{}

// HandleError implements smtp.ResponseErrorHandler.
func (naming) HandleError(_, command string, _ *textproto.Conn, err error) error {
	return &commandError{command: strings.ToUpper(command), error: err}
}

// refused describes an error of the conversation. It is final if the server answered with one of the codes.
func (m *Mail) refused(part string, err error, final ...int) error {
	if _, ok := errors.AsType[textproto.ProtocolError](err); ok {
		return fmt.Errorf("talking to the mail server (%s): it does not answer as SMTP has it", part)
	}
	reply, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		return fmt.Errorf("talking to the mail server (%s): %s", part, m.quotable(err.Error())) // a certificate has words, too
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
