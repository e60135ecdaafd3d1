-- OAuth2 clients, the keys that access tokens are signed with, and what has been revoked. Times are milliseconds since 1970,
-- UTC; NULL is never.

-- +goose Up

CREATE TABLE oauth_clients (
    id          TEXT PRIMARY KEY NOT NULL,
    digest      BLOB NOT NULL CHECK (length(digest) = 32),
    old_digest  BLOB CHECK (length(old_digest) = 32), -- of the secret before, while a rotation overlaps
    old_until   INTEGER,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    owner       TEXT NOT NULL,
    account     TEXT NOT NULL,
    scopes      TEXT NOT NULL CHECK (json_type(scopes) = 'array'),
    enabled     INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    created     INTEGER NOT NULL,
    modified    INTEGER,
    tokens_from INTEGER,
    last_used   INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX oauth_clients_account ON oauth_clients (account, id);

-- A handful. The private key is sealed for its identifier; the public key is derived from it and stored nowhere.
CREATE TABLE signing_keys (
    id         TEXT PRIMARY KEY NOT NULL,
    sealed     BLOB NOT NULL CHECK (length(sealed) > 0),
    created    INTEGER NOT NULL,
    signs_from INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Of single tokens and of whole clients. No key refers to a client: its revocation outlives it.
CREATE TABLE revocations (
    id            TEXT PRIMARY KEY NOT NULL,
    issued_before INTEGER NOT NULL, -- of a single token: -9223372036854775807
    until         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revocations_until ON revocations (until);
