package module_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/moduletest"
)

// load is a number of clients that send one request after the other until they are told to stop.
type load struct {
	client  *http.Client
	asks    []ask
	retries int // of a request that got no answer at all

	stop     chan struct{}
	running  sync.WaitGroup
	answered atomic.Int64
	retried  atomic.Int64
	failures chan error // the first few
}

// ask is a request and the status it must get, come what may.
type ask struct {
	token  string
	status int
}

// protocol is how a load talks to the gate.
type protocol struct {
	name    string
	http2   bool
	retries int
}

func startLoad(socket string, p protocol, asks []ask) *load {
	const clients = 4
	var spoken http.Protocols
	spoken.SetHTTP1(!p.http2)
	spoken.SetUnencryptedHTTP2(p.http2)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: clients, DialContext: dial, Protocols: &spoken}
	l := &load{
		client: &http.Client{Transport: transport, Timeout: 10 * time.Second},
		asks:   asks, retries: p.retries, stop: make(chan struct{}), failures: make(chan error, 10),
	}
	for first := range clients {
		l.running.Go(func() { l.run(first) })
	}
	return l
}

func (l *load) run(first int) {
	for i := first; ; i++ {
		select {
		case <-l.stop:
			return
		default:
		}
		if err := l.send(l.asks[i%len(l.asks)]); err != nil {
			select {
			case l.failures <- err:
			default:
			}
		}
		l.answered.Add(1)
	}
}

func (l *load) send(a ask) error {
	response, err := l.get(a.token)
	for range l.retries {
		if err == nil {
			break
		}
		l.retried.Add(1)
		response, err = l.get(a.token)
	}
	if err != nil {
		return err
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || response.StatusCode != a.status || a.status == http.StatusOK && string(body) != "upstream" {
		return errors.Join(err, fmt.Errorf("got %d %.100q, want %d", response.StatusCode, body, a.status))
	}
	return nil
}

func (l *load) get(token string) (*http.Response, error) {
	r, err := http.NewRequest(http.MethodGet, "http://a.test/api/v2/metrics/query", nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Api-Token "+token)
	return l.client.Do(r)
}

// end waits for the clients and reports what went wrong.
func (l *load) end(t *testing.T) {
	t.Helper()
	close(l.stop)
	l.running.Wait()
	l.client.CloseIdleConnections()
	close(l.failures)
	for err := range l.failures {
		t.Errorf("a request failed: %v", err)
	}
}

// socketSite listens on a socket in the file system, which Caddy carries over from config to config. On Linux each config
// has a TCP listener of its own, and the kernel resets the connections that wait in the queue of one that is closed:
// requests that no server has ever seen.
//
// Connections to the upstream are kept for a moment only: each config has its own, and Caddy keeps those that were in use
// when a config was replaced until they have been idle for two minutes.
//
// Clients at a socket have no address, so all that fail here count as one.
var socketSite = strings.NewReplacer(
	"auto_https off", "auto_https off\n\tservers {\n\t\tprotocols h1 h2c\n\t}",
	"store sqlite {STORE}", "store sqlite {STORE}\n\t\tfailed_authentications {\n\t\t\toff\n\t\t}",
	"{SITE} {", "{SITE} {\n\tbind unix/{FOLDER}/gate.sock",
	"reverse_proxy {UPSTREAM}", "reverse_proxy {UPSTREAM} {\n\t\ttransport http {\n\t\t\tkeepalive 500ms\n\t\t}\n\t}",
).Replace(plainSite)

// Fifty reloads under load: no request fails, no token is looked up again, and nothing of the old configs stays behind.
//
// HTTP/2 lets a server announce that it closes, so nothing at all may be lost. In HTTP/1.1 a server that closes a
// connection may cross a request on its way, which clients repeat (RFC 9112 section 9.3.1); a plain Caddy does that on
// every reload. An answer, though, has to be the right one in both.
func TestReloadUnderLoad(t *testing.T) {
	for _, p := range []protocol{{"HTTP/1.1", false, 3}, {"HTTP/2", true, 0}} {
		t.Run(p.name, func(t *testing.T) { reloadUnderLoad(t, p) })
	}
}

func reloadUnderLoad(t *testing.T, p protocol) {
	g := moduletest.Start(t, socketSite)
	socket := filepath.Join(g.Folder, "gate.sock")
	_, reader := g.MintScopes("metrics.read")
	_, other := g.MintScopes("logs.read")
	asks := []ask{{reader, 200}, {other, 403}, {reader, 200}, {reader[:len(reader)-1] + "!", 401}}
	eventually(t, "the gate has heard of the tokens", func() bool { return module.TheGate(t).HasFollowed(t) })
	warm := startLoad(socket, p, asks)
	eventually(t, "the caches are warm", func() bool { return warm.answered.Load() > 50 })
	warm.end(t)
	g.Load(socketSite)
	gate, before := module.TheGate(t), resources()
	queries := gate.Stats().Queries

	l := startLoad(socket, p, asks)
	for range 50 {
		goal := l.answered.Load() + 8 // every reload meets requests
		g.Load(socketSite)
		eventually(t, "requests are answered after a reload", func() bool { return l.answered.Load() >= goal })
	}
	l.end(t)

	after := module.TheGate(t)
	if !after.Same(gate) || after.References != 1 {
		t.Errorf("another gate %v, %d references; want the same one, held by one config", !after.Same(gate), after.References)
	}
	if n := after.Stats().Queries - queries; n != 0 {
		t.Errorf("the store was asked %d times, want the cache to outlive reloads", n)
	}
	eventually(t, "goroutines and open files are back to what they were", func() bool {
		now := resources()
		return now.goroutines <= before.goroutines+slack && now.files <= before.files+slack
	})
	t.Logf("%d requests, %d repeated; before %+v, after %+v", l.answered.Load(), l.retried.Load(), before, resources())
}

// slack is for what Caddy and net/http keep idle. A leak of one for each reload would be fifty.
const slack = 10

type held struct{ goroutines, files int }

// resources counts goroutines and, where the system tells, open files.
func resources() held {
	files, _ := os.ReadDir("/proc/self/fd")
	return held{runtime.NumGoroutine(), len(files)}
}

// A config that does not load leaves the running one as it was, and holds on to nothing.
func TestFailedReloadChangesNothing(t *testing.T) {
	g := moduletest.Start(t, plainSite)
	_, reader := g.MintScopes("metrics.read")
	gate := module.TheGate(t)
	for range 3 {
		if err := g.TryLoad(plainSite + "\nhttp://other.test {\n\tdoorward {\n\t\tcatalog nothing-of-this-name\n\t}\n}\n"); err == nil {
			t.Fatal("a catalogue that does not exist was taken")
		}
	}
	if after := module.TheGate(t); !after.Same(gate) || after.References != 1 {
		t.Errorf("%d references, want 1", after.References)
	}
	response, body := send(t, g, "GET", "/api/v2/metrics/query", "Authorization: Api-Token "+reader)
	if response.StatusCode != http.StatusOK {
		t.Errorf("got %d %s, want 200", response.StatusCode, body)
	}
}
