package doorwardcmd

import (
	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
)

const longDescription = `Doorward stands in front of existing HTTP APIs and lets a request through only if
its credential is genuine and holds a right that the endpoint asks for. It is a
build of Caddy, and has all of Caddy's commands.

To see it at work on this machine:

	$ doorward quickstart

To run it with a Caddyfile of your own, and make a token for it:

	$ doorward run --config Caddyfile
	$ doorward token create --config Caddyfile --name trial --scope metrics.read
`

// Main is Caddy's main function under the name of Doorward. The modules are those that the program imports. It does not
// return where the exit code is not 0.
func Main() {
	caddy.CustomBinaryName = BinaryName
	caddy.CustomLongDescription = longDescription
	RegisterTopLevel()
	caddycmd.Main()
}
