-- Tokens of remote support staff. What there is already was given to others.

-- +goose Up

ALTER TABLE tokens ADD COLUMN staff INTEGER NOT NULL DEFAULT 0 CHECK (staff IN (0, 1));
