package rig

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// tick is the unit of /proc/stat, which is the same on every architecture that Go runs on.
const tick = 10 * time.Millisecond

// Busy is for how long the CPUs of the machine have been busy since it started, all of them together, whoever it was.
func Busy() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line) // cpu user nice system idle iowait irq softirq steal guest guest_nice
	if len(fields) < 9 {
		return 0, fmt.Errorf("/proc/stat begins with %q", line)
	}
	var sum int64
	for i, field := range fields[1:9] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/stat: %w", err)
		}
		if i != 3 && i != 4 { // idle, and idle with a disk at work
			sum += ticks
		}
	}
	return time.Duration(sum) * tick, nil
}

// OwnCPU is the time that this process has spent on CPUs, as CPU is of another.
func OwnCPU() (time.Duration, error) {
	var spent unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &spent)
	return time.Duration(spent.Nano()), err
}
