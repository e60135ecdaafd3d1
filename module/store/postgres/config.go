package postgres

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	busyTimeout      = 5 * time.Second
	connectTimeout   = 5 * time.Second
	statementTimeout = 10 * time.Second

	// Who stops in the middle of a change, cut off from the server, holds up all others no longer than this.
	idleTimeout = 10 * time.Second
)

// timeouts are the parameters of a session that bound how long it waits or makes others wait.
var timeouts = []string{"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"}

// configOf reads the DSN and adds what it does not say. pgx's own errors repeat parts of a DSN that it cannot read, so they are not
// passed on: there is no telling what of it is a password.
func configOf(dsn string, opt Options) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("postgres: the DSN cannot be read; a URL is postgres://user:password@host:5432/database, with special " +
			"characters of its parts as %XX, and keywords are host=… user=… dbname=…; files that it names must be readable")
	}
	c := config.ConnConfig
	says := func(setting string) bool { return strings.Contains(dsn, setting) }
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectTimeout
	}
	if c.ValidateConnect == nil && !says("target_session_attrs") {
		c.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite // after a fail-over the old server is none to connect to
	}
	for parameter, value := range map[string]string{
		"application_name":                    "doorward",
		"statement_timeout":                   milliseconds(statementTimeout),
		"lock_timeout":                        milliseconds(cmp.Or(opt.BusyTimeout, busyTimeout)),
		"idle_in_transaction_session_timeout": milliseconds(idleTimeout),
	} {
		if _, said := c.RuntimeParams[parameter]; !said {
			c.RuntimeParams[parameter] = value
		}
	}
	if !says("pool_max_conns") {
		config.MaxConns = 10
	}
	config.MaxConns = max(config.MaxConns, 2) // one that changes, and one that reads meanwhile
	return config, nil
}

func milliseconds(d time.Duration) string { return fmt.Sprint(max(1, d.Milliseconds())) }
