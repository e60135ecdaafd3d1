//go:build !unix

package postgrestest

import (
	"os/exec"
	"path/filepath"
)

func (o *owner) command(name string, arguments ...string) *exec.Cmd {
	return exec.Command(filepath.Join(o.programs, name), arguments...) //nolint:noctx,gosec // it ends by Stop; the names are ours
}

func (o *owner) guarded(name string, arguments ...string) *exec.Cmd {
	return o.command(name, arguments...)
}

func (*owner) own(string) error { return nil }
