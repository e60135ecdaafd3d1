package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/doorward/doorward/module/store/migrations"
	"github.com/doorward/doorward/module/store/postgres"
	"github.com/doorward/doorward/module/store/sqlite"
)

// accepted is what every refusal of a DSN ends with, so that the operator need not look it up.
const accepted = `accepted is "sqlite:<path of the database file>" or "postgres://<user>:<password>@<host>:<port>/<database>"`

// Open opens the store that the DSN names, creating it or bringing it up to date where needed.
//
//	sqlite:<path>          a SQLite file; a missing file (mode 0600) and missing folders (0700) are made
//	postgres://<rest>      a database of a PostgreSQL server; so is postgresql://<rest>
//	postgres:<connection>  the same, by such a URL or by keywords: postgres:host=db dbname=doorward user=doorward
//
// Errors say what the operator can do. They never repeat the DSN, which may hold a password; a path is no secret and
// is named.
func Open(ctx context.Context, dsn string, opt Options) (Store, error) {
	scheme, rest, err := cut(dsn)
	switch {
	case err != nil:
		return nil, err
	case scheme == "sqlite":
		return openSQLite(ctx, rest, opt)
	default:
		return openPostgres(ctx, rest, opt)
	}
}

// Schema is how far the schema of a store is.
type Schema = migrations.State

// SchemaOf is how far the schema of the store is that the DSN names. It makes and changes nothing: a file that is not there is
// fs.ErrNotExist. Errors are those of Open, but a schema that is newer than what this binary knows is none here.
func SchemaOf(ctx context.Context, dsn string) (Schema, error) {
	scheme, rest, err := cut(dsn)
	switch {
	case err != nil:
		return Schema{}, err
	case scheme == "sqlite":
		return sqlite.State(ctx, rest)
	default:
		return postgres.State(ctx, rest)
	}
}

// cut is the engine of a DSN, sqlite or postgres, and what that engine's package takes.
func cut(dsn string) (scheme, rest string, err error) {
	scheme, rest, found := strings.Cut(dsn, ":")
	switch {
	case dsn == "":
		err = errors.New("store: no DSN given; " + accepted)
	case !found || !isScheme(scheme):
		err = errors.New("store: the DSN does not begin with a scheme; " + accepted)
	case scheme == "sqlite":
		// sqlite://data/x.db looks like a relative path and would be an absolute one.
		if strings.HasPrefix(rest, "//") && !strings.HasPrefix(rest, "///") {
			err = errors.New("store: a SQLite DSN takes a path, not a host; " + accepted)
		}
	case scheme != "postgres" && scheme != "postgresql":
		err = fmt.Errorf("store: the scheme %q is not known; %s", scheme, accepted)
	case rest == "":
		err = errors.New("store: a PostgreSQL DSN names a server; " + accepted) // pgx would take the defaults of psql
	case strings.HasPrefix(rest, "//"):
		return "postgres", dsn, nil // the URL as it is
	default:
		scheme = "postgres"
	}
	return scheme, rest, err
}

func openSQLite(ctx context.Context, path string, opt Options) (Store, error) {
	s, err := sqlite.Open(ctx, path, sqlite.Options(opt))
	if err != nil {
		return nil, err // not s: a nil *sqlite.Store in a Store would not be nil
	}
	return s, nil
}

func openPostgres(ctx context.Context, dsn string, opt Options) (Store, error) {
	s, err := postgres.Open(ctx, dsn, postgres.Options{
		BusyTimeout: opt.BusyTimeout, KeepChanges: opt.KeepChanges, Unfinished: opt.Unfinished,
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// isScheme reports whether text can be shown as a scheme: RFC 3986, section 3.1, lower case and of sensible length.
// Anything else may be the beginning of a secret.
func isScheme(text string) bool {
	if text == "" || len(text) > 16 || text[0] < 'a' || text[0] > 'z' {
		return false
	}
	return strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
}
