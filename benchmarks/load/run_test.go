package load

import (
	"bufio"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// serve starts a server on loopback and returns its address.
func serve(tb testing.TB, h http.Handler) string {
	tb.Helper()
	s := httptest.NewServer(h)
	tb.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// speak starts a server that is no HTTP server: each connection is given to talk, which has read a request's head already.
func speak(tb testing.TB, talk func(conn net.Conn, in *bufio.Reader)) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer conn.Close()
				in := bufio.NewReader(conn)
				if head(in) {
					talk(conn, in)
				}
			})
		}
	})
	tb.Cleanup(func() { l.Close(); group.Wait() })
	return l.Addr().String()
}

// head reads up to the empty line after a request's fields, and reports whether there was one.
func head(in *bufio.Reader) bool {
	for {
		line, err := in.ReadString('\n')
		if err != nil || line == "\r\n" {
			return err == nil
		}
	}
}

var ok = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })

func get(*rand.Rand, int64) Request {
	return Request{Raw: []byte("GET / HTTP/1.1\r\nHost: test\r\n\r\n"), Name: "get"}
}

func mustRun(tb testing.TB, plan Plan) Result {
	tb.Helper()
	result, err := Run(tb.Context(), plan)
	if err != nil {
		tb.Fatal(err)
	}
	if n := result.Latency.TotalCount(); n != result.Requests+result.Unsent {
		tb.Errorf("%d latencies of %d requests that were answered and %d that waited", n, result.Requests, result.Unsent)
	}
	return result
}

// above is how many took at least d.
func above(r Result, d time.Duration) int64 {
	n := int64(0)
	for _, bar := range r.Latency.Distribution() {
		if bar.From >= int64(d) {
			n += bar.Count
		}
	}
	return n
}

// A server that stands still for a moment makes all requests late that were due in it, and each by what was left of the moment. A
// generator that waits for its answers would report a single slow one.
func TestLatencyCountsFromWhenItWasDue(t *testing.T) {
	const still = 300 * time.Millisecond
	var served atomic.Int64
	address := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if served.Add(1) == 100 {
			time.Sleep(still)
		}
	}))
	result := mustRun(t, Plan{Address: address, Rate: 1000, Connections: 1, Duration: 800 * time.Millisecond, Next: get})
	if result.Requests+result.Unsent != 800 || result.Errors != 0 {
		t.Fatalf("%d requests, %d unsent, %d errors, want 800 in all", result.Requests, result.Unsent, result.Errors)
	}
	// 100 were due in the first third of the moment and waited two thirds of it or more; the others less and less. A machine that is
	// busy only makes it more.
	if n := above(result, still*2/3); n < 90 {
		t.Errorf("%d requests waited %v or more, want about 100", n, still*2/3)
	}
	if n := above(result, still/3); n < 190 {
		t.Errorf("%d requests waited %v or more, want about 200", n, still/3)
	}
}

// What no connection was free for until the end is not forgotten: its waiting up to there counts.
func TestOverloadCounts(t *testing.T) {
	release := make(chan struct{})
	address := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	time.AfterFunc(800*time.Millisecond, func() { close(release) }) // after the overtime
	result := mustRun(t, Plan{Address: address, Rate: 1000, Connections: 2, Duration: 300 * time.Millisecond, Next: get})
	if result.Requests != 2 || result.Unsent != 298 || result.Errors != 0 {
		t.Errorf("%d answered, %d unsent, %d errors; want 2, 298, 0", result.Requests, result.Unsent, result.Errors)
	}
	if n := above(result, 400*time.Millisecond); n < 190 {
		t.Errorf("%d waited 400 ms or more, want about 200", n)
	}
}

func TestClosedLoop(t *testing.T) {
	plan := Plan{Address: serve(t, ok), Connections: 4, Duration: time.Minute, MaxRequests: 1000, Next: get}
	result := mustRun(t, plan)
	if result.Requests != 1000 || result.Errors != 0 || result.Reopened != 0 || result.Elapsed > plan.Duration/2 {
		t.Errorf("%+v", result)
	}
	if diff := cmp.Diff(map[int]int64{200: 1000}, result.Statuses); diff != "" {
		t.Error("statuses (-want +got):", diff)
	}
}

func TestTimeIsBounded(t *testing.T) {
	for name, rate := range map[string]float64{"open": 100, "closed": 0} {
		t.Run(name, func(t *testing.T) {
			const duration = 100 * time.Millisecond
			result := mustRun(t, Plan{Address: serve(t, ok), Rate: rate, Connections: 2, Duration: duration, Next: get})
			if result.Requests == 0 || result.Elapsed < duration {
				t.Errorf("%d requests in %v", result.Requests, result.Elapsed)
			}
		})
	}
}

func TestCountIsBounded(t *testing.T) {
	for name, rate := range map[string]float64{"open": 1000, "closed": 0} {
		t.Run(name, func(t *testing.T) {
			var served atomic.Int64
			address := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served.Add(1) }))
			result := mustRun(t, Plan{Address: address, Rate: rate, Connections: 3, Duration: time.Minute, MaxRequests: 50, Next: get})
			if result.Requests != 50 || served.Load() != 50 || result.Elapsed > 30*time.Second {
				t.Errorf("%d requests, %d served, %v", result.Requests, served.Load(), result.Elapsed)
			}
		})
	}
}

func TestWarmupIsNotCounted(t *testing.T) {
	var served atomic.Int64
	address := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served.Add(1) }))
	result := mustRun(t, Plan{Address: address, Rate: 500, Connections: 2, Warmup: 100 * time.Millisecond, Duration: 100 * time.Millisecond, Next: get})
	if served.Load() != 50+result.Requests || result.Requests+result.Unsent != 50 {
		t.Errorf("%d served, %d counted; want 100 and 50", served.Load(), result.Requests)
	}
}

func TestStatusesAndNames(t *testing.T) {
	address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	result := mustRun(t, Plan{Address: address, Connections: 2, Duration: time.Minute, MaxRequests: 90, Next: func(_ *rand.Rand, n int64) Request {
		if n%3 == 0 {
			return Request{Raw: []byte("GET /bad HTTP/1.1\r\nHost: test\r\n\r\n"), Name: "bad"}
		}
		return get(nil, n)
	}})
	if diff := cmp.Diff(map[int]int64{200: 60, 401: 30}, result.Statuses); diff != "" {
		t.Error("statuses (-want +got):", diff)
	}
	if bad, good := result.ByName["bad"].TotalCount(), result.ByName["get"].TotalCount(); bad != 30 || good != 60 {
		t.Errorf("%d bad and %d good ones", bad, good)
	}
}

// Each connection has its own random numbers, which are the same in each run.
func TestSeed(t *testing.T) {
	address := serve(t, ok)
	drawn := func(seed uint64) (numbers []uint64) {
		mustRun(t, Plan{Address: address, Connections: 1, Duration: time.Minute, MaxRequests: 5, Seed: seed, Next: func(rng *rand.Rand, n int64) Request {
			numbers = append(numbers, rng.Uint64())
			return get(rng, n)
		}})
		return numbers
	}
	one := drawn(1)
	if diff := cmp.Diff(one, drawn(1)); diff != "" {
		t.Error("the same seed (-first +second):", diff)
	}
	if cmp.Equal(one, drawn(2)) {
		t.Error("two seeds give the same numbers")
	}
}

func TestUnixSocket(t *testing.T) {
	path := t.TempDir() + "/s"
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: ok}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	if result := mustRun(t, Plan{Network: "unix", Address: path, Connections: 1, Duration: time.Minute, MaxRequests: 3, Next: get}); result.Requests != 3 {
		t.Errorf("%d requests", result.Requests)
	}
}

// BenchmarkRun is what the generator itself can do. The server is in the same process, and answers without reading much.
func BenchmarkRun(b *testing.B) {
	request, answer := get(nil, 0), []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	address := speak(b, func(conn net.Conn, in *bufio.Reader) {
		for more := true; more; {
			conn.Write(answer)
			_, err := in.Discard(len(request.Raw))
			more = err == nil
		}
	})
	next := func(*rand.Rand, int64) Request { return request }
	b.ReportAllocs()
	result := mustRun(b, Plan{Address: address, Connections: 16, Duration: time.Minute, MaxRequests: int64(b.N), Next: next})
	b.ReportMetric(float64(result.Latency.ValueAtQuantile(50)), "ns-p50")
}
