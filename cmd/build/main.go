// Command build makes the Doorward binary: Caddy, Doorward and whatever other plugins the build manifest names.
//
//	go run ./cmd/build [-manifest xcaddy.toml] [-output FILE] [-n] [-with MODULE[@VERSION][=REPLACEMENT]]...
//
// It needs the Go toolchain and nothing else: a main module is generated in a temporary folder and built there. GOOS and
// GOARCH choose another platform, as for `go build`. The same build as an xcaddy command is printed first, for those who
// have xcaddy; that one names itself "caddy" in its help.
//
// The exit status is 0 for a binary (or a dry run), 1 for a build that failed, 2 for a wrong command line.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
)

// errUsage marks a wrong command line, of which the flag package has told the user already.
var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

// options is the command line.
type options struct {
	manifest string
	output   string // "" for the manifest's
	dryRun   bool
	with     []plugin
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	opts, err := parseArgs(args, stderr)
	if err != nil {
		return err
	}
	m, err := loadManifest(opts.manifest)
	if err != nil {
		return err
	}
	m.Plugins = override(m.Plugins, opts.with)
	m.Output = cmp.Or(opts.output, m.Output)
	if err := checkOutput(m.Output); err != nil {
		return err
	}
	p, err := newPlan(m, runtime.Version())
	if err != nil {
		return err
	}
	if opts.dryRun {
		return p.print(stdout)
	}
	fmt.Fprintln(stdout, p.xcaddy)
	return p.build(ctx, stderr)
}

func parseArgs(args []string, stderr io.Writer) (options, error) {
	opts := options{}
	fs := flag.NewFlagSet("build", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&opts.manifest, "manifest", "xcaddy.toml", "the build manifest")
	fs.StringVar(&opts.output, "output", "", "where to write the binary (default: the manifest's output)")
	fs.BoolVar(&opts.dryRun, "n", false, "print what would be built, build nothing")
	fs.Func("with", "add or change a plugin: `module[@version][=replacement]`; may be repeated", func(s string) error {
		p, err := parseWith(s)
		opts.with = append(opts.with, p)
		return err
	})
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return opts, err
	} else if err != nil {
		return opts, errUsage
	}
	if fs.NArg() > 0 {
		fmt.Fprintf(stderr, "build: unexpected argument %q: everything is said with flags\n", fs.Arg(0))
		return opts, errUsage
	}
	// A relative replacement on the command line is seen from the current folder, one in the manifest from the manifest.
	var err error
	opts.with, err = resolve(opts.with, ".")
	return opts, err
}

// override lets each plugin of the command line take the place of the manifest's of the same module.
func override(plugins, with []plugin) []plugin {
	for _, w := range with {
		if i := indexModule(plugins, w.Module); i >= 0 {
			plugins[i] = w
			continue
		}
		plugins = append(plugins, w)
	}
	return plugins
}

// binaryName is what the program calls itself: the file name without Windows' suffix.
func binaryName(output string) string {
	base := filepath.Base(output)
	if ext := filepath.Ext(base); ext == ".exe" {
		return base[:len(base)-len(ext)]
	}
	return base
}
