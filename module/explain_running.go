package module

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/doorward/doorward/internal/fault"
)

const (
	rehearsalsAtOnce = 2                // each reads all policies of the store
	rehearsalTimeout = 10 * time.Second // with the time that it waits for the others
)

// rehearse takes a request through the stages of the gate that is running, in the config that is. It is Explain without
// files: what was read when the config was loaded counts.
func (a *API) rehearse(ctx context.Context, r ExplainRequest) (Explanation, error) {
	sites, err := a.sites()
	if err != nil {
		return Explanation{}, err
	}
	if len(sites) == 0 {
		return Explanation{}, fault.New(fault.Invalid, "The config has no site with a gate that a request could come to.", nil)
	}
	picked, err := pick(sites, r.Host)
	if err != nil {
		return Explanation{}, err
	}
	// The handler is made anew from what the config says of it: the one that runs belongs to its own gate.
	picked.handler = new(Handler)
	if err := json.Unmarshal(picked.raw, picked.handler); err != nil {
		return Explanation{}, err
	}
	g := a.app.gate
	run := &rehearsal{
		request: r, app: a.app.described(), site: picked, config: g.config, formats: g.formats, store: standIn{Store: g.store},
	}
	ctx, cancel := context.WithTimeout(ctx, rehearsalTimeout)
	defer cancel()
	select {
	case g.rehearsals <- struct{}{}:
		defer func() { <-g.rehearsals }()
	case <-ctx.Done():
		return Explanation{}, fault.New(fault.Unavailable, "Other requests are being explained.", ctx.Err())
	}
	return run.explain(ctx)
}

// described is what a config says of an app, without what runs.
func (a *App) described() *App {
	return &App{
		Store: a.Store, Environment: a.Environment, Account: a.Account, Accounts: a.Accounts, TokenFormats: a.TokenFormats,
		LegacyTokens: a.LegacyTokens, Issuers: a.Issuers, RemoteAccess: a.RemoteAccess, OAuth2: a.OAuth2, Cache: a.Cache,
		layers: a.layers,
	}
}

// sites are the gates of the config that runs, and where their requests come to. The API's own gate counts where it is the only one.
func (a *API) sites() ([]site, error) {
	loaded, err := a.own.ctx.AppIfConfigured("http")
	if err != nil {
		return nil, err
	}
	app, ok := loaded.(*caddyhttp.App)
	if !ok {
		return nil, fault.New(fault.Internal, "The sites of the config cannot be told.", nil)
	}
	var found []site
	for _, name := range slices.Sorted(maps.Keys(app.Servers)) {
		server := app.Servers[name]
		walk := siteWalk{named: server.NamedRoutes}
		if err := walk.routes(server.Routes, site{listen: server.Listen}, 0); err != nil {
			return nil, err
		}
		found = append(found, walk.found...)
	}
	found = joinAPIs(found)
	if gates := slices.DeleteFunc(slices.Clone(found), func(s site) bool { return s.ownAPI() }); len(gates) > 0 {
		return gates, nil
	}
	return found, nil
}

// siteWalk is findSites for handlers that are provisioned.
type siteWalk struct {
	named map[string]*caddyhttp.Route
	found []site
}

func (w *siteWalk) routes(routes caddyhttp.RouteList, in site, depth int) error {
	if depth > maxNesting {
		return nil
	}
	for _, route := range routes {
		here := in
		if hosts := hostsOf(route.MatcherSets); hosts != nil {
			here.hosts = hosts
		}
		for _, handler := range route.Handlers {
			if err := w.handler(handler, here, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *siteWalk) handler(handler caddyhttp.MiddlewareHandler, in site, depth int) (err error) {
	switch h := handler.(type) {
	case *Handler:
		in.handler = h
	case *API:
		in.handler, in.api = h.own, true
	case *caddyhttp.Subroute:
		return w.routes(h.Routes, in, depth+1)
	case *caddyhttp.Invoke:
		if route, ok := w.named[h.Name]; ok {
			return w.routes(caddyhttp.RouteList{*route}, in, depth+1)
		}
	}
	if in.handler == nil {
		return nil
	}
	in.raw, err = json.Marshal(in.handler)
	w.found = append(w.found, in)
	return err
}

// hostsOf are the hosts of a route, nil for any. A route with several sets of conditions takes whatever fits one of them.
func hostsOf(sets caddyhttp.MatcherSets) []string {
	var hosts []string
	for _, set := range sets {
		at := slices.IndexFunc(set, func(matcher any) bool { return matchedHosts(matcher) != nil })
		if at < 0 {
			return nil
		}
		hosts = append(hosts, matchedHosts(set[at])...)
	}
	return hosts
}

func matchedHosts(matcher any) []string {
	switch m := matcher.(type) {
	case *caddyhttp.MatchHost:
		return *m
	case caddyhttp.MatchHost:
		return m
	}
	return nil
}
