package fill

import (
	"context"
	"errors"

	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/module/store/storecopy"
)

// Store makes the store that a DSN names, which must be new, and fills it: about 30 s for a million tokens in SQLite.
func Store(ctx context.Context, dsn string, of Sizes) error {
	s, err := store.Open(ctx, dsn, store.Options{Unfinished: true})
	if err != nil {
		return err
	}
	return errors.Join(storecopy.Fill(ctx, s, Batches(of)), s.Close())
}
