-- Policies, boundaries, groups, users, memberships and bindings. Times are milliseconds since 1970, UTC; NULL is never.
-- No foreign key deletes anything: what goes along with something is deleted by name, so that it gets its audit event, and
-- a key that would be left behind refuses the deletion.

-- +goose Up

CREATE TABLE policies (
    uuid        TEXT PRIMARY KEY NOT NULL,
    level_type  TEXT NOT NULL CHECK (level_type IN ('account', 'environment')), -- global ones are built in
    level_id    TEXT NOT NULL,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    tags        TEXT NOT NULL CHECK (json_type(tags) = 'array'),
    statement   TEXT NOT NULL,
    created     INTEGER NOT NULL,
    modified    INTEGER
) STRICT;
CREATE UNIQUE INDEX policies_name ON policies (level_type, level_id, name);
CREATE INDEX policies_level ON policies (level_type, level_id, uuid);

CREATE TABLE boundaries (
    uuid       TEXT PRIMARY KEY NOT NULL,
    account_id TEXT NOT NULL,
    name       TEXT NOT NULL,
    query      TEXT NOT NULL,
    metadata   TEXT NOT NULL CHECK (json_type(metadata) = 'object'),
    created    INTEGER NOT NULL,
    modified   INTEGER
) STRICT;
CREATE UNIQUE INDEX boundaries_name ON boundaries (account_id, name);
CREATE INDEX boundaries_account ON boundaries (account_id, uuid);

CREATE TABLE user_groups (
    uuid             TEXT PRIMARY KEY NOT NULL,
    account_id       TEXT NOT NULL,
    name             TEXT NOT NULL,
    description      TEXT NOT NULL,
    federated_values TEXT NOT NULL CHECK (json_type(federated_values) = 'array'),
    owner            TEXT NOT NULL,
    created          INTEGER NOT NULL,
    modified         INTEGER
) STRICT;
CREATE UNIQUE INDEX user_groups_name ON user_groups (account_id, name);
CREATE INDEX user_groups_account ON user_groups (account_id, uuid);

CREATE TABLE users (
    id           TEXT PRIMARY KEY NOT NULL,
    account_id   TEXT NOT NULL,
    email        TEXT NOT NULL,
    service_user INTEGER NOT NULL CHECK (service_user IN (0, 1)),
    name         TEXT NOT NULL,
    created      INTEGER NOT NULL,
    modified     INTEGER
) STRICT;
-- An address names one user in the whole store.
CREATE UNIQUE INDEX users_email ON users (email);
CREATE INDEX users_account ON users (account_id, id);

CREATE TABLE memberships (
    user_id    TEXT NOT NULL REFERENCES users,
    group_uuid TEXT NOT NULL REFERENCES user_groups,
    PRIMARY KEY (user_id, group_uuid)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_group ON memberships (group_uuid, user_id);

-- policy_uuid refers to no table, because built-in policies are in none.
CREATE TABLE bindings (
    id          TEXT PRIMARY KEY NOT NULL,
    level_type  TEXT NOT NULL CHECK (level_type IN ('account', 'environment')),
    level_id    TEXT NOT NULL,
    policy_uuid TEXT NOT NULL,
    group_uuid  TEXT NOT NULL REFERENCES user_groups,
    parameters  TEXT NOT NULL CHECK (json_type(parameters) = 'object'), -- keys sorted: equal maps are equal texts
    metadata    TEXT NOT NULL CHECK (json_type(metadata) = 'object'),
    created     INTEGER NOT NULL,
    modified    INTEGER
) STRICT;
CREATE UNIQUE INDEX bindings_same ON bindings (group_uuid, level_type, level_id, policy_uuid, parameters);
CREATE INDEX bindings_level ON bindings (level_type, level_id, id);
CREATE INDEX bindings_policy ON bindings (policy_uuid, id);

CREATE TABLE binding_boundaries (
    binding_id    TEXT NOT NULL REFERENCES bindings,
    boundary_uuid TEXT NOT NULL REFERENCES boundaries,
    PRIMARY KEY (binding_id, boundary_uuid)
) STRICT, WITHOUT ROWID;
CREATE INDEX binding_boundaries_boundary ON binding_boundaries (boundary_uuid, binding_id);
