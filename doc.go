// Package doorward is a gate for HTTP APIs: a module for Caddy that lets a request through only if its credential is
// genuine and holds a right that the endpoint asks for.
//
// Importing this package adds to a Caddy all that Doorward has: the app and the global option `doorward`, the handler
// and the directive of the same name, the log encoder that masks tokens, and the command `caddy doorward`. The package
// itself holds nothing else.
//
// # The way of a request
//
//	  client
//	    │  GET /api/v2/metrics/query      Authorization: Api-Token dt0c01.….…
//	    ▼
//	┌─ doorward ──────────────────────────────────────────────────────────────────────┐
//	│                                                             no      then        │
//	│  path         one canonical reading, or none ───────────────────▶  400          │
//	│    ▼                                                                            │
//	│  credential   exactly one, under its own scheme ────────────────▶  401          │
//	│    ▼                                                                            │
//	│  principal    known, secret right, enabled, unexpired, ─────────▶  401          │
//	│    ▼          of this environment                              (the same 401)   │
//	│  endpoint     a row of the table covers method and path ────────▶  403          │
//	│    ▼                                                                            │
//	│  scopes       the token holds one that the row names ───────────▶  403          │
//	│    ▼                                                                            │
//	│  identity     the client's claims are removed, ours are set,                    │
//	│    │          the credential is taken out                                       │
//	└────│────────────────────────────────────────────────────────────────────────────┘
//	     ▼  GET /api/v2/metrics/query     X-Doorward-User, -Token-Id, -Environment, …
//	  next handler, usually reverse_proxy: the API
//
// Where a stage cannot come to a decision, because the store is away, say, the answer is 503: a fault never allows.
// What was decided on is what is forwarded, to the byte.
//
// # Where to read on
//
//   - module: the app, the handler, the endpoint table and the store
//   - tokens: what a token is, how it is made, verified and masked
//   - cmd/doorward: the ready-built binary, and `doorward quickstart`
package doorward
