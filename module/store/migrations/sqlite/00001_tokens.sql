-- Tokens, the audit trail, and the list of changes. Times are milliseconds since 1970, UTC; NULL is never.

-- +goose Up

-- "Door" in ASCII: tells this file from another program's database.
PRAGMA application_id = 1148153714;

-- One row: the number of the newest change.
CREATE TABLE store_state (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    revision INTEGER NOT NULL
) STRICT;
INSERT INTO store_state (only_row, revision) VALUES (1, 0);

-- WITHOUT ROWID makes the lookup by identifier a single descent.
CREATE TABLE tokens (
    id           TEXT PRIMARY KEY NOT NULL,
    digest       BLOB NOT NULL CHECK (length(digest) = 32),
    name         TEXT NOT NULL,
    owner        TEXT NOT NULL,
    environment  TEXT NOT NULL,
    cluster      INTEGER NOT NULL CHECK (cluster IN (0, 1)),
    personal     INTEGER NOT NULL CHECK (personal IN (0, 1)),
    legacy       INTEGER NOT NULL CHECK (legacy IN (0, 1)),
    enabled      INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    scopes       TEXT NOT NULL CHECK (json_type(scopes) = 'array'),
    created      INTEGER NOT NULL,
    modified     INTEGER,
    expires      INTEGER,
    last_used    INTEGER,
    last_used_ip TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Old-format tokens are found by the digest of their whole text, so it must name one of them only.
CREATE UNIQUE INDEX tokens_legacy ON tokens (digest) WHERE legacy = 1;
CREATE INDEX tokens_newest ON tokens (created DESC, id);
CREATE INDEX tokens_owner_newest ON tokens (owner, created DESC, id);

-- One event for each revision, kept for good.
CREATE TABLE audit_events (
    revision INTEGER PRIMARY KEY,
    time     INTEGER NOT NULL,
    actor    TEXT NOT NULL,
    action   TEXT NOT NULL,
    object   TEXT NOT NULL,
    detail   TEXT NOT NULL
) STRICT;
CREATE INDEX audit_events_actor ON audit_events (actor, revision);
CREATE INDEX audit_events_object ON audit_events (object, revision);

-- One change for each revision; only the newest are kept.
CREATE TABLE changes (
    revision INTEGER PRIMARY KEY,
    kind     TEXT NOT NULL,
    id       TEXT NOT NULL
) STRICT;
