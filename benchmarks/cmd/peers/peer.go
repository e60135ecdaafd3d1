package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/doorward/doorward/benchmarks/fill"
	"github.com/doorward/doorward/benchmarks/mix"
	"github.com/doorward/doorward/benchmarks/rig"
)

// peer is a way to guard an API. Where it needs a server beside the proxy, helpers starts that.
type peer struct {
	name    string
	about   string // for the table in the README
	config  string // file of the proxy's configuration, in config
	program func(*programs) string
	helpers func(*stage, context.Context) error
	// refuses: without a credential a request does not get through. False for what is not a guard, and for what says yes to all.
	refuses bool
	path    string
	tokens  func(mix.Gateway) []string // one of them is in each request, the first the most often
}

const (
	// Paths of Doorward's catalogue. The second asks the policies of a user whether a schema may be read.
	scopesPath   = "/api/v2/metrics/query"
	policiesPath = "/api/v2/settings/objects?schemaIds=app:7"
)

func one(g mix.Gateway) []string      { return g.Tokens[:1] }
func many(g mix.Gateway) []string     { return g.Tokens }
func personal(g mix.Gateway) []string { return []string{g.Personal} }

func caddyProgram(p *programs) string    { return p.caddy }
func doorwardProgram(p *programs) string { return p.doorward }
func nginxProgram(p *programs) string    { return p.nginx }

var peers = []peer{
	{name: rig.CasePlain, about: "Caddy `reverse_proxy`, which lets everything through", config: "plain.Caddyfile", program: caddyProgram, path: scopesPath, tokens: one},
	{name: rig.CasePlainAgain, about: "the same once more: the noise", config: "plain.Caddyfile", program: caddyProgram, path: scopesPath, tokens: one},
	{
		name: rig.CaseForwardYes, about: "Caddy `forward_auth` to a server that always says yes", config: "forward-auth.Caddyfile", program: caddyProgram,
		helpers: (*stage).startYes, path: scopesPath, tokens: one,
	},
	{
		name: rig.CaseForwardOPA, about: "Caddy `forward_auth` to an adapter that asks OPA's REST API", config: "forward-auth.Caddyfile", program: caddyProgram,
		helpers: (*stage).startAdapter, refuses: true, path: scopesPath, tokens: one,
	},
	{
		name: rig.CaseForwardAuthz, about: "Caddy `forward_auth` to OPA itself, with `system.authz`", config: "forward-auth-authz.Caddyfile", program: caddyProgram,
		helpers: (*stage).startAuthz, refuses: true, path: scopesPath, tokens: one,
	},
	{
		name: rig.CaseNginxYes, about: "nginx `auth_request` to the server that always says yes", config: "nginx.conf", program: nginxProgram,
		helpers: (*stage).startYes, path: scopesPath, tokens: one,
	},
	{
		name: rig.CaseDoorward, about: "Doorward: one token, with scopes", config: "doorward.Caddyfile", program: doorwardProgram,
		refuses: true, path: scopesPath, tokens: one,
	},
	{
		name: rig.CaseDoorwardIAM, about: "Doorward: one personal token, within the policies of its user", config: "doorward.Caddyfile", program: doorwardProgram,
		refuses: true, path: policiesPath, tokens: personal,
	},
	{
		name: rig.CaseDoorwardMany, about: "Doorward: 10,000 tokens, some often and most seldom (Zipf, s = 1.1)", config: "doorward.Caddyfile", program: doorwardProgram,
		refuses: true, path: scopesPath, tokens: many,
	},
}

// stage is one peer, started: the proxy, and what it asks.
type stage struct {
	*rigging
	values  values
	proxy   *rig.Process
	helpers []*rig.Process
}

// start starts a peer in a folder of its own. Whatever happens, the caller stops the stage that it returns.
func (r *rigging) start(ctx context.Context, p *peer) (*stage, error) {
	dir, err := os.MkdirTemp(r.dir, "stage-")
	if err != nil {
		return nil, err
	}
	ports, err := rig.FreePorts(2)
	if err != nil {
		return nil, err
	}
	s := &stage{rigging: r, values: values{Dir: dir, Store: r.store, Environment: fill.Environment, Account: fill.Account, Port: ports[0], Helper: ports[1], Upstream: r.upstreamPort}}
	if p.helpers != nil {
		if err := p.helpers(s, ctx); err != nil {
			return s, err
		}
	}
	config, err := s.values.write(p.config)
	if err != nil {
		return s, err
	}
	args := []string{"run", "--config", config, "--adapter", "caddyfile"}
	if p.config == "nginx.conf" {
		args = []string{"-c", config, "-p", dir, "-e", "stderr"}
	}
	s.proxy, err = s.launch(ctx, p.name, p.program(&r.programs), s.values.Port, args...)
	return s, err
}

// launch starts a program on the CPU of the proxies, as one that all of them share, and waits until it listens.
func (s *stage) launch(ctx context.Context, name, program string, port int, args ...string) (*rig.Process, error) {
	return rig.Start(ctx, rig.Spec{
		Name: name, Path: program, Args: args, Env: goEnv(s.values.Dir), CPUs: only(s.proxyCPU), Dir: s.values.Dir, Ready: rig.Listening(address(port)),
	})
}

// goEnv is the same for every program that is written in Go: one CPU, the default of the garbage collector.
func goEnv(dir string) []string {
	return []string{"GOMAXPROCS=1", "GOGC=100", "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir}
}

func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// stop ends all programs of the stage, and removes what they left.
func (s *stage) stop(ctx context.Context) error {
	var failed []error
	if s.proxy != nil {
		failed = append(failed, s.proxy.Stop(ctx))
	}
	for _, helper := range s.helpers {
		failed = append(failed, helper.Stop(ctx))
	}
	return errors.Join(append(failed, os.RemoveAll(s.values.Dir))...)
}

func (s *stage) help(ctx context.Context, name, program string, port int, args ...string) error {
	helper, err := s.launch(ctx, name, program, port, args...)
	if err == nil {
		s.helpers = append(s.helpers, helper)
	}
	return err
}

func (s *stage) startYes(ctx context.Context) error {
	return s.help(ctx, "yes", s.programs.upstream, s.values.Helper, "-listen", address(s.values.Helper), "-body", "")
}

func (s *stage) startAdapter(ctx context.Context) error {
	ports, err := rig.FreePorts(1)
	if err != nil {
		return err
	}
	if err := s.startOPA(ctx, "gateway.rego", ports[0]); err != nil {
		return err
	}
	return s.help(ctx, "adapter", s.programs.adapter, s.values.Helper, "-listen", address(s.values.Helper),
		"-decision", "http://"+address(ports[0])+"/v1/data/gateway/allow")
}

func (s *stage) startAuthz(ctx context.Context) error {
	return s.startOPA(ctx, "authz.rego", s.values.Helper, "--authorization=basic")
}

// startOPA gives OPA a policy, and the one token and the one endpoint that it is asked about. More of either would cost it nothing: both
// are found by a key.
func (s *stage) startOPA(ctx context.Context, policy string, port int, more ...string) error {
	rules, err := s.values.write(policy)
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(s.gateway.Tokens[0]))
	data, err := json.Marshal(map[string]any{
		"tokens": map[string]any{hex.EncodeToString(digest[:]): map[string]any{
			"enabled": true, "expires": time.Now().Add(24 * time.Hour).UnixNano(), "scopes": []string{"metrics.read"},
		}},
		"endpoints": map[string]any{"GET": map[string]any{scopesPath: []string{"metrics.read"}}},
	})
	if err != nil {
		return err
	}
	known := filepath.Join(s.values.Dir, "data.json")
	if err := os.WriteFile(known, data, 0o600); err != nil {
		return err
	}
	args := append([]string{"run", "--server", "--addr", address(port), "--disable-telemetry", "--log-level", "error"}, more...)
	return s.help(ctx, "opa", s.programs.opa, port, append(args, rules, known)...)
}

// requests are what the peer is asked, again and again.
func (p *peer) requests(g mix.Gateway) mix.Next {
	raws := mix.Gets(p.path, p.tokens(g))
	if len(raws) == 1 {
		return mix.Same(p.name, raws[0])
	}
	return mix.Popular(p.name, raws, 1.1)
}
