package notify

import (
	"errors"
	"net/smtp"
	"strings"
)

// errNoTLS should never be seen: NewMail takes no password without TLS. The mechanisms ask once more, because what they would
// give away cannot be taken back.
var errNoTLS = errors.New("a password is not sent without TLS")

// plain is the mechanism PLAIN of RFC 4616.
type plain struct {
	user     string
	password Secret
}

// Start implements smtp.Auth.
func (p *plain) Start(server *smtp.ServerInfo) (string, []byte, error) {
	if !server.TLS {
		return "", nil, errNoTLS
	}
	return "PLAIN", []byte("\x00" + p.user + "\x00" + p.password.text), nil
}

// Next implements smtp.Auth.
func (p *plain) Next(_ []byte, more bool) ([]byte, error) {
	if more {
		return nil, errors.New("the mail server asks for more than PLAIN has")
	}
	return nil, nil
}

// login is the mechanism LOGIN: the server asks for the user, then for the password, in words that differ from server to
// server. Some servers offer nothing else.
type login struct {
	user     string
	password Secret
	asked    int
}

// Start implements smtp.Auth.
func (l *login) Start(server *smtp.ServerInfo) (string, []byte, error) {
	if !server.TLS {
		return "", nil, errNoTLS
	}
	return "LOGIN", nil, nil
}

// Next implements smtp.Auth.
func (l *login) Next(question []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	l.asked++
	switch {
	case l.asked == 1 && !strings.HasPrefix(strings.ToLower(string(question)), "pass"):
		return []byte(l.user), nil
	case l.asked == 2:
		return []byte(l.password.text), nil
	default:
		return nil, errors.New("the mail server asks for something that LOGIN does not have")
	}
}
