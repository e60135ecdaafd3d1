// Command doorward is Caddy with Doorward in it: every command of Caddy (run, reload, adapt, validate, fmt, …), and
// `token` and `quickstart`.
package main

import (
	_ "time/tzdata" // for machines without time zones, as in Caddy's own releases

	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/doorward/doorward"
	"github.com/doorward/doorward/cmd/doorwardcmd"
)

func main() { doorwardcmd.Main() }
