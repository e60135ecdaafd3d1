package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
)

// probeTime is how long a notification may take at Open. Where it takes longer it is of no use.
const probeTime = 2 * time.Second

// notifies finds out whether what one session sends arrives at another: not every compatible database has notifications, some take
// them and drop them, and a pooler may be in between.
func notifies(ctx context.Context, config *pgx.ConnConfig) (bool, error) {
	bounded, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	err := probe(bounded, config)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	return err == nil, nil // hints make followers quicker and nothing else, so what keeps them away is no fault
}

func probe(ctx context.Context, config *pgx.ConnConfig) error {
	listening, err := listen(ctx, config)
	if err != nil {
		return err
	}
	defer hangUp(ctx, listening)
	sending, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer hangUp(ctx, sending)
	if _, err := sending.Exec(ctx, `SELECT pg_notify('`+channel+`', '0')`); err != nil {
		return err
	}
	_, err = listening.WaitForNotification(ctx)
	return err
}

func listen(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, `LISTEN `+channel); err != nil {
		hangUp(ctx, conn)
		return nil, err
	}
	return conn, nil
}

// hangUp closes a connection that is not needed any more, whether ctx has ended or not.
func hangUp(ctx context.Context, conn *pgx.Conn) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	conn.Close(bounded) //nolint:errcheck // it is given up
}

// Bounds of the time between two tries to listen.
const (
	listenAgain = 250 * time.Millisecond
	listenMost  = 15 * time.Second
	// listenCheck is how long nothing may be heard before the connection is asked whether it is there still.
	listenCheck = 30 * time.Second
)

// Hints is feed.Hinter's: whatever arrives there says that it is worth looking for changes at once. It has a connection of its own,
// and after each new one a hint, for what was missed meanwhile. The channel is closed when ctx ends; it is nil, and never says
// anything, where notifications do not arrive.
func (s *Store) Hints(ctx context.Context) <-chan struct{} {
	if !s.hints {
		return nil
	}
	hints := make(chan struct{}, 1)
	go func() {
		defer close(hints)
		wait := listenAgain
		for ctx.Err() == nil {
			if s.listenUntilLost(ctx, hints) {
				wait = listenAgain
			}
			pause := time.NewTimer(wait/2 + rand.N(wait/2)) //nolint:gosec // not all gateways at once, that is all
			select {
			case <-ctx.Done():
			case <-pause.C:
			}
			pause.Stop()
			wait = min(2*wait, listenMost)
		}
	}()
	return hints
}

// listenUntilLost reports whether there was a connection at all.
func (s *Store) listenUntilLost(ctx context.Context, hints chan<- struct{}) bool {
	conn, err := listen(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return false
	}
	defer hangUp(ctx, conn)
	for {
		select {
		case hints <- struct{}{}:
		default: // one is waiting already, and will do for both
		}
		if !hear(ctx, conn) {
			return true
		}
	}
}

// hear waits for a notification, and from time to time asks whether there is still somebody who could send one: a connection that
// was cut somewhere in between is silent for ever.
func hear(ctx context.Context, conn *pgx.Conn) bool {
	for ctx.Err() == nil {
		bounded, cancel := context.WithTimeout(ctx, listenCheck)
		_, err := conn.WaitForNotification(bounded)
		cancel()
		if err == nil {
			return true
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			return false
		}
		asking, cancel := context.WithTimeout(ctx, connectTimeout)
		err = conn.Ping(asking)
		cancel()
		if err != nil {
			return false
		}
	}
	return false
}
