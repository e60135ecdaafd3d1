package doorward

import (
	_ "github.com/doorward/doorward/cmd/doorwardcmd" // `caddy doorward …`
	_ "github.com/doorward/doorward/module"          // the app, the handler and their Caddyfile syntax
)
