package rig

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// Machine says when and where a run took place: "date" (the day, UTC), "machine" (CPUs and their model), "kernel", "go" (of the
// programs, which are built with what builds this), "load" (how many processes wanted a CPU in the minute before: where it is not close to
// zero, something else was busy).
func Machine(now time.Time) About {
	about := About{
		"date":    now.UTC().Format(time.DateOnly),
		"machine": fmt.Sprintf("%d CPUs, %s/%s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH),
		"go":      runtime.Version(),
	}
	if model := cpuModel(); model != "" {
		about["machine"] = fmt.Sprintf("%d CPUs: %s", runtime.NumCPU(), model)
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		about["kernel"] = strings.TrimSpace(string(release))
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		minute, _, _ := strings.Cut(string(load), " ")
		about["load"] = minute + " in the minute before"
	}
	return about
}

// cpuModel is what Linux calls the first CPU; empty where it does not say.
func cpuModel() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
