package notify

import (
	"errors"
	"slices"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

// errNoTLS should never be seen: NewMail takes no password without TLS. It is asked once more where the password leaves,
// because what is given away cannot be taken back, and the library's mechanisms would send it to localhost in the clear.
var errNoTLS = errors.New("a password is not sent without TLS")

// signIn is the mechanism PLAIN of RFC 4616 or, on servers that have nothing else, LOGIN. It serves one connection.
//
// The library could choose by itself, but would also take SCRAM, where the server says how many rounds of hashing we do, and
// nothing bounds them.
type signIn struct {
	smtp.Auth // the mechanism, from Start on
	user      string
	password  Secret
	begun     bool // the server has been asked to let us in
}

// Start implements smtp.Auth.
func (s *signIn) Start(server *smtp.ServerInfo) (mechanism string, first []byte, err error) {
	s.begun = true
	if !server.TLS {
		return "", nil, errNoTLS
	}
	offers := func(name string) bool {
		return slices.ContainsFunc(server.Auth, func(offered string) bool { return strings.EqualFold(offered, name) })
	}
	if offers("LOGIN") && !offers("PLAIN") {
		s.Auth = smtp.LoginAuth(s.user, s.password.text, server.Name, false)
	} else {
		s.Auth = smtp.PlainAuth("", s.user, s.password.text, server.Name, false)
	}
	return s.Auth.Start(server)
}
