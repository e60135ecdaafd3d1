package remoteaccesstest_test

import (
	"io"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
)

// post is a mail server on this machine, which says no while it is told to.
type post struct {
	addr string

	mu    sync.Mutex
	away  bool
	mails []string // receiver and text
}

func newPost(t *testing.T) *post {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &post{addr: listener.Addr().String()}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() { listener.Close(); open.Wait() })
	return p
}

func (p *post) serve(conn net.Conn) {
	defer conn.Close()
	text := textproto.NewConn(conn)
	if p.isAway() {
		_ = text.PrintfLine("421 not now")
		return
	}
	_ = text.PrintfLine("220 test")
	to := ""
	for {
		line, err := text.ReadLine()
		if err != nil {
			return
		}
		word, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(word) {
		case "RCPT":
			to += rest + "\n"
			_ = text.PrintfLine("250 ok")
		case "DATA":
			_ = text.PrintfLine("354 go on")
			mail, err := io.ReadAll(text.DotReader())
			if err != nil {
				return
			}
			p.take(to + string(mail))
			_ = text.PrintfLine("250 taken")
		case "QUIT":
			_ = text.PrintfLine("221 bye")
			return
		default:
			_ = text.PrintfLine("250 ok")
		}
	}
}

func (p *post) isAway() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.away
}

func (p *post) set(away bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = away
}

func (p *post) take(mail string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mails = append(p.mails, mail)
}

// about are the mails that speak of something.
func (p *post) about(what string) (found []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, mail := range p.mails {
		if strings.Contains(mail, what) {
			found = append(found, mail)
		}
	}
	return found
}

// mailing are options with a mail server.
func mailing(server string, more ...string) string {
	options := append([]string{
		"setting approved", "mail {", "server " + server, "security none", "from doorward@example.com", "to admins@example.com",
	}, more...)
	return strings.Join(append(options, "}"), "\n")
}

// A new request is one mail to the administrators. A mail server that is down costs nobody a request, and the mail comes later.
func oneMailEach(t *testing.T) {
	p := newPost(t)
	s := start(t, scene{remote: mailing(p.addr)})
	administrator := s.ordinary("ServiceProviderAPI")
	r := s.ask(john, "devops-viewer", administrator)
	s.eventually("the mail has come", func() bool { return len(p.about(r.ID)) > 0 })
	s.eventually("the mail is recorded", func() bool { return len(s.trail("notification.send")) == 1 })
	mails := p.about(r.ID)
	if len(mails) != 1 || !strings.Contains(mails[0], "admins@example.com") || !strings.Contains(mails[0], john) {
		t.Errorf("%d mails: %q", len(mails), mails)
	}

	p.set(true)
	after := s.last()
	late := s.ask("jane@example.com", "devops-viewer", administrator) // 201 all the same
	s.eventually("the failure is recorded", func() bool {
		for _, e := range since(s.trail("notification.send"), after) {
			if e.Object == late.ID && e.Failed {
				return true
			}
		}
		return false
	})
	p.set(false)
	s.nowDue()
	third := s.ask("joe@example.com", "devops-viewer", administrator) // of which the queue hears at once
	s.eventually("both mails have come", func() bool { return len(p.about(late.ID)) > 0 && len(p.about(third.ID)) > 0 })
	for _, id := range []string{r.ID, late.ID, third.ID} {
		if n := len(p.about(id)); n != 1 {
			t.Errorf("%d mails about %s, want 1", n, id)
		}
	}
	s.mustBeWhole()
}

// nowDue makes everything that waits to be tried again wait no longer.
func (s *site) nowDue() {
	s.t.Helper()
	s.sabotage("UPDATE deliveries SET next_at = 0 WHERE finished IS NULL AND attempts > 0")
}
