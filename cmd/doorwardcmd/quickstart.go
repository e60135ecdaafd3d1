package doorwardcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
)

var quickstartNoun = caddycmd.Command{
	Name:  "quickstart",
	Usage: "[--listen <address>] [--console <address>] [--data <folder>]",
	Short: "Runs a gateway for trying out, with an API behind it that echoes",
	Long: `
Runs a gateway with all it needs, and shows how to call it: a store in the data folder, Doorward's own API, another API behind
the gate that echoes what reaches it, the console for administration in a browser, and at the first start a token with every
scope there is, which is shown once: with it one signs in to the console. A later start finds everything as it was. Ctrl-C ends it.

It listens on loopback only, because it speaks plain HTTP, in which a token can be read on the way.`,
	CobraFunc: func(cmd *cobra.Command) {
		var q quickstart
		cmd.Flags().StringVar(&q.listen, "listen", gatewayFront.usual, "Loopback address of the gateway; port 0 takes a free one")
		cmd.Flags().StringVar(&q.console, "console", consoleFront.usual, "Loopback address of the console; port 0 takes a free one")
		cmd.Flags().StringVar(&q.data, "data", "./data", "Folder for all that is kept; made if it is missing")
		beVerb(cmd, q.run)
	},
}

// quickstart is one trial run.
type quickstart struct{ listen, console, data string }

// run takes the addresses before anything else: of two starts at a time one fails here, having touched nothing. The token
// is made last, when the gateway answers, so that it is never made without being shown.
func (q *quickstart) run(cmd *cobra.Command, args []string) error {
	if err := noArguments(cmd, args); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	gateway, err := gatewayFront.listen(ctx, q.listen)
	if err != nil {
		return err
	}
	defer gateway.Close()
	console, err := consoleFront.listen(ctx, q.console)
	if err != nil {
		return err
	}
	defer console.Close()
	if err := q.prepareData(); err != nil {
		return err
	}
	if err := firstKey(filepath.Join(q.data, "doorward.key"), q.lock()); err != nil {
		return err
	}
	upstream, err := startEcho(ctx)
	if err != nil {
		return err
	}
	defer upstream.stop()
	b := banner{
		Gateway: gateway.url(), Console: console.url(), Data: q.data, Upstream: upstream.address, CreateCommand: createCommand(cmd, q.store()),
	}
	config, err := q.config(gateway, console, upstream.address)
	if err != nil {
		return err
	}
	err = q.serve(ctx, config, b, cmd.OutOrStdout())
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // interrupted before it ran, which is no failure
	}
	return err
}

// serve runs the gateway and shows the banner when it answers. It returns when ctx ends before that, or with an error.
func (q *quickstart) serve(ctx context.Context, config []byte, b banner, out io.Writer) (err error) {
	// Opened before Caddy does, for an error in words of its own where the store is damaged.
	administration, err := module.OpenAdministration(ctx, module.AdministrationOptions{Config: config})
	if err != nil {
		return err
	}
	closeOnce := sync.OnceValue(administration.Close)
	defer func() { err = errors.Join(err, closeOnce()) }()
	if err := caddy.Load(config, true); err != nil {
		return fmt.Errorf("the gateway cannot start: %w", err)
	}
	defer func() { err = errors.Join(err, caddy.Stop()) }()
	if err := awaitGateway(ctx, b.Gateway); err != nil {
		return err
	}
	secret, err := firstToken(ctx, administration, q.lock())
	if err != nil {
		return err
	}
	b.Token = secret.Reveal()
	if err := b.write(out); err != nil {
		return fmt.Errorf("the address and the token could not be shown: %w", err)
	}
	if err := closeOnce(); err != nil {
		return err
	}
	return runToTheEnd(ctx)
}

// runToTheEnd hands the signals over to Caddy, which lets requests under way finish within the grace period, ends the
// process with exit code 0, and at a second Ctrl-C ends it at once. It returns only for a signal that came before.
func runToTheEnd(ctx context.Context) error {
	caddy.TrapSignals()
	if err := ctx.Err(); err != nil {
		return err
	}
	select {}
}

// lock is held while what a first start makes is made.
func (q *quickstart) lock() string { return filepath.Join(q.data, "first-token.lock") }

func (q *quickstart) store() string {
	return "sqlite:" + filepath.ToSlash(filepath.Join(q.data, "doorward.db"))
}

// prepareData makes the folder, and refuses a name that would end the quotes around it in the Caddyfile.
func (q *quickstart) prepareData() error {
	if q.data == "" || strings.ContainsAny(q.data, "\"`{}\n\r\x00") || strings.HasSuffix(q.data, `\`) {
		return usageErrorf("--data is the name of a folder, without quotes, braces or line ends")
	}
	if err := os.MkdirAll(q.data, 0o700); err != nil {
		return fmt.Errorf("the data folder cannot be made: %w; name another with --data", err)
	}
	return nil
}
