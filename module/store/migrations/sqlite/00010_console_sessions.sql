-- Who is signed in to the console. Times are milliseconds since 1970, UTC; NULL is never.

-- +goose Up

CREATE TABLE console_sessions (
    digest          BLOB PRIMARY KEY NOT NULL CHECK (length(digest) = 32), -- of the cookie
    id              TEXT NOT NULL,
    sealed          BLOB NOT NULL, -- the credential, by a key that is derived from the cookie
    subject         TEXT NOT NULL,
    environment     TEXT NOT NULL,
    actor           TEXT NOT NULL,
    method          TEXT NOT NULL CHECK (method IN ('token', 'oidc')),
    issuer          TEXT NOT NULL,
    address         TEXT NOT NULL,
    user_agent      TEXT NOT NULL,
    created         INTEGER NOT NULL,
    last_used       INTEGER NOT NULL,
    ends            INTEGER NOT NULL, -- unless it is used before
    expires         INTEGER NOT NULL, -- whatever happens
    confirmed_until INTEGER
) STRICT;
CREATE UNIQUE INDEX console_sessions_id ON console_sessions (id);
CREATE INDEX console_sessions_newest ON console_sessions (created, id);
CREATE INDEX console_sessions_subject ON console_sessions (subject, environment, created, id);
CREATE INDEX console_sessions_ends ON console_sessions (ends);
