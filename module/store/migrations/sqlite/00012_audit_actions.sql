-- Pages of the audit trail about one action, and how many events an environment has within a time.

-- +goose Up

-- Some actions are rare among millions of events, such as a rotation of the tenant token; who looks for them would read them all.
CREATE INDEX audit_events_action ON audit_events (environment, action);

-- With the environment in it, the index of times is enough to count by.
DROP INDEX audit_events_time;
CREATE INDEX audit_events_time ON audit_events (time, environment);
