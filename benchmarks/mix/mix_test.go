package mix

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/benchmarks/fill"
	"github.com/doorward/doorward/benchmarks/load"
	"github.com/doorward/doorward/benchmarks/rig/upstream"
	"github.com/doorward/doorward/module/moduletest"
)

// start runs a gateway over a store with so many tokens, and what it needs behind it.
func start(t *testing.T, tokens int) Gateway {
	t.Helper()
	store := filepath.Join(t.TempDir(), "doorward.db")
	prepared, err := Prepare(t.Context(), "sqlite:"+store, tokens)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go upstream.Serve(t.Context(), plain, upstream.Answer(http.StatusOK, "ok"))
	server := httptest.NewUnstartedServer(nil)
	behind, err := NewBehind("http://" + server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = behind
	server.Start()
	t.Cleanup(server.Close)
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	g := moduletest.Start(t, "{\n\tadmin off\n\tpersist_config off\n}\n")
	_, port, _ := net.SplitHostPort(g.Addr)
	for name, value := range map[string]string{
		"FOLDER": t.TempDir(), "STORE": store, "PORT": port, "ACCOUNT": fill.Account, "ENVIRONMENT": fill.Environment,
		"UPSTREAM": plain.Addr().String(), "BEHIND": behind.URL,
	} {
		t.Setenv("LOAD_"+name, value)
	}
	g.Load(string(Caddyfile))
	prepared.Address, prepared.Issuer = g.Addr, behind.URL
	prepared.Restart = func(context.Context) error { return nil } // in the command it is a process of its own
	return prepared
}

// Every mix gets the answers that it is about: good tokens 200, bad ones refused, and nothing fails.
func TestMixes(t *testing.T) {
	g := start(t, 1500)
	for _, m := range All() {
		t.Run(m.Name, func(t *testing.T) {
			plan := load.Plan{Rate: 100, Connections: 4, Duration: 400 * time.Millisecond, Seed: 1}
			if m.Name == "publish" {
				plan.Duration = 1200 * time.Millisecond // long enough for one
			}
			outcome, err := m.Run(t.Context(), g, plan)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range outcome.Parts {
				if part.Requests == 0 || part.Errors > 0 {
					t.Errorf("%s: %d requests, %d errors", part.Name, part.Requests, part.Errors)
				}
				for status, n := range part.Statuses {
					if !expected(m.Name, part.Name, status) {
						t.Errorf("%s: %d answers are %d", part.Name, n, status)
					}
				}
			}
			for _, note := range outcome.Notes {
				t.Log(note.Name+":", note.Value)
			}
		})
	}
}

func expected(mix, part string, status int) bool {
	switch {
	case part == "flood":
		return status == http.StatusUnauthorized || status == http.StatusTooManyRequests
	case mix == "websocket":
		return status == http.StatusSwitchingProtocols
	case mix == "revoke" && status == http.StatusUnauthorized:
		return true
	}
	return status == http.StatusOK
}

// A mix says what it lacks rather than measure refusals.
func TestNeeds(t *testing.T) {
	for _, m := range All() {
		if _, err := m.Run(t.Context(), Gateway{Address: "127.0.0.1:1"}, load.Plan{}); err == nil {
			t.Errorf("%s needs nothing", m.Name)
		}
	}
	err := (NeedsMany | NeedsAdmin).missing(Gateway{Tokens: []string{"one"}})
	if got, want := fmt.Sprint(err), "the gateway lacks an administrator's token and more than 1,000 good tokens"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLoopbackOnly(t *testing.T) {
	g := Gateway{Address: "192.0.2.1:80", Tokens: []string{"one"}}
	if _, err := All()[0].Run(t.Context(), g, load.Plan{}); err == nil {
		t.Error("a mix is sent to another machine")
	}
	if _, err := (Trickle{Address: g.Address}).Run(t.Context()); err == nil {
		t.Error("bodies trickle to another machine")
	}
}

// Clients whose bodies trickle are held by a server that reads, answered by one that refuses, and gone when the run is over.
func TestTrickle(t *testing.T) {
	reading := make(chan struct{}, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refused" {
			w.WriteHeader(http.StatusRequestTimeout)
			return
		}
		for b := make([]byte, 1); ; {
			if _, err := r.Body.Read(b); err != nil {
				return
			}
			reading <- struct{}{}
		}
	}))
	t.Cleanup(server.Close)
	trickle := Trickle{Address: server.Listener.Addr().String(), LocalIP: hostile, Clients: 3, Every: time.Millisecond}

	trickle.Head = postHead("/held", "", 1<<20)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for range 20 {
			<-reading
		}
		cancel()
		for {
			select {
			case <-reading:
			case <-t.Context().Done():
				return
			}
		}
	}()
	held, err := trickle.Run(ctx)
	if err != nil || held.Clients != 3 || held.Sent < 20 || held.Cut > 0 || len(held.Statuses) > 0 {
		t.Errorf("%+v, %v", held, err)
	}

	trickle.Head = postHead("/refused", "", 1<<20)
	refused, err := trickle.Run(t.Context())
	if diff := cmp.Diff(map[int]int{408: 3}, refused.Statuses); err != nil || diff != "" {
		t.Errorf("%v, statuses (-want +got): %s", err, diff)
	}
}
