package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/doorward/doorward/benchmarks/fill"
	"github.com/doorward/doorward/benchmarks/mix"
	"github.com/doorward/doorward/benchmarks/rig"
)

// own is a gateway of this command's own, and what is behind it.
type own struct {
	gateway mix.Gateway
	folder  string
	binary  string
	port    int
	env     []string
	cpus    []int // of the gateway; empty where there is only one
	process *rig.Process
	rear    *mix.Rear
}

// start makes everything in a folder that stop removes.
func start(ctx context.Context, o options, out io.Writer) (started *own, err error) {
	folder, err := os.MkdirTemp("", "doorward-load-")
	if err != nil {
		return nil, err
	}
	g := &own{folder: folder, binary: o.binary}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.stop())
		}
	}()
	if g.binary == "" {
		fmt.Fprintln(out, "building")
		g.binary = filepath.Join(folder, "doorward")
		if err := rig.Build(ctx, o.root, "./cmd/doorward", g.binary); err != nil {
			return nil, err
		}
	}
	store := filepath.Join(folder, "doorward.db")
	ports, err := rig.FreePorts(1)
	if err != nil {
		return nil, err
	}
	g.port = ports[0]
	if g.gateway, err = mix.Prepare(ctx, "sqlite:"+store, o.tokens); err != nil {
		return nil, err
	}
	if err := g.divide(); err != nil {
		return nil, err
	}
	if g.rear, err = mix.StartRear(ctx, `{"status":"ok"}`); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(folder, "Caddyfile"), mix.Caddyfile, 0o600); err != nil {
		return nil, err
	}
	g.env = []string{
		"XDG_DATA_HOME=" + folder, "XDG_CONFIG_HOME=" + folder, "LOAD_FOLDER=" + folder, "LOAD_STORE=" + store, "LOAD_UPSTREAM=" + g.rear.Upstream,
		"LOAD_BEHIND=" + g.rear.Behind.URL, "LOAD_ACCOUNT=" + fill.Account, "LOAD_ENVIRONMENT=" + fill.Environment, "LOAD_PORT=" + strconv.Itoa(g.port),
	}
	if len(g.cpus) > 0 {
		g.env = append(g.env, "GOMAXPROCS="+strconv.Itoa(len(g.cpus)))
	}
	g.gateway.Issuer, g.gateway.Address = g.rear.Behind.URL, net.JoinHostPort("127.0.0.1", strconv.Itoa(g.port))
	g.gateway.Restart = func(ctx context.Context) error { return g.restart(ctx, nil) } // whoever asks for this wants to see it start
	return g, g.restart(ctx, rig.Listening(g.gateway.Address))
}

// divide gives the first CPU to the gateway and the others to this process, so that neither waits for the other where there are two.
func (g *own) divide() error {
	if runtime.NumCPU() < 2 || runtime.GOOS != "linux" {
		return nil
	}
	g.cpus = []int{0}
	var others []int
	for cpu := 1; cpu < runtime.NumCPU(); cpu++ {
		others = append(others, cpu)
	}
	runtime.GOMAXPROCS(len(others))
	return rig.Pin(others...)
}

// restart ends the gateway that runs, if one does, and starts one at the same address.
func (g *own) restart(ctx context.Context, ready func(context.Context) error) (err error) {
	if g.process != nil {
		if err := g.process.Stop(ctx); err != nil {
			return err
		}
	}
	g.process, err = rig.Start(ctx, rig.Spec{
		Name: "doorward", Path: g.binary, Args: []string{"run", "--config", filepath.Join(g.folder, "Caddyfile")},
		Env: g.env, CPUs: g.cpus, Dir: g.folder, Ready: ready,
	})
	return err
}

// stop ends everything and removes the folder. It is done also when somebody pressed Ctrl-C, so it has time of its own.
func (g *own) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	var errs []error
	if g.process != nil {
		errs = append(errs, g.process.Stop(ctx))
	}
	if g.rear != nil {
		errs = append(errs, g.rear.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(g.folder))...) //nolint:gosec // the folder that start made
}
