package rig

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ownGroup makes the program the first of a process group of its own: a Ctrl-C in the terminal then reaches this process alone,
// which ends the others in order. Should this process be killed, the kernel ends its child.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

// killGroup kills the program and what it started.
func killGroup(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }

// onCPUs starts a program on certain CPUs. A child inherits them from the thread that starts it: set afterwards, they would
// bind the first thread of the child, and miss those that it has made by then.
func onCPUs(cpus []int, start func() error) error {
	if len(cpus) == 0 {
		return start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("asking for the CPUs of this thread: %w", err)
	}
	set := cpuSet(cpus)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("CPUs %v: %w", cpus, err)
	}
	return errors.Join(start(), unix.SchedSetaffinity(0, &before))
}

func cpuSet(cpus []int) (set unix.CPUSet) {
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	return set
}

// Pin binds this process to certain CPUs, with every thread that it has; those that it makes later inherit them. Build before
// that: the go command would inherit them too.
func Pin(cpus ...int) error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	set := cpuSet(cpus)
	for _, thread := range threads {
		tid, err := strconv.Atoi(thread.Name())
		if err != nil {
			continue
		}
		if err := unix.SchedSetaffinity(tid, &set); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("CPUs %v: %w", cpus, err)
		}
	}
	return nil
}

// CPU is the time that the program and its children that live have spent on CPUs, for themselves and in the kernel. The kernel
// keeps it in nanoseconds, and threads that have ended are part of it.
func (p *Process) CPU() (time.Duration, error) {
	var sum time.Duration
	err := p.family(func(pid int) error {
		var spent unix.Timespec
		// The number of the clock of another process: clock_getcpuclockid(3).
		if err := unix.ClockGettime(int32(^pid<<3|2), &spent); err != nil {
			return fmt.Errorf("CPU time of %s: %w", p.Name, err)
		}
		sum += time.Duration(spent.Nano())
		return nil
	})
	return sum, err
}

// RSS is the resident memory of the program and its children, in bytes. What they share counts for each.
func (p *Process) RSS() (int64, error) {
	var sum int64
	err := p.family(func(pid int) error {
		statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		if err != nil {
			return fmt.Errorf("memory of %s: %w", p.Name, err)
		}
		fields := strings.Fields(string(statm))
		if len(fields) < 2 {
			return fmt.Errorf("memory of %s: %q", p.Name, statm)
		}
		pages, err := strconv.ParseInt(fields[1], 10, 64)
		sum += pages * int64(os.Getpagesize())
		return err
	})
	return sum, err
}

// family calls do for the program and for its children and theirs. A child that ends meanwhile is passed over.
func (p *Process) family(do func(pid int) error) error {
	if err := p.Alive(); err != nil {
		return err
	}
	if err := do(p.PID()); err != nil {
		return err
	}
	children, err := descendants(p.PID())
	if err != nil {
		return err
	}
	for _, child := range children {
		if err := do(child); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.EINVAL) {
			return err
		}
	}
	return nil
}

// descendants reads the parent of every process there is; kernels that keep lists of children are not the rule.
func descendants(of int) ([]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // It has ended.
		}
		// The second field is the program's name in parentheses and may hold anything, parentheses too.
		pid, _, _ := strings.Cut(string(text), " ")
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		child, err := strconv.Atoi(pid)
		if err != nil || len(fields) < 2 {
			continue
		}
		if parent, err := strconv.Atoi(fields[1]); err == nil {
			children[parent] = append(children[parent], child)
		}
	}
	found := children[of]
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i]]...)
	}
	return found, nil
}
