package mix

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/doorward/doorward/benchmarks/load"
)

// Trickle is clients who begin a request with a body and then send a byte of it now and then.
type Trickle struct {
	Address string     // host:port on loopback
	LocalIP netip.Addr // source address; the zero Addr leaves it to the system
	Head    []byte     // request line and fields, with a Content-Length that is never reached; the beginning of the body may follow
	Clients int        // at most 20,000
	Every   time.Duration
}

// Trickled is how such clients ended.
type Trickled struct {
	Clients   int           // that were connected
	Sent      int           // bytes after the head, of all
	Statuses  map[int]int   // answers that they got meanwhile
	Cut       int           // closed by the server without an answer
	LastUntil time.Duration // when the last answer or cut came, from the beginning
}

const maxTrickle = 20_000

// Run lets them trickle until ctx ends, which is no error. Who is answered or cut does not come again.
func (t Trickle) Run(ctx context.Context) (Trickled, error) {
	ended := Trickled{Statuses: map[int]int{}}
	if err := load.Loopback(t.Address); err != nil {
		return ended, err
	}
	var mu sync.Mutex
	var group sync.WaitGroup
	begun := time.Now()
	for range min(t.Clients, maxTrickle) {
		group.Go(func() {
			connected, sent, status := t.client(ctx)
			mu.Lock()
			defer mu.Unlock()
			ended.Sent += sent
			if connected {
				ended.Clients++
			}
			switch {
			case status > 0:
				ended.Statuses[status]++
			case ctx.Err() == nil:
				ended.Cut++
			}
			if ctx.Err() == nil {
				ended.LastUntil = time.Since(begun)
			}
		})
	}
	group.Wait()
	return ended, nil
}

// client is one of them.
func (t Trickle) client(ctx context.Context) (connected bool, sent, status int) {
	var dialer net.Dialer
	if t.LocalIP.IsValid() {
		dialer.LocalAddr = &net.TCPAddr{IP: t.LocalIP.AsSlice()}
	}
	conn, err := dialer.DialContext(ctx, "tcp", t.Address)
	if err != nil {
		return false, 0, 0
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	answered := make(chan int, 1)
	go func() {
		defer close(answered) // without a status: cut
		if response, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
			response.Body.Close()
			answered <- response.StatusCode
		}
	}()
	if _, err := conn.Write(t.Head); err != nil {
		return true, 0, <-answered
	}
	ticker := time.NewTicker(t.Every)
	defer ticker.Stop()
	for {
		select {
		case status := <-answered:
			return true, sent, status
		case <-ticker.C:
			if _, err := conn.Write([]byte("x")); err != nil {
				return true, sent, <-answered
			}
			sent++
		}
	}
}

// slow is one good token while 200 clients of another address trickle.
func slow(ctx context.Context, g Gateway, plan load.Plan) (Outcome, error) {
	plan.Next, plan.LocalIP = Hot(g.Tokens[0]), honest
	trickle := Trickle{
		Address: g.Address, LocalIP: hostile, Head: postHead(ingestPath, g.Tokens[len(g.Tokens)-1], 1<<20), Clients: 200, Every: time.Second,
	}
	var ended Trickled
	result, err := during(ctx, plan, func(ctx context.Context) (err error) {
		ended, err = trickle.Run(ctx)
		return err
	})
	outcome := Outcome{Parts: []Part{{"honest", result}}}
	outcome.note("trickling", "%d clients, %d bytes; answered meanwhile: %v, cut: %d", ended.Clients, ended.Sent, ended.Statuses, ended.Cut)
	return outcome, err
}
