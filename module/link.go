package module

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/doorward/doorward/module/endpoint"
)

// linking is what happens once all of a config is provisioned and before a handler answers: only then can it be seen whether
// Doorward's own API stands behind the handler, and its endpoints exist on that site only.
//
// Caddy starts the apps of a config in any order, so the first request may come before App.Start has done it.
type linking struct {
	once sync.Once
	err  error
}

// ready links the handler unless that has been done.
func (h *Handler) ready() error {
	h.link.once.Do(func() { h.link.err = h.findAPI() })
	return h.link.err
}

// isReady keeps a request out where the endpoints of its site could not be put together.
func (x *exchange) isReady() bool {
	err := x.h.ready()
	return err == nil || x.denyFault(err)
}

// findAPI looks for the API, and takes its endpoints in where it is there.
func (h *Handler) findAPI() error {
	if h.ctx.Context == nil || h.api != nil {
		return nil // not in a config, or made by the API itself
	}
	loaded, err := h.ctx.AppIfConfigured("http")
	if err != nil {
		return nil //nolint:nilerr // a handler outside of an HTTP server has nothing behind it
	}
	app, ok := loaded.(*caddyhttp.App)
	if !ok {
		return fmt.Errorf("the app http is a %T", loaded)
	}
	if h.api, h.way = apiBehind(app, h); h.api == nil {
		return nil
	}
	return errors.Join(h.buildTable(h.app), h.readForms(h.app))
}

// isOwn reports whether the request is for Doorward's own API. Such a one never goes on to anything else: rows of the API can
// be public, and the upstream may have something of the same name.
func (x *exchange) isOwn() bool { return x.h.api != nil && x.h.rows[x.endpoint].own }

// reachesAPI reports whether the config lets the request get to the API at all: matchers may keep some away from it.
func (x *exchange) reachesAPI() bool { return x.h.way.leads(x.r) }

// ownShapes are those of every row that Doorward serves.
var ownShapes = sync.OnceValues(func() (map[string]bool, error) {
	catalog, err := endpoint.Embedded(endpoint.Own)
	if err != nil {
		return nil, err
	}
	shapes := map[string]bool{}
	for _, row := range catalog.Endpoints {
		shapes[shapeOf(row.Method+" "+row.Template)] = true
	}
	return shapes, nil
})

// catalogsIn is the number of layers that are catalogues: those before the one that the app's config makes.
func catalogsIn(layers []endpoint.Layer) int {
	at := slices.IndexFunc(layers, func(l endpoint.Layer) bool { return l.Name == ownLayer })
	if at < 0 {
		return len(layers)
	}
	return at
}
