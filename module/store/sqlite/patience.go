package sqlite

import (
	"context"
	"time"

	code "modernc.org/sqlite/lib"
)

const (
	busySlice = 100 * time.Millisecond // longest wait inside SQLite, deaf to the context
	busyPause = 5 * time.Millisecond   // between tries, for the cases in which SQLite does not wait at all
)

// patience is how long to wait for the locks of other processes.
type patience time.Duration

// retry calls try until it returns something other than "busy", the patience is at an end, or ctx is.
func (p patience) retry(ctx context.Context, try func() error) error {
	err := try()
	if primaryCode(err) != code.SQLITE_BUSY {
		return err
	}
	giveUp := time.NewTimer(time.Duration(p))
	defer giveUp.Stop()
	for primaryCode(err) == code.SQLITE_BUSY {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-giveUp.C:
			return err
		case <-time.After(busyPause):
			err = try()
		}
	}
	return err
}
