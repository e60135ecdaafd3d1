package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/remote"
)

const selectRemoteSetting = `SELECT setting, changed, changed_by, others FROM remote_setting`

// readRemoteSetting returns the zero record where none was ever made. A word that it does not know is a fault, and lets
// nobody in.
func readRemoteSetting(ctx context.Context, db session) (remote.SettingRecord, error) {
	var record remote.SettingRecord
	var word string
	err := db.QueryRowContext(ctx, selectRemoteSetting).Scan(&word, (*instant)(&record.Changed), &record.ChangedBy, (*flags)(&record.Others))
	if errors.Is(err, sql.ErrNoRows) {
		return remote.SettingRecord{}, nil
	}
	if err != nil {
		return remote.SettingRecord{}, err
	}
	known := false
	if record.Setting, known = remote.ParseSetting(word); !known {
		return remote.SettingRecord{}, fmt.Errorf("there is no setting %.40q", word)
	}
	return record, nil
}

// UpdateRemoteSetting hands the record to change, stores what it left in it, and does what UpdateOpenRemoteRequests does.
func (s *Store) UpdateRemoteSetting(ctx context.Context, e *remote.Entry, change func(*remote.SettingRecord) error,
	open func(*remote.Request) (*remote.Entry, error)) error {
	return s.toldRemote(ctx, "update remote setting", feed.RemoteSetting, "", e, func(tx session) ([]entry, error) {
		record, err := readRemoteSetting(ctx, tx)
		if err != nil {
			return nil, err
		}
		if err := change(&record); err != nil {
			return nil, verdict{err}
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO remote_setting (only_row, setting, changed, changed_by, others) VALUES (1, ?, ?, ?, ?)
			ON CONFLICT (only_row) DO UPDATE SET setting = excluded.setting, changed = excluded.changed,
			changed_by = excluded.changed_by, others = excluded.others`,
			record.Setting.String(), instant(record.Changed), record.ChangedBy, flags(record.Others))
		if err != nil {
			return nil, err
		}
		return updateOpen(ctx, tx, open)
	})
}

// flags is a map of truths, stored as a JSON object.
type flags map[string]bool

// Value is driver.Valuer's.
func (f flags) Value() (driver.Value, error) {
	if len(f) == 0 {
		return "{}", nil
	}
	text, err := json.Marshal(map[string]bool(f))
	return string(text), err
}

// Scan is sql.Scanner's. An empty map is nil.
func (f *flags) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("a map is stored as %T", v)
	}
	*f = nil
	if text == "{}" {
		return nil
	}
	return json.Unmarshal([]byte(text), (*map[string]bool)(f))
}
