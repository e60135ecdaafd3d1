// Package gateway makes a Doorward to be measured: a store with what the load needs, a config, and a process.
package gateway

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/doorward/doorward/benchmarks/fill"
	"github.com/doorward/doorward/benchmarks/rig"
)

// Package is what is built: the released binary.
const Package = "github.com/doorward/doorward/cmd/doorward"

// Config is a gateway before one upstream, with sites that differ in nothing but what stands before the proxy.
type Config struct {
	Folder   string // of config and log; made by whoever calls
	Store    string // file of SQLite
	Upstream string // host:port
	Sites    []Site
	Catalog  string // file; empty: the embedded ones
	Admin    int    // port of Caddy's admin endpoint, which has the profiler; 0: none
	CPUs     []int  // that the process may run on; empty: all
	Procs    int    // GOMAXPROCS; 0: Go's own choice
}

// Site is a listener of 127.0.0.1. What it holds stands before the proxy: nothing, "doorward", or a directive with its block.
type Site struct {
	Port int
	Has  string
}

// Address is what load.Plan wants.
func (s Site) Address() string { return "127.0.0.1:" + strconv.Itoa(s.Port) }

// Caddyfile is the config as text. Nothing is logged but to nowhere, and every site has a pool of its own with 256 idle
// connections to the upstream.
func (c Config) Caddyfile() string {
	var b strings.Builder
	admin := "off"
	if c.Admin != 0 {
		admin = "127.0.0.1:" + strconv.Itoa(c.Admin)
	}
	fmt.Fprintf(&b, "{\n\tadmin %s\n\tpersist_config off\n\tauto_https off\n\tlog {\n\t\toutput discard\n\t}\n\tservers {\n\t\tprotocols h1\n\t}\n", admin)
	fmt.Fprintf(&b, "\tdoorward {\n\t\tstore sqlite %q\n\t\tenvironment %s\n", c.Store, fill.Environment)
	if c.Catalog != "" {
		fmt.Fprintf(&b, "\t\tcatalog %q\n", c.Catalog)
	}
	// What is measured are refusals, and not the limit on guessing.
	b.WriteString("\t\tfailed_authentications {\n\t\t\toff\n\t\t}\n\t}\n}\n")
	for _, s := range c.Sites {
		fmt.Fprintf(&b, "http://:%d {\n\tbind 127.0.0.1\n\t%s\n\treverse_proxy %s {\n", s.Port, strings.ReplaceAll(s.Has, "\n", "\n\t"), c.Upstream)
		b.WriteString("\t\ttransport http {\n\t\t\tkeepalive_idle_conns 512\n\t\t\tkeepalive_idle_conns_per_host 256\n\t\t}\n\t}\n}\n")
	}
	return b.String()
}

// Start writes the config and starts the program. It returns when every site takes connections.
func Start(ctx context.Context, program string, c Config) (*rig.Process, error) {
	file := filepath.Join(c.Folder, "Caddyfile")
	if err := os.WriteFile(file, []byte(c.Caddyfile()), 0o600); err != nil {
		return nil, err
	}
	env := []string{"XDG_DATA_HOME=" + c.Folder, "XDG_CONFIG_HOME=" + c.Folder}
	if c.Procs > 0 {
		env = append(env, "GOMAXPROCS="+strconv.Itoa(c.Procs))
	}
	return rig.Start(ctx, rig.Spec{
		Name: "doorward", Path: program, Args: []string{"run", "--config", file}, Env: env, CPUs: c.CPUs, Dir: c.Folder,
		Ready: func(ctx context.Context) error {
			for _, s := range c.Sites {
				if err := rig.Listening(s.Address())(ctx); err != nil {
					return err
				}
			}
			return nil
		},
	})
}
