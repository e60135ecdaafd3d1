package sqlstore

import (
	"context"
	"time"
)

// forgetRequests takes those first that have been over for longest. State and expression are word for word those of
// the index.
const forgetRequests = `DELETE FROM remote_requests WHERE id IN (SELECT id FROM remote_requests INDEXED BY remote_requests_over
	WHERE state IN ('REJECTED', 'EXPIRED') AND (break_glass = 0 OR reviewed IS NOT NULL) AND ` + requestOver + ` < ? ORDER BY ` + requestOver + ` LIMIT ?)`

// requestOver is the later of the last change and the end; the zero time, which is before everything, where there is neither.
const requestOver = `max(ifnull(changed, -62135596800000), ifnull(expires, -62135596800000))`

// ForgetRemoteRequests removes requests that came to their end before a time.
func (s *Store) ForgetRemoteRequests(ctx context.Context, before time.Time) (int, error) {
	return s.forget(ctx, "forget remote requests", forgetRequests, before)
}

// forget executes a DELETE of what is over before a time, some at once, so that nobody else waits long for the write lock; what
// is left over goes the next time. When it fails, some of it is forgotten all the same, and counted.
func (s *Store) forget(ctx context.Context, operation, text string, before time.Time) (forgotten int, err error) {
	for range maxPurges {
		var n int64
		err := s.write(ctx, operation, func(tx session) error {
			result, err := tx.ExecContext(ctx, text, notBefore(before), purgedAtOnce)
			if err != nil {
				return err
			}
			n, err = result.RowsAffected()
			return err
		})
		if err != nil {
			return forgotten, err
		}
		if forgotten += int(n); n < purgedAtOnce {
			break
		}
	}
	return forgotten, nil
}
