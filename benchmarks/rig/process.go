package rig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

const (
	// readyWithin is how long a program may take until it answers. A store with a million tokens opens in a few seconds.
	readyWithin = 60 * time.Second
	readyEvery  = 5 * time.Millisecond
	// stopWithin is how long a program may take to end when it is asked to; after that it is killed.
	stopWithin = 5 * time.Second
)

// Spec says what is started, and where it may run.
type Spec struct {
	Name string   // what errors call it
	Path string   // the program
	Args []string // without the program's name
	Env  []string // added to the environment of this process, as NAME=value
	CPUs []int    // numbers of the CPUs it may run on, from 0; empty: those of this process
	Dir  string   // empty: that of this process
	// Ready is asked every few milliseconds until it returns nil, for a minute at most. nil: the program is ready at once.
	Ready func(ctx context.Context) error
	// Log takes what the program prints. nil: the end of it is kept and becomes part of the error of a program that fails.
	Log io.Writer
}

// Process is a program under test, or a helper of one.
type Process struct {
	Name string
	cmd  *exec.Cmd
	said *tail
	done chan struct{}
	err  error // why it ended; set before done is closed
}

// Start starts a program and waits until it is ready. It ends when ctx does, and when this process does.
func Start(ctx context.Context, spec Spec) (*Process, error) {
	cmd := exec.CommandContext(ctx, spec.Path, spec.Args...) //nolint:gosec // starting programs is what it is for
	p := &Process{Name: spec.Name, cmd: cmd, said: &tail{}, done: make(chan struct{})}
	cmd.Dir, cmd.Env = spec.Dir, append(os.Environ(), spec.Env...)
	cmd.Stdout, cmd.Stderr = io.Writer(p.said), io.Writer(p.said)
	if spec.Log != nil {
		cmd.Stdout, cmd.Stderr = spec.Log, spec.Log
	}
	cmd.Cancel = func() error { return terminate(cmd.Process) }
	cmd.WaitDelay = stopWithin
	ownGroup(cmd)
	if err := onCPUs(spec.CPUs, cmd.Start); err != nil {
		if cmd.Process != nil { // It runs, and this thread did not get its own CPUs back.
			err = errors.Join(err, cmd.Process.Kill(), cmd.Wait())
		}
		return nil, fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	go func() {
		p.err = cmd.Wait()
		killGroup(cmd.Process) // what it has started and left behind
		close(p.done)
	}()
	if err := p.wait(ctx, spec.Ready); err != nil {
		return nil, errors.Join(err, p.Stop(ctx))
	}
	return p, nil
}

// wait asks ready until it is content.
func (p *Process) wait(ctx context.Context, ready func(context.Context) error) error {
	if ready == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return p.ended()
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w (last: %w)\n%s", p.Name, ctx.Err(), err, p.said)
		case <-time.After(readyEvery):
		}
	}
}

// Alive says whether the program still runs; where it does not, the error holds the end of what it printed.
func (p *Process) Alive() error {
	select {
	case <-p.done:
		return p.ended()
	default:
		return nil
	}
}

func (p *Process) ended() error {
	if p.err == nil {
		return fmt.Errorf("%s ended by itself\n%s", p.Name, p.said)
	}
	return fmt.Errorf("%s ended by itself: %w\n%s", p.Name, p.err, p.said)
}

// PID is the number of the process: for a profiler, and for people who look.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Stop ends the program and waits for that: it is asked first, and killed with its children when it does not listen. The end
// of ctx shortens the waiting and leaves nothing running. A second Stop does nothing.
func (p *Process) Stop(ctx context.Context) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	if err := terminate(p.cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending %s: %w", p.Name, err)
	}
	patience := time.NewTimer(stopWithin)
	defer patience.Stop()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
	case <-patience.C:
	}
	killGroup(p.cmd.Process)
	<-p.done
	return nil
}

// tail keeps the end of what a program prints.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailBytes = 8 << 10

func (t *tail) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, text...)
	if over := len(t.text) - tailBytes; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(text), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
