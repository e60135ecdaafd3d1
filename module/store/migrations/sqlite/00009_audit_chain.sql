-- The audit trail becomes a chain: every new event has a hash of itself and of the event before it. Events from before have
-- none. What was written stays as it is: triggers stop ordinary SQL from changing or removing it. They stop nobody who can drop
-- them; the chain tells of that.

-- +goose Up

ALTER TABLE audit_events RENAME TO old_audit_events;
CREATE TABLE audit_events (
    id          INTEGER PRIMARY KEY CHECK (id > 0), -- without gaps
    revision    INTEGER, -- NULL for what changed nothing here
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
    hash        BLOB CHECK (length(hash) = 32),
    CHECK (failed = 0 OR revision IS NULL)
) STRICT;
INSERT INTO audit_events (id, revision, time, environment, actor, origin, decision, action, event_type, category, object, failed,
        message, detail, patch)
    SELECT id, revision, time, environment, actor, origin, decision, action, event_type, category, object, failed,
        message, detail, patch FROM old_audit_events ORDER BY id;
DROP TABLE old_audit_events;
CREATE UNIQUE INDEX audit_events_revision ON audit_events (revision) WHERE revision IS NOT NULL;
CREATE INDEX audit_events_time ON audit_events (time);
CREATE INDEX audit_events_environment ON audit_events (environment);
CREATE INDEX audit_events_actor ON audit_events (actor);
CREATE INDEX audit_events_object ON audit_events (object);

-- What became of an event, known later than all the rest. No name of a column is one of audit_events.
CREATE TABLE audit_outcomes (
    event        INTEGER PRIMARY KEY REFERENCES audit_events (id),
    at           INTEGER NOT NULL,
    status       INTEGER NOT NULL,
    bytes        INTEGER NOT NULL,
    body_digest  TEXT NOT NULL,
    cut          TEXT NOT NULL,
    outcome_hash BLOB NOT NULL CHECK (length(outcome_hash) = 32)
) STRICT;

-- One row: where the chain ends. It is apart from the events, so that it shows when the newest ones are gone.
CREATE TABLE audit_head (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    before   INTEGER NOT NULL, -- events without a hash
    last     INTEGER NOT NULL, -- id of the newest event
    outcomes INTEGER NOT NULL, -- how many
    hash     BLOB NOT NULL CHECK (length(hash) = 32) -- of the newest event
) STRICT;
INSERT INTO audit_head SELECT 1, ifnull(max(id), 0), ifnull(max(id), 0), 0, zeroblob(32) FROM audit_events;

-- INSERT OR REPLACE removes rows without asking the triggers for DELETE, so what would replace is stopped here.

-- +goose StatementBegin
CREATE TRIGGER audit_events_append BEFORE INSERT ON audit_events
WHEN new.hash IS NULL OR new.id IS NOT (SELECT last + 1 FROM audit_head)
    OR EXISTS (SELECT 1 FROM audit_events WHERE id = new.id OR revision = new.revision) BEGIN
    SELECT RAISE(ABORT, 'audit events are only appended');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_events_appended AFTER INSERT ON audit_events BEGIN
    UPDATE audit_head SET last = new.id, hash = new.hash;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_events_kept BEFORE DELETE ON audit_events BEGIN
    SELECT RAISE(ABORT, 'audit events are never removed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_events_fixed BEFORE UPDATE ON audit_events BEGIN
    SELECT RAISE(ABORT, 'audit events are never changed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_outcomes_append BEFORE INSERT ON audit_outcomes
WHEN EXISTS (SELECT 1 FROM audit_outcomes WHERE event = new.event) BEGIN
    SELECT RAISE(ABORT, 'audit outcomes are only appended');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_outcomes_appended AFTER INSERT ON audit_outcomes BEGIN
    UPDATE audit_head SET outcomes = outcomes + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_outcomes_kept BEFORE DELETE ON audit_outcomes BEGIN
    SELECT RAISE(ABORT, 'audit outcomes are never removed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_outcomes_fixed BEFORE UPDATE ON audit_outcomes BEGIN
    SELECT RAISE(ABORT, 'audit outcomes are never changed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_head_kept BEFORE DELETE ON audit_head BEGIN
    SELECT RAISE(ABORT, 'the end of the audit trail is never removed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head
WHEN new.before <> old.before OR new.last + new.outcomes <> old.last + old.outcomes + 1 OR new.last < old.last
    OR new.outcomes < old.outcomes OR new.last = old.last AND new.hash <> old.hash BEGIN
    SELECT RAISE(ABORT, 'the end of the audit trail moves only with its events');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_head_one BEFORE INSERT ON audit_head BEGIN
    SELECT RAISE(ABORT, 'the audit trail has one end');
END;
-- +goose StatementEnd
