package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/tokens/oauth2"
)

// maxSigningKeys bounds what is read and published. Two or three are usual; a gateway that adds keys without end is out of
// order, and is stopped before nobody can read them any more.
const maxSigningKeys = 100

const selectSigningKeys = `SELECT id, sealed, created, signs_from FROM signing_keys ORDER BY signs_from, id LIMIT ?`

// SigningKeys returns all keys, the newest last.
func (s *Store) SigningKeys(ctx context.Context) (keys []oauth2.SigningKey, err error) {
	err = s.try(ctx, func(ctx context.Context) (err error) {
		keys, err = readSigningKeys(ctx, s.reader)
		return err
	})
	if err != nil {
		return nil, s.faultOf(ctx, "signing keys", err)
	}
	return keys, nil
}

// readSigningKeys reads all or none: of a part, the last would not be the newest.
func readSigningKeys(ctx context.Context, db session) ([]oauth2.SigningKey, error) {
	keys, err := list(ctx, db, scanSigningKey, selectSigningKeys, maxSigningKeys+1)
	if err != nil {
		return nil, err
	}
	if len(keys) > maxSigningKeys {
		return nil, errManyKeys
	}
	return keys, nil
}

var errManyKeys = fmt.Errorf("there are more than %d signing keys", maxSigningKeys)

func scanSigningKey(row scanner) (oauth2.SigningKey, error) {
	var k oauth2.SigningKey
	var created, signsFrom int64
	err := row.Scan(&k.ID, &k.Sealed, &created, &signsFrom)
	k.Created, k.SignsFrom = time.UnixMilli(created).UTC(), time.UnixMilli(signsFrom).UTC()
	return k, err
}

// AddSigningKey adds a key if none has come after the newest that the caller knows. The look and the insertion are under the
// write lock, so of two processes that replace a key at once one sees the other's.
func (s *Store) AddSigningKey(ctx context.Context, k oauth2.SigningKey, newest string, e audit.Event) error {
	return s.change(ctx, "add signing key", feed.SigningKey, k.ID, e, func(tx session) error {
		keys, err := readSigningKeys(ctx, tx)
		if err != nil {
			return err
		}
		last := ""
		if n := len(keys); n > 0 {
			last = keys[n-1].ID
		}
		switch {
		case last != newest:
			return verdict{oauth2.ErrConflict}
		case slices.ContainsFunc(keys, func(other oauth2.SigningKey) bool { return other.ID == k.ID }):
			return verdict{oauth2.ErrExists}
		case len(keys) == maxSigningKeys:
			return errManyKeys
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO signing_keys (id, sealed, created, signs_from) VALUES (?, ?, ?, ?)`,
			k.ID, k.Sealed, k.Created.UnixMilli(), k.SignsFrom.UnixMilli())
		return err
	})
}

// RemoveSigningKey removes a key for good.
func (s *Store) RemoveSigningKey(ctx context.Context, id string, e audit.Event) error {
	return s.change(ctx, "remove signing key", feed.SigningKey, id, e, func(tx session) error {
		var was bool
		row := tx.QueryRowContext(ctx, `DELETE FROM signing_keys WHERE id = ? RETURNING true`, id)
		return noRow(row.Scan(&was), oauth2.ErrNotFound)
	})
}
