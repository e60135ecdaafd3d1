package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	netmail "net/mail"
	"strings"

	"github.com/wneessen/go-mail"
)

// maxSubject bounds a subject, in characters.
const maxSubject = 200

// errAddress does not repeat the address: it may be anything.
var errAddress = errors.New("not a plain mail address in ASCII, such as name@example.com")

// ParseAddress checks a plain address, without a name and in ASCII, and returns it without the white space around it.
func ParseAddress(text string) (string, error) {
	text = strings.TrimSpace(text)
	address, err := netmail.ParseAddress(text)
	if err != nil || address.Address != text || len(text) > maxShort || strings.ContainsFunc(text, unfit) {
		return "", errAddress
	}
	return text, nil
}

// unfit are characters that a header line or an SMTP command could be broken with, and all but ASCII.
func unfit(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`<>()[]\,;:"`, r) }

// message is the mail of a delivery: plain text to one recipient. Of what is in its headers, only the subject may come from
// strangers: compose has made one printable line of it, and the library encodes it where it is not ASCII. A second try gives the
// same mail, but for the date.
func (m *Mail) message(d Delivery) (*mail.Msg, error) {
	to, err := ParseAddress(d.Target)
	if err != nil {
		return nil, err
	}
	subject, text, err := compose(d.Notice, m.config.Link)
	if err != nil {
		return nil, err
	}
	msg := mail.NewMsg(mail.WithCharset(mail.CharsetUTF8), mail.WithEncoding(mail.EncodingQP), mail.WithNoDefaultUserAgent())
	if err := errors.Join(msg.FromFormat("Doorward", m.config.From), msg.To(to)); err != nil {
		return nil, errAddress
	}
	_, domain, _ := strings.Cut(m.config.From, "@")
	msg.Subject(subject)
	msg.SetDateWithValue(m.config.Now().UTC())
	msg.SetMessageIDWithValue(d.ID + "@" + domain)
	msg.SetGenHeader(mail.HeaderReferences, "<"+threadOf(d.Notice.RequestID)+"@"+domain+">") // mail programs show what has the same one together
	msg.SetGenHeader("Auto-Submitted", "auto-generated")                                     // RFC 3834: no out-of-office answers, please
	msg.SetBodyString(mail.TypeTextPlain, text)
	return msg, nil
}

// threadOf ties the mails about one request together. A digest, because a request's identifier may be anything.
func threadOf(requestID string) string {
	digest := sha256.Sum256([]byte("request " + requestID))
	return hex.EncodeToString(digest[:16])
}
