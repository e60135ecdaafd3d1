//go:build !linux

package rig

import (
	"errors"
	"os"
	"os/exec"
	"time"
)

// errLinux: CPUs, their times and memory are read the way that Linux shows them.
var errLinux = errors.New("only Linux is measured")

func ownGroup(*exec.Cmd) {}

func terminate(p *os.Process) error { return p.Kill() }

func killGroup(p *os.Process) { _ = p.Kill() }

func onCPUs(cpus []int, start func() error) error {
	if len(cpus) > 0 {
		return errLinux
	}
	return start()
}

// Pin binds this process to certain CPUs, on Linux.
func Pin(...int) error { return errLinux }

// CPU is the time that the program has spent on CPUs, on Linux.
func (p *Process) CPU() (time.Duration, error) { return 0, errLinux }

// RSS is the resident memory of the program in bytes, on Linux.
func (p *Process) RSS() (int64, error) { return 0, errLinux }

// Busy is for how long the CPUs of the machine have been busy, on Linux.
func Busy() (time.Duration, error) { return 0, errLinux }

// OwnCPU is the time that this process has spent on CPUs, on Linux.
func OwnCPU() (time.Duration, error) { return 0, errLinux }
