-- Listings of tokens that are disabled.

-- +goose Up

-- As for each owner: disabled tokens are old ones, so a page that had to look for them among the newest would pass over most of the
-- table. They are few, and so is what these indexes hold.
CREATE INDEX tokens_disabled_by_newest ON tokens (environment, kind, personal, newest, id) WHERE enabled = 0;
CREATE INDEX tokens_disabled_by_created ON tokens (environment, kind, personal, created, id) WHERE enabled = 0;
CREATE INDEX tokens_disabled_by_name ON tokens (environment, kind, personal, name, id) WHERE enabled = 0;
CREATE INDEX tokens_disabled_by_last_used ON tokens (environment, kind, personal, last_used, id) WHERE enabled = 0;
CREATE INDEX tokens_disabled_by_expires ON tokens (environment, kind, personal, expires, id) WHERE enabled = 0;
CREATE INDEX tokens_disabled_by_modified ON tokens (environment, kind, personal, modified, id) WHERE enabled = 0;
