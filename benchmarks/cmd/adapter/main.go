// Command adapter stands between forward_auth of a proxy and OPA's REST API, as such adapters do: it makes of the original request
// an input document, asks for a decision, and answers 200 or 403. It is one of the programs that Doorward is measured against.
//
//	go run ./benchmarks/cmd/adapter -listen 127.0.0.1:9001 -decision http://127.0.0.1:8181/v1/data/gateway/allow
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/doorward/doorward/benchmarks/rig"
)

func main() {
	address := flag.String("listen", "127.0.0.1:9001", "where to listen: a loopback address and a port")
	decision := flag.String("decision", "http://127.0.0.1:8181/v1/data/gateway/allow", "URL of a decision of OPA that is true or false")
	flag.Parse()
	rig.Main(func(ctx context.Context) error { return run(ctx, *address, newAdapter(*decision)) })
}

func run(ctx context.Context, address string, handler http.Handler) error {
	if at, err := netip.ParseAddrPort(address); err != nil || !at.Addr().IsLoopback() {
		return fmt.Errorf("%q is no loopback address with a port", address)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// adapter keeps as many connections to OPA open as the proxies under test keep to their upstreams.
type adapter struct {
	decision string
	client   *http.Client
}

func newAdapter(decision string) *adapter {
	return &adapter{decision, &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{MaxIdleConns: 512, MaxIdleConnsPerHost: 256, DisableCompression: true},
	}}
}

// question is what OPA is asked.
type question struct {
	Input input `json:"input"`
}

type input struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Token  string `json:"token"`
}

// ServeHTTP takes the request that is asked about from the headers in which forward_auth puts it.
func (a *adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Uri"), "?")
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	allowed, err := a.ask(r.Context(), input{Method: r.Header.Get("X-Forwarded-Method"), Path: path, Token: token})
	switch {
	case err != nil:
		http.Error(w, "no decision", http.StatusServiceUnavailable)
	case !allowed:
		http.Error(w, "refused", http.StatusForbidden)
	default:
		w.WriteHeader(http.StatusOK)
	}
}

func (a *adapter) ask(ctx context.Context, about input) (allowed bool, err error) {
	body, err := json.Marshal(question{about})
	if err != nil {
		return false, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.decision, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := a.client.Do(request)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 64<<10)) // to the end, so that the connection is used again
	if err != nil || response.StatusCode != http.StatusOK {
		return false, fmt.Errorf("OPA answers %s: %w", response.Status, err)
	}
	var answer struct {
		Result bool `json:"result"`
	}
	err = json.Unmarshal(text, &answer)
	return answer.Result && err == nil, err
}
