-- What was done to one kind of thing, in the audit trail.

-- +goose Up

-- Some actions are rare among millions of events, such as a rotation of the tenant token; who looks for them would read them all.
CREATE INDEX audit_events_action ON audit_events (left(environment, 200), action, id);
