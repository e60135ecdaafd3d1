package notify

import "time"

// What tests outside the package look at.
var (
	Compose    = compose
	HeaderText = headerText
	Payload    = payload
	Printable  = printable
	Sign       = sign
)

// Message is the mail of a delivery as it leaves.
func (m *Mail) Message(d Delivery) ([]byte, error) {
	subject, text, err := compose(d.Notice, m.config.Link)
	if err != nil {
		return nil, err
	}
	return message(envelope{
		from: m.config.From, to: d.Target, subject: subject, date: m.config.Now(), id: d.ID, thread: threadOf(d.Notice.RequestID),
	}, text)
}

// Pause is what follows a failed try.
func (d *Dispatcher) Pause(attempts int, err error) time.Duration { return d.pause(attempts, err) }
