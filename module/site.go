package module

import (
	"net/http"
	"slices"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// maxNesting bounds how deep routes are looked through. Named routes can name one another in a circle.
const maxNesting = 32

// apiBehind finds the API that requests can come to which this handler lets through: one that stands behind it in the same
// chain of handlers. nil where there is none. The config must be provisioned.
func apiBehind(app *caddyhttp.App, h *Handler) (*API, passage) {
	for _, server := range app.Servers {
		search := siteSearch{from: h, named: server.NamedRoutes}
		search.routes(server.Routes, 0)
		if search.found != nil {
			return search.found, search.through
		}
	}
	return nil, nil
}

// passage is what a request has to fulfil, between the gate and the API, to get there: the matchers of the routes around the
// API, and of those that would have taken it elsewhere before.
type passage []condition

type condition struct {
	matchers caddyhttp.MatcherSets
	fits     bool
}

// leads reports whether a request gets through. A matcher that fails lets nothing through.
func (p passage) leads(r *http.Request) bool {
	for _, c := range p {
		fits, err := c.matchers.AnyMatchWithError(r)
		if err != nil || fits != c.fits {
			return false
		}
	}
	return true
}

// siteSearch walks handlers in the order in which a request meets them.
type siteSearch struct {
	from   *Handler
	named  map[string]*caddyhttp.Route
	passed bool    // the walk has come past from
	way    passage // from there to where it is

	found   *API
	through passage // to found
}

// routes walks a list of routes. Of the routes of one group a request takes the first that fits, so what stands in the same
// group as from, but in another route, is not behind it. A terminal route ends the way of a request, in the lists around
// this one as well: so it is that the sites of a Caddyfile do not run into one another.
func (s *siteSearch) routes(routes caddyhttp.RouteList, depth int) {
	if depth > maxNesting || s.found != nil {
		return
	}
	taken := map[string]bool{}
	for i, route := range routes {
		if route.Group != "" && taken[route.Group] {
			continue
		}
		before, here := s.passed, len(s.way)
		if s.passed {
			s.way = append(s.way, into(routes, i)...)
		}
		for _, handler := range route.Handlers {
			s.handler(handler, depth)
		}
		s.way = s.way[:here]
		if s.passed && !before {
			taken[route.Group] = true
			s.passed = !route.Terminal
		}
	}
}

// into is what leads into one route of a list: its own matchers, and none of those that come first in its group.
func into(routes caddyhttp.RouteList, at int) passage {
	way := passage{{routes[at].MatcherSets, true}}
	for _, earlier := range routes[:at] {
		if earlier.Group != "" && earlier.Group == routes[at].Group {
			way = append(way, condition{earlier.MatcherSets, false})
		}
	}
	return way
}

func (s *siteSearch) handler(handler caddyhttp.MiddlewareHandler, depth int) {
	switch h := handler.(type) {
	case *Handler:
		s.passed = s.passed || h == s.from
	case *API:
		if s.passed && s.found == nil {
			s.found, s.through = h, slices.Clone(s.way)
		}
	case *caddyhttp.Subroute:
		s.routes(h.Routes, depth+1)
	case *caddyhttp.Invoke:
		if route, ok := s.named[h.Name]; ok {
			s.routes(caddyhttp.RouteList{*route}, depth+1)
		}
	}
}
