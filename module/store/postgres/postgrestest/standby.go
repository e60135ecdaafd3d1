package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// Standby starts a second server that follows this one, with a copy of all its data. The server needs the settings max_wal_senders
// and wal_level for that. Stop ends the standby as it does any server.
func (s *Server) Standby() (*Server, error) {
	standby := &Server{Password: s.Password, opt: s.opt, owner: s.owner}
	var err error
	if standby.folder, err = os.MkdirTemp("", "doorward-postgres-"); err != nil {
		return nil, err
	}
	if err := standby.copyFrom(s); err != nil {
		return nil, errors.Join(err, os.RemoveAll(standby.folder))
	}
	return standby, nil
}

func (s *Server) copyFrom(primary *Server) error {
	if err := s.owner.own(s.folder); err != nil {
		return err
	}
	copying := s.owner.command("pg_basebackup", "--pgdata="+s.data(), "--dbname="+primary.DSN("admin", "postgres"),
		"--write-recovery-conf", "--checkpoint=fast", "--no-sync")
	if out, err := copying.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup: %w: %s", err, out)
	}
	return s.Launch()
}

// Promote makes a standby take changes, and returns when it does.
func (s *Server) Promote(ctx context.Context) error { return s.Admin(ctx, "SELECT pg_promote()") }
