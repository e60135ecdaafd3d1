package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/doorward/doorward/benchmarks/load"
	"github.com/doorward/doorward/benchmarks/rig"
)

// Programs are files.
type Programs struct{ Doorward, Upstream string }

// BuildPrograms builds into a folder.
func BuildPrograms(ctx context.Context, folder string) (Programs, error) {
	p := Programs{filepath.Join(folder, "doorward"), filepath.Join(folder, "upstream")}
	return p, errors.Join(
		rig.Build(ctx, "", Package, p.Doorward),
		rig.Build(ctx, "", "github.com/doorward/doorward/benchmarks/cmd/upstream", p.Upstream))
}

// CPU is the one that a gateway has for itself.
func CPU() int { return 0 }

// LoadCPU is that of the generator and the upstream: another one, where there are two.
func LoadCPU() int { return min(1, runtime.NumCPU()-1) }

// StartUpstream starts the server behind every gateway, and says where it is.
func StartUpstream(ctx context.Context, p Programs) (*rig.Process, string, error) {
	ports, err := rig.FreePorts(1)
	if err != nil {
		return nil, "", err
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
	process, err := rig.Start(ctx, rig.Spec{
		Name: "upstream", Path: p.Upstream, Args: []string{"-listen", address}, Env: []string{"GOMAXPROCS=1"}, CPUs: []int{LoadCPU()}, Ready: rig.Listening(address),
	})
	return process, address, err
}

// Cost sends the load, and says how many microseconds of CPU the process spent on each request. See Send.
func Cost(ctx context.Context, process *rig.Process, plan load.Plan, status int) (float64, error) {
	before, err := process.CPU()
	if err != nil {
		return 0, err
	}
	requests, err := Send(ctx, process, plan, status)
	if err != nil {
		return 0, err
	}
	after, err := process.CPU()
	return float64(after-before) / float64(time.Microsecond) / float64(requests), err
}

// Send sends the load, and says how many requests that were. Every one of them has to be answered with that status.
func Send(ctx context.Context, process *rig.Process, plan load.Plan, status int) (int64, error) {
	result, err := load.Run(ctx, plan)
	if err != nil {
		return 0, errors.Join(err, process.Alive())
	}
	if result.Requests == 0 || result.Errors > 0 || result.Statuses[status] != result.Requests {
		return 0, fmt.Errorf("%d requests were not answered, and of %d answers not all have status %d: %v", result.Errors, result.Requests, status, result.Statuses)
	}
	return result.Requests, nil
}
