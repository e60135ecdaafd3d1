package doorwardcmd_test

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store"
)

// forwarded <store> <actor> <object> <cut> records a request of remote staff and what became of it, as the gate does.
func forwarded(ts *testscript.TestScript, _ bool, args []string) {
	inStore(ts, args[0], func(s store.Store) error {
		ctx := context.Background()
		id, err := s.Record(ctx, audit.Event{Time: time.Now(), Actor: args[1], Origin: "192.0.2.7", Action: "remote_access.read", Object: args[2]})
		return errors.Join(err, s.Conclude(ctx, id, audit.Outcome{At: time.Now(), Status: 200, Bytes: 1234, Cut: args[3]}))
	})
}

// sql <file> <statements> runs SQL on the file of a store, as somebody can who has got hold of it.
func execSQL(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", "file:"+ts.MkAbs(args[0]))
	ts.Check(err)
	_, err = db.ExecContext(context.Background(), args[1])
	ts.Check(errors.Join(err, db.Close()))
}
