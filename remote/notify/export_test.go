package notify

import (
	"bytes"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// What tests outside the package look at.
var (
	Compose   = compose
	Payload   = payload
	Printable = printable
	Sign      = sign
)

// SignIn is how a mail server is asked to let us in.
func SignIn(user string, password Secret) smtp.Auth { return &signIn{user: user, password: password} }

// Message is the mail of a delivery as it leaves.
func (m *Mail) Message(d Delivery) ([]byte, error) {
	msg, err := m.message(d)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	_, err = msg.WriteTo(&b)
	return b.Bytes(), err
}

// Pause is what follows a failed try.
func (d *Dispatcher) Pause(attempts int, err error) time.Duration { return d.pause(attempts, err) }
