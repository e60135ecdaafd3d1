-- What the token APIs need: more about a token, its listings and counts, the use of its scopes, tenant tokens, settings, and
-- an audit trail that has attempts too. Times are milliseconds since 1970, UTC; NULL is never, but for tokens.

-- +goose Up

-- Tokens anew, because listings need columns without NULL to be sorted by: "behind this place" is one comparison then. Never
-- used and never modified come first, never expiring comes last. Generated columns would not do: an index with one covers
-- no query. With rows found by number the pages between root and row stay in memory at a million tokens; they do not with
-- WITHOUT ROWID, where these pages hold rows too.
ALTER TABLE tokens RENAME TO old_tokens;
DROP INDEX tokens_legacy;
DROP INDEX tokens_newest;
DROP INDEX tokens_owner_newest;
CREATE TABLE tokens (
    number        INTEGER PRIMARY KEY, -- of the row: what indexes and side tables know it by
    id            TEXT NOT NULL,
    digest        BLOB NOT NULL CHECK (length(digest) = 32),
    name          TEXT NOT NULL,
    owner         TEXT NOT NULL,
    environment   TEXT NOT NULL,
    kind          TEXT NOT NULL, -- the prefix; old-format tokens have none and are listed with the access tokens
    cluster       INTEGER NOT NULL CHECK (cluster IN (0, 1)),
    personal      INTEGER NOT NULL CHECK (personal IN (0, 1)),
    administrator INTEGER NOT NULL CHECK (administrator IN (0, 1)),
    legacy        INTEGER NOT NULL CHECK (legacy IN (0, 1)),
    enabled       INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    seed          INTEGER NOT NULL CHECK (seed IN (0, 1)),
    activegate    TEXT NOT NULL,
    scopes        TEXT NOT NULL CHECK (json_type(scopes) = 'array'),
    networks      TEXT NOT NULL CHECK (json_type(networks) = 'array'),
    created       INTEGER NOT NULL,
    newest        INTEGER NOT NULL CHECK (newest = -created), -- so that the newest come first and ties by id from below
    modified      INTEGER NOT NULL, -- never: -9223372036854775807
    expires       INTEGER NOT NULL, -- never: 9223372036854775807
    last_used     INTEGER NOT NULL, -- never: -9223372036854775807
    last_used_ip  TEXT NOT NULL,
    CHECK (kind = CASE legacy WHEN 1 THEN 'dt0c01' ELSE substr(id, 1, instr(id || '.', '.') - 1) END)
) STRICT;
CREATE UNIQUE INDEX tokens_id ON tokens (id);

-- Old-format tokens are found by the digest of their whole text, so it must name one of them only.
CREATE UNIQUE INDEX tokens_legacy ON tokens (digest) WHERE legacy = 1;

-- Environment, kind and personal or not make a partition. Each order is kept in each partition, and once more for each owner
-- in it, because a filter that is no part of an index can make a page as slow as the table is long.
CREATE INDEX tokens_by_newest ON tokens (environment, kind, personal, newest, id);
CREATE INDEX tokens_by_created ON tokens (environment, kind, personal, created, id);
CREATE INDEX tokens_by_name ON tokens (environment, kind, personal, name, id);
CREATE INDEX tokens_by_last_used ON tokens (environment, kind, personal, last_used, id);
CREATE INDEX tokens_by_expires ON tokens (environment, kind, personal, expires, id);
CREATE INDEX tokens_by_modified ON tokens (environment, kind, personal, modified, id);
CREATE INDEX tokens_owner_by_newest ON tokens (owner, environment, kind, personal, newest, id);
CREATE INDEX tokens_owner_by_created ON tokens (owner, environment, kind, personal, created, id);
CREATE INDEX tokens_owner_by_name ON tokens (owner, environment, kind, personal, name, id);
CREATE INDEX tokens_owner_by_last_used ON tokens (owner, environment, kind, personal, last_used, id);
CREATE INDEX tokens_owner_by_expires ON tokens (owner, environment, kind, personal, expires, id);
CREATE INDEX tokens_owner_by_modified ON tokens (owner, environment, kind, personal, modified, id);

-- Who holds a scope, in the order of creation.
CREATE TABLE token_scopes (
    scope       TEXT NOT NULL,
    environment TEXT NOT NULL,
    kind        TEXT NOT NULL,
    personal    INTEGER NOT NULL,
    created     INTEGER NOT NULL,
    id          TEXT NOT NULL,
    number      INTEGER NOT NULL,
    PRIMARY KEY (scope, environment, kind, personal, created, id)
) STRICT, WITHOUT ROWID;

-- How many tokens there are, exactly. A row that would say none is not there.
CREATE TABLE token_counts (
    environment TEXT NOT NULL,
    kind        TEXT NOT NULL,
    personal    INTEGER NOT NULL,
    n           INTEGER NOT NULL CHECK (n >= 0),
    PRIMARY KEY (environment, kind, personal)
) STRICT, WITHOUT ROWID;
CREATE TABLE token_owner_counts (
    owner       TEXT NOT NULL,
    environment TEXT NOT NULL,
    kind        TEXT NOT NULL,
    personal    INTEGER NOT NULL,
    n           INTEGER NOT NULL CHECK (n >= 0),
    PRIMARY KEY (owner, environment, kind, personal)
) STRICT, WITHOUT ROWID;
CREATE TABLE token_scope_counts (
    scope       TEXT NOT NULL,
    environment TEXT NOT NULL,
    kind        TEXT NOT NULL,
    personal    INTEGER NOT NULL,
    n           INTEGER NOT NULL CHECK (n >= 0),
    PRIMARY KEY (scope, environment, kind, personal)
) STRICT, WITHOUT ROWID;

-- With which scopes a token got through, and when last.
CREATE TABLE token_scope_uses (
    token        TEXT NOT NULL,
    alternatives TEXT NOT NULL CHECK (json_type(alternatives) = 'array'), -- sorted: equal sets are equal texts
    at           INTEGER NOT NULL,
    PRIMARY KEY (token, alternatives)
) STRICT, WITHOUT ROWID;

-- The side tables follow the tokens in the same statement, whoever changes them and however.

-- +goose StatementBegin
CREATE TRIGGER tokens_inserted AFTER INSERT ON tokens BEGIN
    INSERT INTO token_counts VALUES (new.environment, new.kind, new.personal, 1) ON CONFLICT DO UPDATE SET n = n + 1;
    INSERT INTO token_owner_counts VALUES (new.owner, new.environment, new.kind, new.personal, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
    INSERT INTO token_scopes SELECT DISTINCT value, new.environment, new.kind, new.personal, new.created, new.id, new.number
        FROM json_each(new.scopes);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER tokens_deleted AFTER DELETE ON tokens BEGIN
    UPDATE token_counts SET n = n - 1
        WHERE environment = old.environment AND kind = old.kind AND personal = old.personal;
    UPDATE token_owner_counts SET n = n - 1
        WHERE owner = old.owner AND environment = old.environment AND kind = old.kind AND personal = old.personal;
    DELETE FROM token_scopes WHERE scope IN (SELECT value FROM json_each(old.scopes)) AND environment = old.environment
        AND kind = old.kind AND personal = old.personal AND created = old.created AND id = old.id;
    DELETE FROM token_scope_uses WHERE token = old.id;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER tokens_moved AFTER UPDATE OF owner, environment, personal ON tokens
WHEN (old.owner, old.environment, old.personal) <> (new.owner, new.environment, new.personal) BEGIN
    UPDATE token_counts SET n = n - 1
        WHERE environment = old.environment AND kind = old.kind AND personal = old.personal;
    UPDATE token_owner_counts SET n = n - 1
        WHERE owner = old.owner AND environment = old.environment AND kind = old.kind AND personal = old.personal;
    INSERT INTO token_counts VALUES (new.environment, new.kind, new.personal, 1) ON CONFLICT DO UPDATE SET n = n + 1;
    INSERT INTO token_owner_counts VALUES (new.owner, new.environment, new.kind, new.personal, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER tokens_rescoped AFTER UPDATE OF environment, personal, scopes ON tokens
WHEN (old.environment, old.personal, old.scopes) <> (new.environment, new.personal, new.scopes) BEGIN
    DELETE FROM token_scopes WHERE scope IN (SELECT value FROM json_each(old.scopes)) AND environment = old.environment
        AND kind = old.kind AND personal = old.personal AND created = old.created AND id = old.id;
    INSERT INTO token_scopes SELECT DISTINCT value, new.environment, new.kind, new.personal, new.created, new.id, new.number
        FROM json_each(new.scopes);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER token_scopes_inserted AFTER INSERT ON token_scopes BEGIN
    INSERT INTO token_scope_counts VALUES (new.scope, new.environment, new.kind, new.personal, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER token_scopes_deleted AFTER DELETE ON token_scopes BEGIN
    UPDATE token_scope_counts SET n = n - 1 WHERE scope = old.scope AND environment = old.environment
        AND kind = old.kind AND personal = old.personal;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER token_counts_empty AFTER UPDATE OF n ON token_counts WHEN new.n = 0 BEGIN
    DELETE FROM token_counts WHERE environment = new.environment AND kind = new.kind AND personal = new.personal;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER token_owner_counts_empty AFTER UPDATE OF n ON token_owner_counts WHEN new.n = 0 BEGIN
    DELETE FROM token_owner_counts
        WHERE owner = new.owner AND environment = new.environment AND kind = new.kind AND personal = new.personal;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER token_scope_counts_empty AFTER UPDATE OF n ON token_scope_counts WHEN new.n = 0 BEGIN
    DELETE FROM token_scope_counts
        WHERE scope = new.scope AND environment = new.environment AND kind = new.kind AND personal = new.personal;
END;
-- +goose StatementEnd

-- The tokens there are; the triggers do the rest.
INSERT INTO tokens (id, digest, name, owner, environment, kind, cluster, personal, administrator, legacy, enabled, seed,
        activegate, scopes, networks, created, newest, modified, expires, last_used, last_used_ip)
    SELECT id, digest, name, owner, environment,
        CASE legacy WHEN 1 THEN 'dt0c01' ELSE substr(id, 1, instr(id || '.', '.') - 1) END,
        cluster, personal, 0, legacy, enabled, 0, '', scopes, '[]', created, -created, ifnull(modified, -9223372036854775807),
        ifnull(expires, 9223372036854775807), ifnull(last_used, -9223372036854775807), last_used_ip
    FROM old_tokens ORDER BY created, id;
DROP TABLE old_tokens;

-- The texts are sealed. No old text, no old digest.
CREATE TABLE tenant_tokens (
    environment   TEXT PRIMARY KEY NOT NULL,
    active        BLOB NOT NULL,
    active_digest BLOB NOT NULL CHECK (length(active_digest) = 32),
    old           BLOB,
    old_digest    BLOB CHECK (length(old_digest) = 32),
    created       INTEGER NOT NULL,
    modified      INTEGER,
    CHECK ((old IS NULL) = (old_digest IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE token_settings (
    environment     TEXT PRIMARY KEY NOT NULL,
    personal_tokens INTEGER NOT NULL CHECK (personal_tokens IN (0, 1))
) STRICT, WITHOUT ROWID;

-- The audit trail gets a numbering of its own, because a failed attempt has no revision. Events are kept for good, so the
-- next number is always greater than every one that was ever given.
ALTER TABLE audit_events RENAME TO old_audit_events;
DROP INDEX audit_events_actor;
DROP INDEX audit_events_object;
CREATE TABLE audit_events (
    id          INTEGER PRIMARY KEY,
    revision    INTEGER, -- NULL for a failed attempt
    time        INTEGER NOT NULL,
    environment TEXT NOT NULL,
    actor       TEXT NOT NULL,
    origin      TEXT NOT NULL,
    decision    TEXT NOT NULL,
    action      TEXT NOT NULL,
    event_type  TEXT NOT NULL,
    category    TEXT NOT NULL,
    object      TEXT NOT NULL,
    failed      INTEGER NOT NULL CHECK (failed IN (0, 1)),
    message     TEXT NOT NULL,
    detail      TEXT NOT NULL,
    patch       TEXT NOT NULL,
    CHECK (failed = (revision IS NULL))
) STRICT;
INSERT INTO audit_events (revision, time, environment, actor, origin, decision, action, event_type, category, object, failed,
        message, detail, patch)
    SELECT revision, time, '', actor, '', '', action,
        CASE substr(action, length(noun) + 2) WHEN 'create' THEN 'CREATE' WHEN 'import' THEN 'CREATE' WHEN 'delete' THEN 'DELETE'
            WHEN 'revoke' THEN 'REVOKE' WHEN 'login' THEN 'LOGIN' WHEN 'logout' THEN 'LOGOUT' WHEN 'read' THEN 'READ'
            ELSE 'UPDATE' END,
        CASE noun WHEN 'token' THEN 'TOKEN' WHEN 'activegatetoken' THEN 'ACTIVEGATE_TOKEN'
            WHEN 'tenanttoken' THEN 'TENANT_LIFECYCLE' WHEN 'session' THEN 'WEB_UI' ELSE 'CONFIG' END,
        object, 0, '', detail, ''
    FROM (SELECT *, substr(action, 1, instr(action || '.', '.') - 1) AS noun FROM old_audit_events)
    ORDER BY revision;
DROP TABLE old_audit_events;
CREATE UNIQUE INDEX audit_events_revision ON audit_events (revision) WHERE revision IS NOT NULL;
CREATE INDEX audit_events_time ON audit_events (time);
CREATE INDEX audit_events_environment ON audit_events (environment);
CREATE INDEX audit_events_actor ON audit_events (actor);
CREATE INDEX audit_events_object ON audit_events (object);
