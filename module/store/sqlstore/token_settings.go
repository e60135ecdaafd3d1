package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/tokens"
)

// Settings returns those of every environment that has any.
func (s *Store) Settings(ctx context.Context) (map[string]tokens.Settings, error) {
	all := map[string]tokens.Settings{}
	err := s.try(ctx, func(ctx context.Context) error {
		clear(all)
		_, err := list(ctx, s.reader, func(row scanner) (environment string, err error) {
			var one tokens.Settings
			err = row.Scan(&environment, &one.PersonalTokens)
			all[environment] = one
			return environment, err
		}, `SELECT environment, personal_tokens FROM token_settings`)
		return err
	})
	if err != nil {
		return nil, s.faultOf(ctx, "token settings", err)
	}
	return all, nil
}

// UpdateSettings hands an environment's to change and stores what it left.
func (s *Store) UpdateSettings(ctx context.Context, environment string, e *audit.Event, change func(*tokens.Settings) error) error {
	return s.told(ctx, "update token settings", feed.TokenSettings, environment, e, func(tx session) error {
		var one tokens.Settings
		row := tx.QueryRowContext(ctx, `SELECT personal_tokens FROM token_settings WHERE environment = ?`, environment)
		if err := row.Scan(&one.PersonalTokens); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err := change(&one); err != nil {
			return verdict{err}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO token_settings (environment, personal_tokens) VALUES (?, ?)
			ON CONFLICT (environment) DO UPDATE SET personal_tokens = excluded.personal_tokens`, environment, one.PersonalTokens)
		return err
	})
}
