//go:build linux

package rig_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/doorward/doorward/benchmarks/rig"
)

// The test binary is the program that is started; what it does, the environment says.
const (
	role      = "DOORWARD_RIG_ROLE"
	childFile = "DOORWARD_RIG_FILE"
)

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "work": // until it is ended, and not for ever where nobody ends it
		for begin := time.Now(); time.Since(begin) < time.Minute; {
			spend()
		}
	case "fail":
		fmt.Println("the disk is full")
		os.Exit(3)
	case "stubborn": // with a child, and deaf
		signal.Ignore(syscall.SIGTERM)
		bear()
		for {
			time.Sleep(time.Hour)
		}
	case "leave": // a child behind
		bear()
	}
}

// bear starts a child that works, and writes down its number.
func bear() {
	child, err := os.StartProcess("/proc/self/exe", os.Args[:1], &os.ProcAttr{Env: []string{role + "=work"}, Files: []*os.File{nil, nil, nil}})
	if err != nil {
		panic(err)
	}
	if err := os.WriteFile(os.Getenv(childFile), fmt.Append(nil, child.Pid), 0o600); err != nil {
		panic(err)
	}
}

// childIn is the number that was written down.
func childIn(t *testing.T, file string) (child int) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		_, err = fmt.Sscan(string(text), &child)
	}
	if err != nil {
		t.Fatal(err)
	}
	return child
}

// awaitEnd waits until a process of whoever it is a child of has ended; whether anybody asked how does not matter.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	await(t, "end of the child", func() bool {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) || bytes.Contains(text, []byte(") Z "))
	})
}

func spend() {
	var sum int
	for i := range 1_000_000 {
		sum += i
	}
	runtime.KeepAlive(sum)
}

func spec(does string, more ...string) rig.Spec {
	return rig.Spec{Name: does, Path: "/proc/self/exe", Env: append(more, role+"="+does, "GOMAXPROCS=1")}
}

func start(t *testing.T, s rig.Spec) *rig.Process {
	t.Helper()
	p, err := rig.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return p
}

// await asks until it holds; what is waited for happens in another process.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 10 s", what)
		}
		spend()
	}
}

// A program that works has spent time and takes memory; it runs where it was told to, and this thread where it ran before.
func TestProcess(t *testing.T) {
	var before, during, after unix.CPUSet
	runtime.LockOSThread() // the one that starts the program
	defer runtime.UnlockOSThread()
	mine := func(set *unix.CPUSet) {
		if err := unix.SchedGetaffinity(0, set); err != nil {
			t.Fatal(err)
		}
	}
	mine(&before)
	first := 0
	for !before.IsSet(first) {
		first++
	}
	s := spec("work")
	s.CPUs = []int{first}
	p := start(t, s)
	mine(&after)
	if after != before {
		t.Errorf("this thread ran on %v and runs on %v", before, after)
	}
	if err := unix.SchedGetaffinity(p.PID(), &during); err != nil || during.Count() != 1 || !during.IsSet(first) {
		t.Errorf("runs on %v, want CPU %d; %v", during, first, err)
	}
	await(t, "CPU time", func() bool {
		spent, err := p.CPU()
		if err != nil {
			t.Fatal(err)
		}
		return spent > 20*time.Millisecond
	})
	if size, err := p.RSS(); err != nil || size < 1<<20 || size > 1<<32 {
		t.Errorf("memory %d, %v", size, err)
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.Alive(); err == nil || !strings.Contains(err.Error(), "work ended") {
		t.Errorf("a stopped process is alive: %v", err)
	}
	if _, err := p.CPU(); err == nil {
		t.Error("a stopped process has a CPU time")
	}
}

// The accident: a program does not listen to the signal, and has children. The invariant: Stop leaves neither running.
func TestStopChildren(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	s := spec("stubborn", childFile+"="+file)
	s.Ready = func(context.Context) error {
		if info, err := os.Stat(file); err != nil || info.Size() == 0 {
			return errors.New("no child yet")
		}
		return nil
	}
	p := start(t, s)
	// The parent sleeps; what is spent is the child's, and counts.
	await(t, "CPU time of the child", func() bool {
		spent, err := p.CPU()
		return err == nil && spent > 100*time.Millisecond
	})
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Stop(impatient); err != nil {
		t.Fatal(err)
	}
	awaitEnd(t, childIn(t, file))
}

// A program that ends before it is ready says why, in its own words.
func TestStartFails(t *testing.T) {
	s := spec("fail")
	s.Ready = func(context.Context) error { return errors.New("nobody listens") }
	if _, err := rig.Start(t.Context(), s); err == nil || !strings.Contains(err.Error(), "the disk is full") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("error is %v", err)
	}
	if _, err := rig.Start(t.Context(), rig.Spec{Name: "none", Path: "/nowhere/none"}); err == nil {
		t.Error("started nothing")
	}
}

// The end of the context ends the program, whether or not anybody stops it.
func TestContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p, err := rig.Start(ctx, spec("work"))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	await(t, "end", func() bool { return p.Alive() != nil })
	if err := p.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func TestFreePorts(t *testing.T) {
	ports, err := rig.FreePorts(20)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(ports)
	if len(slices.Compact(ports)) != 20 {
		t.Errorf("ports %v", ports)
	}
}

// The accident: a program ends by itself and leaves a child. The invariant: nothing is left.
func TestEndsWithoutChildren(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	s := spec("leave", childFile+"="+file)
	p := start(t, s)
	await(t, "end", func() bool { return p.Alive() != nil })
	awaitEnd(t, childIn(t, file))
}

// What this process does, the machine does.
func TestBusy(t *testing.T) {
	busy, err := rig.Busy()
	if err != nil {
		t.Fatal(err)
	}
	own, err := rig.OwnCPU()
	if err != nil {
		t.Fatal(err)
	}
	await(t, "CPU time", func() bool {
		busyNow, _ := rig.Busy()
		ownNow, _ := rig.OwnCPU()
		return busyNow-busy > 20*time.Millisecond && ownNow-own > 20*time.Millisecond
	})
}
