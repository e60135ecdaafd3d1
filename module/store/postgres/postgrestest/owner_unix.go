//go:build unix

package postgrestest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// command runs one of PostgreSQL's programs as the owner.
func (o *owner) command(name string, arguments ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(o.programs, name), arguments...) //nolint:noctx,gosec // it ends by Stop; the names are ours
	c.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{}
	if uid, gid, ok := o.ids(); ok {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
	return c
}

// guarded is command for a server that is to end with whoever holds the other end of its standard input, also when that is killed.
func (o *owner) guarded(name string, arguments ...string) *exec.Cmd {
	c := o.command(name, arguments...)
	const script = `exec 3<&0; "$@" </dev/null & server=$!; (cat <&3 >/dev/null; kill -INT $server 2>/dev/null) & wait $server`
	c.Args = append([]string{"sh", "-c", script, "sh", c.Path}, arguments...)
	c.Path = "/bin/sh"
	return c
}

func (o *owner) own(path string) error {
	uid, gid, ok := o.ids()
	if !ok {
		return nil
	}
	return os.Chown(path, int(uid), int(gid))
}

func (o *owner) ids() (uid, gid uint32, ok bool) {
	if o.user == nil {
		return 0, 0, false
	}
	u, errU := strconv.ParseUint(o.user.Uid, 10, 32)
	g, errG := strconv.ParseUint(o.user.Gid, 10, 32)
	return uint32(u), uint32(g), errU == nil && errG == nil
}
