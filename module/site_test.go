package module

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard" // the directives of the table
	"github.com/google/go-cmp/cmp"
)

// TestLinking: the API's endpoints exist behind a gate if and only if requests can come from there to the API. Attack: a
// site that does not serve the API has its rows all the same, so that GET /openapi.json passes to the upstream without a
// credential. Fix: a terminal route, as every site of a Caddyfile is, ends the search for those that came through it.
// Invariant: a gate has the rows where the API stands behind it in the chain that a request takes, and nowhere else.
//
// A gate goes by the name of its environment.
func TestLinking(t *testing.T) {
	const gate = "doorward {\n environment one\n}\n"
	for name, test := range map[string]struct {
		sites string
		want  map[string]bool
	}{
		"on one site":        {"http://a.test {\n" + gate + "doorward_api\n}", map[string]bool{"one": true}},
		"no API":             {"http://a.test {\n" + gate + "respond ok\n}", map[string]bool{"one": false}},
		"in front of it":     {"http://a.test {\nroute {\ndoorward_api\n" + gate + "}\n}", map[string]bool{"one": false}},
		"in a route":         {"http://a.test {\nroute {\n" + gate + "doorward_api\n}\n}", map[string]bool{"one": true}},
		"API in a handle":    {"http://a.test {\n" + gate + "handle /api/* {\ndoorward_api\n}\nhandle {\nrespond ok\n}\n}", map[string]bool{"one": true}},
		"gate in a route":    {"http://a.test {\nroute {\nroute {\n" + gate + "}\ndoorward_api\n}\n}", map[string]bool{"one": true}},
		"both in a handle":   {"http://a.test {\nhandle_path /x/* {\n" + gate + "doorward_api\n}\nrespond no\n}", map[string]bool{"one": true}},
		"in another handle":  {"http://a.test {\nhandle /x/* {\n" + gate + "}\nhandle {\ndoorward_api\n}\n}", map[string]bool{"one": false}},
		"before that handle": {"http://a.test {\nhandle /x/* {\ndoorward_api\n}\nhandle {\n" + gate + "}\n}", map[string]bool{"one": false}},
		"on the next site": {
			"http://a.test {\n" + gate + "}\nhttp://b.test {\ndoorward_api\n}", map[string]bool{"one": false},
		},
		"on the site before": {
			"http://z.test {\n" + gate + "}\nhttp://longer.test {\ndoorward_api\n}", map[string]bool{"one": false},
		},
		"two gates, two sites": {
			"http://a.test {\n" + gate + "}\nhttp://b.test {\ndoorward {\nenvironment two\n}\ndoorward_api\n}",
			map[string]bool{"one": false, "two": true},
		},
		"two gates, the other way": {
			"http://a.test {\n" + gate + "doorward_api\n}\nhttp://b.test {\ndoorward {\nenvironment two\n}\n}",
			map[string]bool{"one": true, "two": false},
		},
		"on another server": {
			"http://a.test:81 {\n" + gate + "}\nhttp://a.test:82 {\ndoorward_api\n}", map[string]bool{"one": false},
		},
		"in a named route": {
			"&(api) {\ndoorward_api\n}\nhttp://a.test {\n" + gate + "invoke api\n}", map[string]bool{"one": true},
		},
		"gate in a named route": {
			"&(gate) {\n" + gate + "}\nhttp://a.test {\nroute {\ninvoke gate\ndoorward_api\n}\n}", map[string]bool{"one": true},
		},
		"gate on two sites": {
			"&(gate) {\n" + gate + "}\nhttp://a.test {\ninvoke gate\n}\nhttp://b.test {\nroute {\ninvoke gate\ndoorward_api\n}\n}",
			map[string]bool{"one": true},
		},
		"named routes in a circle": {
			"&(round) {\ninvoke round\n}\nhttp://a.test {\nroute {\n" + gate + "invoke round\n}\n}", map[string]bool{"one": false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, linked(t, test.sites)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// linked provisions a config, without starting it, and says which gates have the API behind them.
func linked(t *testing.T, sites string) map[string]bool {
	t.Helper()
	options := "{\nadmin off\nauto_https off\ndoorward {\nstore sqlite " + filepath.Join(t.TempDir(), "doorward.db") + "\n}\n}\n"
	adapted, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(options+sites), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		t.Fatal(err)
	}
	var config caddy.Config
	if err := json.Unmarshal(adapted, &config); err != nil {
		t.Fatal(err)
	}
	config.Logging = &caddy.Logging{Logs: map[string]*caddy.CustomLog{
		"default": {BaseLog: caddy.BaseLog{WriterRaw: json.RawMessage(`{"output":"discard"}`)}},
	}}
	ctx, err := caddy.ProvisionContext(&config)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := ctx.App("doorward")
	if err != nil {
		t.Fatal(err)
	}
	app, ok := loaded.(*App)
	if !ok {
		t.Fatalf("the app is a %T", loaded)
	}
	t.Cleanup(func() { _ = app.Cleanup() })
	found := map[string]bool{}
	for _, h := range app.handlers {
		if err := h.ready(); err != nil {
			t.Fatal(err)
		}
		if h.Environment == nil {
			continue // the API's own gate
		}
		found[h.Environment.Default] = h.api != nil
		if rows := strings.Contains(strings.Join(templates(h), " "), "/openapi.json"); rows != (h.api != nil) {
			t.Errorf("%s: linked %t, rows %t", h.Environment.Default, h.api != nil, rows)
		}
	}
	return found
}

func templates(h *Handler) []string {
	var all []string
	for _, e := range h.table.All() {
		all = append(all, e.Template)
	}
	return all
}
