package load

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// alarm waits for an instant. time.Sleep is no way to: where nothing else runs the scheduler waits in epoll_wait, which counts in
// whole milliseconds. Measured with one request each millisecond on one CPU, median and 99th percentile of how late it woke up:
// time.Sleep 570 µs and 1.8 ms, nanosleep 80 µs and 1.0 ms (and a thread that is blocked), sleeping to a millisecond before and yielding
// until it is time 0.1 µs and 1.6 ms, for three quarters of the CPU, which the upstream then lacks; a timer descriptor, which wakes
// epoll_wait up when it is due, 30 µs and 0.6 ms for a twentieth of the CPU.
type alarm struct {
	timer *os.File
	raw   syscall.RawConn
	at    unix.ItimerSpec
	set   func(fd uintptr)
	errno syscall.Errno
	rung  transfer
	count [8]byte // how often it rang, which nobody asks
}

func newAlarm() (*alarm, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("timerfd_create", err)
	}
	a := &alarm{timer: os.NewFile(uintptr(fd), "timerfd")}
	if a.raw, err = a.timer.SyscallConn(); err != nil {
		a.close()
		return nil, err
	}
	a.set = func(fd uintptr) {
		_, _, a.errno = syscall.RawSyscall6(unix.SYS_TIMERFD_SETTIME, fd, 0, uintptr(unsafe.Pointer(&a.at)), 0, 0, 0) //nolint:gosec // as package unix does it
	}
	a.rung = transfer{bytes: a.count[:]}
	a.rung.step = func(fd uintptr) bool { return a.rung.do(syscall.SYS_READ, fd) }
	return a, nil
}

// wait returns when so much time has passed, or with an error when the alarm was closed.
func (a *alarm) wait(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	a.at.Value = unix.NsecToTimespec(int64(d))
	if err := a.raw.Control(a.set); err != nil { // nobody closes the descriptor meanwhile
		return err
	}
	if a.errno != 0 {
		return os.NewSyscallError("timerfd_settime", a.errno)
	}
	if err := a.raw.Read(a.rung.step); err != nil {
		return err
	}
	return a.rung.err("read")
}

func (a *alarm) close() { a.timer.Close() }
