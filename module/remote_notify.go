package module

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/notify"
)

// RemoteMail is how administrators are told of remote access by mail: each gets one for every request, decision and end. A
// mail server that is down delays mails, and nothing else.
type RemoteMail struct {
	// The mail server, as host:port. Required.
	Server string `json:"server"`
	// `starttls`, which is demanded before anything is said; `tls` from the first byte; or `none`, only for a server on this
	// machine and without a password. Default: `starttls`.
	Security string `json:"security,omitempty"`
	// User at the mail server. Default: none, and no password.
	User string `json:"user,omitempty"`
	// File with the password. Its last line break does not count.
	PasswordFile string `json:"password_file,omitempty"`
	// File with the certificates, in PEM, that the server's has to come from. Default: the system's.
	CAFile string `json:"ca_file,omitempty"`
	// Address of the sender. Required.
	From string `json:"from"`
	// Addresses of the administrators. At least one.
	To []string `json:"to"`
	// Page on which requests are decided, for the text of mails: an https URL. Default: none.
	Link string `json:"link,omitempty"`
	// Tell of the start of each session too. Default: webhooks only are told.
	Sessions bool `json:"sessions,omitempty"`
	// How long after a request, that nobody has decided about, there is a reminder. Default: 24h. Below 0: never.
	PendingReminder caddy.Duration `json:"pending_reminder,omitempty"`
	// How long before the end of a grant there is a warning, and never before half of it is over. Default: 24h. Below 0: never.
	ExpiryWarning caddy.Duration `json:"expiry_warning,omitempty"`
}

// RemoteWebhook is a program that is told of remote access: by an HTTP POST of JSON with a signature.
type RemoteWebhook struct {
	// Its name in logs and metrics. Required.
	Name string `json:"name"`
	// Where it is: https, or http on this machine. Placeholders such as {env.HOOK} are replaced. Required.
	URL string `json:"url"`
	// Files with the secrets of the signature, at least 32 bytes each: one, or up to four while they are exchanged.
	SecretFiles []string `json:"secret_files"`
	// The events that it is told of, such as `created`. Default: all.
	Events []string `json:"events,omitempty"`
}

// maxSecretFile bounds a file with a password or a secret, in bytes.
const maxSecretFile = 4096

// readSecret reads a file with one secret. Errors name the file and never what is in it.
func readSecret(name string) (notify.Secret, error) {
	file, err := os.Open(name)
	if err != nil {
		return notify.Secret{}, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSecretFile+1))
	if err != nil {
		return notify.Secret{}, err
	}
	secret := strings.TrimRight(string(text), "\r\n")
	if secret == "" || len(text) > maxSecretFile || strings.ContainsAny(secret, "\r\n") {
		return notify.Secret{}, fmt.Errorf("%s: expected one line with the secret", name)
	}
	return notify.NewSecret(secret), nil
}

var securityWords = map[string]notify.Security{
	"": notify.StartTLS, "starttls": notify.StartTLS, "tls": notify.ImplicitTLS, "none": notify.Plaintext,
}

// sender opens what mails are sent with.
func (m *RemoteMail) sender() (notify.Sender, error) {
	security, ok := securityWords[m.Security]
	if !ok {
		return nil, fmt.Errorf("security: expected starttls, tls or none, got %q", m.Security)
	}
	c := notify.MailConfig{Server: m.Server, Security: security, User: m.User, From: m.From, Link: m.Link}
	if m.PasswordFile != "" {
		var err error
		if c.Password, err = readSecret(m.PasswordFile); err != nil {
			return nil, err
		}
	}
	var err error
	if c.Roots, err = readRoots(m.CAFile); err != nil {
		return nil, err
	}
	if len(m.To) == 0 {
		return nil, errors.New("to: expected the address of at least one administrator")
	}
	for _, address := range m.To {
		if _, err := notify.ParseAddress(address); err != nil {
			return nil, fmt.Errorf("to: %.100q: %w", address, err)
		}
	}
	return notify.NewMail(c)
}

// eventPrefix begins the name of every event on the wire; a config leaves it out.
const eventPrefix = "remote_access."

func readEvents(words []string) ([]notify.Event, error) {
	var events []notify.Event
	for _, word := range words {
		e := notify.Event(eventPrefix + strings.TrimPrefix(word, eventPrefix))
		if !slices.Contains(notify.Events(), e) {
			return nil, fmt.Errorf("events: expected some of %s; got %q", eventWords(), word)
		}
		events = append(events, e)
	}
	return events, nil
}

func eventWords() string {
	var words []string
	for _, e := range notify.Events() {
		words = append(words, strings.TrimPrefix(string(e), eventPrefix))
	}
	return strings.Join(words, ", ")
}

// routes say who is told what. They need no secrets, so that the command line can plan what the gateway sends.
func (c *RemoteAccess) routes() (notify.Routes, error) {
	var r notify.Routes
	if c == nil {
		return r, nil
	}
	if m := c.Mail; m != nil {
		r.Mail, r.MailSessions = m.To, m.Sessions
		r.PendingAfter, r.ExpiringBefore = time.Duration(m.PendingReminder), time.Duration(m.ExpiryWarning)
	}
	r.Webhooks = map[string][]notify.Event{}
	for _, hook := range c.Webhooks {
		events, err := readEvents(hook.Events)
		if err != nil {
			return r, fmt.Errorf("remote_access: webhook %s: %w", hook.Name, err)
		}
		r.Webhooks[hook.Name] = events
	}
	return r, nil
}

// senders open everything that is sent with.
func (c *RemoteAccess) senders() (map[notify.Channel]notify.Sender, error) {
	all := map[notify.Channel]notify.Sender{}
	if c == nil {
		return all, nil
	}
	if c.Mail != nil {
		mail, err := c.Mail.sender()
		if err != nil {
			return nil, fmt.Errorf("remote_access: mail: %w", err)
		}
		all[notify.ByMail] = mail
	}
	if len(c.Webhooks) == 0 {
		return all, nil
	}
	var receivers []notify.Webhook
	replacer := caddy.NewReplacer()
	for _, hook := range c.Webhooks {
		r := notify.Webhook{Name: hook.Name, URL: notify.NewSecret(replacer.ReplaceAll(hook.URL, ""))}
		for _, name := range hook.SecretFiles {
			secret, err := readSecret(name)
			if err != nil {
				return nil, fmt.Errorf("remote_access: webhook %s: secret_file: %w", hook.Name, err)
			}
			r.Secrets = append(r.Secrets, secret)
		}
		receivers = append(receivers, r)
	}
	hooks, err := notify.NewWebhooks(notify.WebhooksConfig{Receivers: receivers})
	if err != nil {
		return nil, fmt.Errorf("remote_access: %w", err)
	}
	all[notify.ByWebhook] = hooks
	return all, nil
}

// told are the events of the engine in the words of the notices.
var told = map[remote.Event]notify.Event{
	remote.EventCreated: notify.Created, remote.EventAccepted: notify.Accepted, remote.EventRejected: notify.Rejected,
	remote.EventExpiring: notify.ExpiringSoon, remote.EventExpired: notify.Expired, remote.EventRevoked: notify.Revoked,
	remote.EventSessionStarted: notify.SessionStarted, remote.EventBreakGlass: notify.BreakGlass,
	remote.EventReviewed: notify.Reviewed,
}

// noticeOf is what there is to tell of a change of a request.
func noticeOf(n remote.Notice) notify.Notice {
	r := n.After
	return notify.Notice{
		Event: told[n.Event], Time: n.Time, RequestID: r.ID, User: r.User, Role: r.Role.String(), Days: r.Days,
		Reason: r.Reason, Ticket: r.Ticket, State: string(r.State), Actor: cmp.Or(n.Actor, remote.System), Expires: r.Expires, ReviewBy: r.ReviewBy,
	}
}

// readRoots reads certificates that another's has to come from; "" are the system's.
func readRoots(name string) (*x509.CertPool, error) {
	if name == "" {
		return nil, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("ca_file: %s: expected certificates in PEM", name)
	}
	return roots, nil
}
