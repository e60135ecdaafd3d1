package notify

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"
)

// maxSubject bounds a subject, in characters.
const maxSubject = 200

// errAddress does not repeat the address: it may be anything.
var errAddress = errors.New("not a plain mail address in ASCII, such as name@example.com")

// ParseAddress checks a plain address, without a name and in ASCII, and returns it without the white space around it.
func ParseAddress(text string) (string, error) {
	text = strings.TrimSpace(text)
	address, err := mail.ParseAddress(text)
	if err != nil || address.Address != text || len(text) > maxShort || strings.ContainsFunc(text, unfit) {
		return "", errAddress
	}
	return text, nil
}

// unfit are characters that a header line or an SMTP command could be broken with, and all but ASCII.
func unfit(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`<>()[]\,;:"`, r) }

// envelope is what a message says about itself. Only the subject may come from strangers.
type envelope struct {
	from, to   string // as ParseAddress returns them
	subject    string
	date       time.Time
	id, thread string // hexadecimal
}

// message is a mail as RFC 5322 has it, plain text in UTF-8 with short lines.
func message(e envelope, text string) ([]byte, error) {
	_, domain, _ := strings.Cut(e.from, "@")
	var b bytes.Buffer
	for _, header := range [][2]string{
		{"From", "Doorward <" + e.from + ">"},
		{"To", "<" + e.to + ">"},
		{"Subject", headerText(e.subject)},
		{"Date", e.date.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700")},
		{"Message-ID", "<" + e.id + "@" + domain + ">"},
		{"References", "<" + e.thread + "@" + domain + ">"}, // mail programs show what has the same one together
		{"Auto-Submitted", "auto-generated"},                // RFC 3834: no out-of-office answers, please
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "quoted-printable"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", header[0], header[1])
	}
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	if _, err := w.Write([]byte(onWire(text))); err != nil {
		return nil, err
	}
	err := w.Close()
	return b.Bytes(), err
}

// threadOf ties the mails about one request together. A digest, because a request's identifier may be anything.
func threadOf(requestID string) string {
	digest := sha256.Sum256([]byte("request " + requestID))
	return hex.EncodeToString(digest[:16])
}

// headerText writes a text into a header, folded. Whatever it holds, it cannot end the header: control characters become
// spaces. Text that is not ASCII, or that a reader would decode, becomes encoded words (RFC 2047).
func headerText(text string) string {
	text = printable(text, maxSubject+1)
	if !isASCII(text) || strings.Contains(text, "=?") {
		return encodedWords(text)
	}
	return folded(text)
}

// encodedWords are of at most 75 characters each, and none ends inside a character.
func encodedWords(text string) string {
	const most = 45 // bytes of text, which are 60 in base64
	var words []string
	for len(text) > 0 {
		end := min(most, len(text))
		for end < len(text) && !utf8.RuneStart(text[end]) {
			end--
		}
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(text[:end]))+"?=")
		text = text[end:]
	}
	return strings.Join(words, "\r\n ")
}

// folded breaks before words, so that lines stay below 78 characters. A longer word is left whole; the bound of subjects keeps
// it far from the 998 that a line may have.
func folded(text string) string {
	var b strings.Builder
	column := len("Subject:")
	for i, word := range strings.Split(text, " ") {
		if column += 1 + len(word); i > 0 && column > 76 {
			b.WriteString("\r\n ")
			column = 1 + len(word)
		} else if i > 0 {
			b.WriteString(" ")
		}
		b.WriteString(word)
	}
	return b.String()
}
