package rig

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Tags are the build tags of the released binary, see cmd/build.
const Tags = "nobadger,nomysql,nopgx"

// Build makes the program of a package with the flags of the released binary. dir is a folder of the module that names the
// package's version, empty for that of this process; out is the file; env is added to the environment, as NAME=value: GOOS,
// say, or GOFLAGS=-modfile=… for a program of another module file.
func Build(ctx context.Context, dir, pkg, out string, env ...string) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-trimpath", "-tags="+Tags, "-o", out, pkg) //nolint:gosec // running the go command is its work
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0"), env...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, &said)
	}
	return nil
}
