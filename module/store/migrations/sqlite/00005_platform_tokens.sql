-- Platform tokens, which can be good for several environments.

-- +goose Up

-- Those besides tokens.environment, by which the token is listed and counted.
ALTER TABLE tokens ADD COLUMN environments TEXT NOT NULL DEFAULT '[]' CHECK (json_type(environments) = 'array');
