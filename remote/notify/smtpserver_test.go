package notify_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"sync"
	"testing"
)

// mailServer is a small SMTP server that can be told to misbehave. Its certificate is for 127.0.0.1.
type mailServer struct {
	Implicit bool              // TLS from the first byte
	Offers   []string          // beyond its name, before and after TLS
	Replies  map[string]string // instead of the usual ones, by command; "GREETING", "CONTENT"; "" is silence, "drop" hangs up
	Inject   string            // sent in the clear in one piece with the answer to STARTTLS

	address string
	tls     *tls.Config
	roots   *x509.CertPool

	mu       sync.Mutex
	taken    []string // the mails, "to: content"
	logins   []string // what was sent to sign in, decoded
	commands []string
	inClear  int // commands before TLS
}

func (s *mailServer) start(t *testing.T) *mailServer {
	t.Helper()
	web := httptest.NewTLSServer(nil) // for its certificate alone
	web.Close()
	s.tls = &tls.Config{Certificates: web.TLS.Certificates}
	s.roots = x509.NewCertPool()
	s.roots.AddCert(web.Certificate())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
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

func (s *mailServer) serve(conn net.Conn) {
	defer conn.Close()
	secure := s.Implicit
	if secure {
		conn = tls.Server(conn, s.tls)
	}
	text := textproto.NewConn(conn)
	to := ""
	if !s.say(text, "GREETING", "220 test") {
		return
	}
	for {
		line, err := text.ReadLine()
		if err != nil {
			return
		}
		word, rest, _ := strings.Cut(line, " ")
		s.mu.Lock()
		s.commands = append(s.commands, line)
		if !secure {
			s.inClear++
		}
		s.mu.Unlock()
		var goOn bool
		switch word = strings.ToUpper(word); word {
		case "EHLO":
			goOn = s.say(text, word, "250-test\r\n250-"+strings.Join(append([]string{"8BITMIME"}, s.Offers...), "\r\n250-")+"\r\n250 SIZE 100000")
		case "STARTTLS":
			if goOn = s.say(text, word, "220 go on"+s.Inject); goOn && s.Replies[word] == "" {
				conn, secure = tls.Server(conn, s.tls), true
				text = textproto.NewConn(conn)
			}
		case "AUTH":
			goOn = s.say(text, word, s.signIn(text, rest))
		case "RCPT":
			to = strings.Trim(strings.TrimPrefix(rest, "TO:"), "<>")
			goOn = s.say(text, word, "250 ok")
		case "DATA":
			if goOn = s.say(text, word, "354 go on"); goOn && s.Replies[word] == "" {
				content, err := io.ReadAll(text.DotReader())
				if err != nil {
					return
				}
				if goOn = s.say(text, "CONTENT", "250 taken"); goOn && s.Replies["CONTENT"] == "" {
					s.mu.Lock()
					s.taken = append(s.taken, to+": "+string(content))
					s.mu.Unlock()
				}
			}
		case "QUIT":
			s.say(text, word, "221 bye")
			return
		default:
			goOn = s.say(text, word, "250 ok")
		}
		if !goOn {
			return
		}
	}
}

// say answers, and reports whether the conversation goes on.
func (s *mailServer) say(text *textproto.Conn, command, usual string) bool {
	reply, told := s.Replies[command]
	switch {
	case !told:
		reply = usual
	case reply == "drop":
		return false
	case reply == "":
		_, _ = io.Copy(io.Discard, text.R) // silence until the client hangs up
		return false
	}
	return text.PrintfLine("%s", reply) == nil
}

// signIn has the conversation of an AUTH command and returns the last answer.
func (s *mailServer) signIn(text *textproto.Conn, rest string) string {
	mechanism, first, _ := strings.Cut(rest, " ")
	said := []string{first}
	if mechanism == "LOGIN" {
		said = nil
		for _, question := range []string{"Username:", "Password:"} {
			_ = text.PrintfLine("334 %s", base64.StdEncoding.EncodeToString([]byte(question)))
			line, _ := text.ReadLine()
			said = append(said, line)
		}
	}
	for i, word := range said {
		plain, _ := base64.StdEncoding.DecodeString(word)
		said[i] = string(plain)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins = append(s.logins, mechanism+" "+strings.Join(said, "|"))
	return "235 welcome"
}
