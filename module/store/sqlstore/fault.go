package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/doorward/doorward/internal/fault"
)

// noRow gives "there is no such row" the word that a contract has for it.
func noRow(err, word error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return verdict{word}
	}
	return err
}

// verdict marks an error that the store worked out or was handed, as opposed to one that broke it: it reaches the
// caller as it is.
type verdict struct{ error }

func (v verdict) Unwrap() error { return v.error }

// faultOf turns what a running operation met into what its caller may see. The texts of databases name tables and columns but
// never values, so no digest gets into a log this way.
func (s *Store) faultOf(ctx context.Context, operation string, err error) error {
	if err == nil {
		return nil
	}
	if v, ok := errors.AsType[verdict](err); ok {
		return v.error
	}
	// A cancelled statement reports an interruption; callers look for the context's own error.
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		err = fmt.Errorf("%w (%w)", ended, err)
	}
	kind, public := s.dialect.Fault(err)
	return fault.New(kind, public, fmt.Errorf("%s: %s: %w", s.dialect.Name, operation, err))
}
