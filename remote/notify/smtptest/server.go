// Package smtptest is a small SMTP server for tests, which can be told to misbehave.
package smtptest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http/httptest"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Server takes every mail. The exported fields are set before Start; what happens is read with its methods, also while it runs.
type Server struct {
	Implicit bool              // TLS from the first byte
	Offers   []string          // beyond its name, before and after TLS
	Replies  map[string]string // instead of the usual ones, by command; "GREETING", "CONTENT"; "" is silence, "drop" hangs up
	Inject   string            // sent in the clear in one piece with the answer to STARTTLS
	Addr     string            // host:port; Start fills in an empty one

	Certificate *x509.Certificate // for 127.0.0.1; filled in by Start

	tls *tls.Config

	mu       sync.Mutex
	mails    []Mail
	logins   []string
	commands []string
	inClear  int // commands before TLS
}

// Mail is what a client has handed over.
type Mail struct {
	From, To string // of the envelope
	Content  string // headers and text, as they came, with lines that end in "\n"
}

// Start serves until the test ends. A server that has an address takes that one, so that it can be back after it was away.
func (s *Server) Start(t testing.TB) *Server {
	t.Helper()
	web := httptest.NewTLSServer(nil) // for its certificate alone
	web.Close()
	s.tls = &tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS12}
	s.Certificate = web.Certificate()
	if s.Addr == "" {
		s.Addr = "127.0.0.1:0"
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	s.Addr = listener.Addr().String()
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() { listener.Close(); open.Wait() })
	return s
}

// Roots are those that a client has to trust.
func (s *Server) Roots() *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate)
	return roots
}

// Mails are those that were taken so far, in the order in which they came.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Logins are what was sent to sign in, decoded.
func (s *Server) Logins() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.logins)
}

// Commands are the lines that clients sent, and those of them that came before TLS.
func (s *Server) Commands() (all, inClear []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all = slices.Clone(s.commands)
	return all, all[:s.inClear]
}

// noteCommand keeps a line. Of several connections at a time, what came in the clear is counted in all.
func (s *Server) noteCommand(line string, secure bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if secure {
		s.commands = append(s.commands, line)
		return
	}
	s.commands = slices.Insert(s.commands, s.inClear, line)
	s.inClear++
}

// conversation is one connection.
type conversation struct {
	*Server
	conn   net.Conn
	text   *textproto.Conn
	secure bool
	mail   Mail
}

func (s *Server) serve(conn net.Conn) {
	defer conn.Close()
	c := &conversation{Server: s, conn: conn, secure: s.Implicit}
	if c.secure {
		c.conn = tls.Server(conn, s.tls)
	}
	c.text = textproto.NewConn(c.conn)
	if !c.say("GREETING", "220 test") {
		return
	}
	for {
		line, err := c.text.ReadLine()
		if err != nil {
			return
		}
		word, rest, _ := strings.Cut(line, " ")
		s.noteCommand(line, c.secure)
		if !c.answer(strings.ToUpper(word), rest) {
			return
		}
	}
}

// answer carries out a command, and reports whether the conversation goes on.
func (c *conversation) answer(word, rest string) bool {
	switch word {
	case "EHLO":
		offers := append([]string{"8BITMIME"}, c.Offers...)
		return c.say(word, "250-test\r\n250-"+strings.Join(offers, "\r\n250-")+"\r\n250 SIZE 100000")
	case "STARTTLS":
		return c.protect()
	case "AUTH":
		return c.say(word, c.signIn(rest))
	case "MAIL":
		c.mail.From = address(rest)
	case "RCPT":
		c.mail.To = address(rest)
	case "DATA":
		return c.take()
	case "QUIT":
		c.say(word, "221 bye")
		return false
	}
	return c.say(word, "250 ok")
}

// address is what stands between the first pair of angle brackets.
func address(rest string) string {
	_, rest, _ = strings.Cut(rest, "<")
	inside, _, _ := strings.Cut(rest, ">")
	return inside
}

func (c *conversation) protect() bool {
	if !c.say("STARTTLS", "220 go on"+c.Inject) {
		return false
	}
	if c.Replies["STARTTLS"] == "" {
		c.conn, c.secure = tls.Server(c.conn, c.tls), true
		c.text = textproto.NewConn(c.conn)
	}
	return true
}

// take reads a mail, and has taken it before the client hears so: whoever waits for the client finds it here.
func (c *conversation) take() bool {
	if !c.say("DATA", "354 go on") {
		return false
	}
	if c.Replies["DATA"] != "" {
		return true
	}
	content, err := io.ReadAll(c.text.DotReader())
	if err != nil {
		return false
	}
	if _, told := c.Replies["CONTENT"]; !told {
		c.mail.Content = string(content)
		c.mu.Lock()
		c.mails = append(c.mails, c.mail)
		c.mu.Unlock()
	}
	return c.say("CONTENT", "250 taken")
}

// say answers, and reports whether the conversation goes on.
func (c *conversation) say(command, usual string) bool {
	reply, told := c.Replies[command]
	switch {
	case !told:
		reply = usual
	case reply == "drop":
		return false
	case reply == "":
		_, _ = io.Copy(io.Discard, c.text.R) // silence until the client hangs up
		return false
	}
	return c.text.PrintfLine("%s", reply) == nil
}
