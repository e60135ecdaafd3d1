package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/doorward/doorward/benchmarks/fill"
	"github.com/doorward/doorward/benchmarks/gateway"
	"github.com/doorward/doorward/benchmarks/mix"
	"github.com/doorward/doorward/benchmarks/rig"
)

// caddyfile is a gateway with the limits that it has by itself, but for a smaller cache: a flood of good tokens has to be larger
// than that. It needs the port, the store, the environment, the issuer, the cache's tokens and the upstream.
const caddyfile = `{
	admin off
	persist_config off
	auto_https off
	log {
		output discard
	}
	servers {
		protocols h1
	}
	doorward {
		store sqlite %[2]q
		environment %[3]s
		issuer %[4]s {
			audience %[5]s
		}
		cache {
			tokens %[6]d
		}
		endpoint POST /judged settings.read {
			permission settings:objects:read
			attribute settings:schemaId body /schemaId
		}
	}
}
http://:%[1]d {
	bind 127.0.0.1
	doorward
	reverse_proxy %[7]s {
		transport http {
			keepalive_idle_conns 512
			keepalive_idle_conns_per_host 256
		}
	}
}
`

const audience = "https://load.test"

// stage is a gateway with all that it needs, under way. The upstream and the issuer are goroutines of this process.
type stage struct {
	gateway *rig.Process
	address string
	rear    *mix.Rear
	badges  gateway.Badges
	end     context.CancelFunc
}

func open(ctx context.Context, folder string, s settings) (st *stage, err error) {
	program := s.program
	if program == "" {
		program = filepath.Join(folder, "doorward")
		if err := rig.Build(ctx, "", gateway.Package, program); err != nil {
			return nil, err
		}
		// After the building, which the go command does on all CPUs.
		if err := rig.Pin(gateway.LoadCPU()); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	st = &stage{end: cancel}
	defer func() {
		if err != nil {
			err = errors.Join(err, st.close(ctx))
		}
	}()
	store := filepath.Join(folder, "doorward.db")
	if err := gateway.Fill(ctx, store, s.tokens); err != nil {
		return st, fmt.Errorf("filling the store: %w", err)
	}
	if st.badges, err = gateway.Enrol(ctx, store, 100); err != nil {
		return st, fmt.Errorf("making a user: %w", err)
	}
	if st.rear, err = mix.StartRear(ctx, `{"result":[]}`); err != nil {
		return st, err
	}
	return st, st.start(ctx, folder, program, store, s.tokens)
}

func (st *stage) start(ctx context.Context, folder, program, store string, tokens int) error {
	ports, err := rig.FreePorts(1)
	if err != nil {
		return err
	}
	st.address = net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
	file := filepath.Join(folder, "Caddyfile")
	text := fmt.Sprintf(caddyfile, ports[0], store, fill.Environment, st.rear.Behind.URL, audience, tokens/2, st.rear.Upstream)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	st.gateway, err = rig.Start(ctx, rig.Spec{
		Name: "doorward", Path: program, Args: []string{"run", "--config", file}, Dir: folder, CPUs: []int{gateway.CPU()},
		Env: []string{"XDG_DATA_HOME=" + folder, "XDG_CONFIG_HOME=" + folder, "GOMAXPROCS=1"}, Ready: rig.Listening(st.address),
	})
	return err
}

func (st *stage) close(ctx context.Context) error {
	var err error
	if st.gateway != nil {
		err = st.gateway.Stop(context.WithoutCancel(ctx))
	}
	st.end()
	if st.rear != nil {
		err = errors.Join(err, st.rear.Close())
	}
	return err
}
