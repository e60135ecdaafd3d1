// Package module is Doorward as a Caddy module: the app that holds the gate, the handler that every request goes through,
// and their Caddyfile syntax. It is the only place that knows both Caddy and the engines, and it translates between them.
package module
