package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/doorward/doorward/benchmarks/gateway"
	"github.com/doorward/doorward/benchmarks/rig"
)

// stage is a gateway with all that it needs, under way.
type stage struct {
	gateway  *rig.Process
	upstream *rig.Process
	sites    map[string]gateway.Site
	store    string // file
	admin    string // URL of Caddy's admin endpoint
	badges   gateway.Badges
}

// siteNames are what stands before the proxy, by the name of the site. Two have nothing: what they differ by is what the
// measurement cannot tell.
var siteNames = map[string]string{
	"plain": "", "plain again": "", "guarded": "doorward",
	"discreet": "doorward {\nidentity_headers {\nuser off\ntoken_id off\nenvironment off\nscopes off\ndecision_id off\n}\n}",
}

// open starts a gateway over a store of its own with so many tokens and statements, on these CPUs; on all of them where none is named.
func open(ctx context.Context, folder string, p gateway.Programs, tokens, statements int, sites map[string]string, cpus ...int) (s *stage, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	store := filepath.Join(folder, "doorward.db")
	s = &stage{store: store, sites: map[string]gateway.Site{}}
	if err := gateway.Fill(ctx, store, tokens); err != nil {
		return nil, fmt.Errorf("filling the store: %w", err)
	}
	if s.badges, err = gateway.Enrol(ctx, store, statements); err != nil {
		return nil, fmt.Errorf("making users and policies: %w", err)
	}
	ports, err := rig.FreePorts(len(sites) + 1)
	if err != nil {
		return nil, err
	}
	var behind string
	if s.upstream, behind, err = gateway.StartUpstream(ctx, p); err != nil {
		return nil, err
	}
	c := gateway.Config{Folder: folder, Store: store, Upstream: behind, Admin: ports[0], CPUs: cpus, Procs: len(cpus)}
	s.admin = "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
	for name, has := range sites {
		s.sites[name] = gateway.Site{Port: ports[1+len(c.Sites)], Has: has}
		c.Sites = append(c.Sites, s.sites[name])
	}
	if s.gateway, err = gateway.Start(ctx, p.Doorward, c); err != nil {
		return nil, errors.Join(err, s.upstream.Stop(ctx))
	}
	return s, nil
}

func (st *stage) close(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	return errors.Join(st.gateway.Stop(ctx), st.upstream.Stop(ctx))
}
