package caddyfiles_test

import "testing"

// TestOrder_HandleIsNoWayAround tells of a hole that looks like tidy configuration: reverse_proxy inside `handle`, `route`
// or a named route, with the gate beside it. Caddy sorts directives, and were the gate sorted just before reverse_proxy, it
// would come after all of these: the requests would be forwarded, and nobody would have looked at them. The gate comes
// before everything that forwards or answers, so wherever it is written, nothing gets by.
func TestOrder_HandleIsNoWayAround(t *testing.T) {
	const head = "{\n\tadmin off\n\tpersist_config off\n\tdefault_bind 127.0.0.1\n}\n&(api) {\n\treverse_proxy {UPSTREAM}\n}\n"
	for name, directives := range map[string]string{
		"handle":      "handle /api/* {\n\t\treverse_proxy {UPSTREAM}\n\t}",
		"handle_path": "handle_path /x/* {\n\t\treverse_proxy {UPSTREAM}\n\t}\n\treverse_proxy {UPSTREAM}",
		"route":       "route {\n\t\treverse_proxy {UPSTREAM}\n\t}",
		"named route": "invoke api",
		"respond":     "respond hello",
		"error":       "error /api/* 404",
	} {
		t.Run(name, func(t *testing.T) {
			g := idle(t)
			g.Load(head + "{SITE} {\n\t" + directives + "\n\tdoorward\n}\n")
			probe{"GET", "/api/v2/metrics/query", nil, 401, "Token Authentication failed"}.run(t, g)
			if seen := g.Upstream.Seen(); len(seen) != 0 {
				t.Errorf("a request without a credential got through: %v", seen)
			}
		})
	}
}
