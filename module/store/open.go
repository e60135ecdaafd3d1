package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/doorward/doorward/module/store/sqlite"
)

// accepted is what every refusal of a DSN ends with, so that the operator need not look it up.
const accepted = `accepted is "sqlite:<path of the database file>"`

// Open opens the store that the DSN names, creating it or bringing it up to date where needed.
//
//	sqlite:<path>   a SQLite file; a missing file (mode 0600) and missing folders (0700) are made
//
// Errors say what the operator can do. They never repeat the DSN, which may hold a password; a path is no secret and
// is named.
func Open(ctx context.Context, dsn string, opt Options) (Store, error) {
	scheme, rest, found := strings.Cut(dsn, ":")
	switch {
	case dsn == "":
		return nil, errors.New("store: no DSN given; " + accepted)
	case !found || !isScheme(scheme):
		return nil, errors.New("store: the DSN does not begin with a scheme; " + accepted)
	case scheme == "sqlite":
		return openSQLite(ctx, rest, opt)
	case scheme == "postgres" || scheme == "postgresql":
		return nil, fmt.Errorf("store: %s: is not built in yet; %s", scheme, accepted)
	}
	return nil, fmt.Errorf("store: the scheme %q is not known; %s", scheme, accepted)
}

func openSQLite(ctx context.Context, path string, opt Options) (Store, error) {
	// sqlite://data/x.db looks like a relative path and would be an absolute one.
	if strings.HasPrefix(path, "//") && !strings.HasPrefix(path, "///") {
		return nil, errors.New("store: a SQLite DSN takes a path, not a host; " + accepted)
	}
	s, err := sqlite.Open(ctx, path, sqlite.Options(opt))
	if err != nil {
		return nil, err // not s: a nil *sqlite.Store in a Store would not be nil
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
