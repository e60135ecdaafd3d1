-- Requests for remote access, the setting that says which of the support staff get in, and what people and programs are still
-- to be told of it. Times are milliseconds since 1970, UTC; NULL is the zero time: never, or not yet.

-- +goose Up

CREATE TABLE remote_requests (
    id            TEXT PRIMARY KEY NOT NULL,
    user_id       TEXT NOT NULL,
    reason        TEXT NOT NULL,
    ticket        TEXT NOT NULL,
    created       INTEGER NOT NULL,
    created_by    TEXT NOT NULL,
    asked_role    TEXT NOT NULL CHECK (asked_role IN ('', 'devops-viewer', 'devops-user', 'devops-admin')),
    asked_days    INTEGER NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('', 'devops-viewer', 'devops-user', 'devops-admin')),
    days          INTEGER NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('PENDING', 'ACCEPTED', 'REJECTED', 'EXPIRED')), -- what lapses by itself stays
    changed       INTEGER,
    changed_by    TEXT NOT NULL,
    approvals     TEXT NOT NULL CHECK (json_type(approvals) = 'array'),
    pending_until INTEGER,
    expires       INTEGER,
    break_glass   INTEGER NOT NULL CHECK (break_glass IN (0, 1)),
    review_by     INTEGER,
    reviewed      INTEGER,
    reviewed_by   TEXT NOT NULL,
    review        TEXT NOT NULL
) STRICT;

-- Listings are in the order of creation, whatever they are filtered by.
CREATE INDEX remote_requests_newest ON remote_requests (created, id);
CREATE INDEX remote_requests_user ON remote_requests (user_id, created, id);
CREATE INDEX remote_requests_state ON remote_requests (state, created, id);
CREATE INDEX remote_requests_user_state ON remote_requests (user_id, state, created, id);
CREATE INDEX remote_requests_unreviewed ON remote_requests (created, id) WHERE break_glass = 1 AND reviewed IS NULL;

-- The few that decide who gets in, and the many that are over, by when the last part of them was. Break-glass is not over before
-- it was reviewed.
CREATE INDEX remote_requests_open ON remote_requests (id) WHERE state IN ('PENDING', 'ACCEPTED');
CREATE INDEX remote_requests_over ON remote_requests (max(ifnull(changed, -62135596800000), ifnull(expires, -62135596800000)))
    WHERE state IN ('REJECTED', 'EXPIRED') AND (break_glass = 0 OR reviewed IS NOT NULL);

-- One row, or none while nobody has made a setting.
CREATE TABLE remote_setting (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    setting    TEXT NOT NULL CHECK (setting IN ('off', 'all', 'read-only', 'approved', 'approved-read-only')),
    changed    INTEGER,
    changed_by TEXT NOT NULL,
    others     TEXT NOT NULL CHECK (json_type(others) = 'object')
) STRICT;

-- What is told has its own copy of the facts: it says what was true when it happened. So no key refers to a request.
CREATE TABLE deliveries (
    id          TEXT PRIMARY KEY NOT NULL,
    channel     TEXT NOT NULL,
    target      TEXT NOT NULL,
    first_at    INTEGER NOT NULL,
    next_at     INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    finished    INTEGER, -- when it was made, given up or dropped; NULL while it waits
    event       TEXT NOT NULL,
    time        INTEGER NOT NULL,
    request_id  TEXT NOT NULL,
    user_id     TEXT NOT NULL,
    role        TEXT NOT NULL,
    days        INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    ticket      TEXT NOT NULL,
    state       TEXT NOT NULL,
    actor       TEXT NOT NULL,
    environment TEXT NOT NULL,
    expires     INTEGER,
    review_by   INTEGER
) STRICT;
CREATE INDEX deliveries_due ON deliveries (next_at, id) WHERE finished IS NULL;
CREATE INDEX deliveries_request ON deliveries (request_id) WHERE finished IS NULL;
CREATE INDEX deliveries_finished ON deliveries (finished) WHERE finished IS NOT NULL;
