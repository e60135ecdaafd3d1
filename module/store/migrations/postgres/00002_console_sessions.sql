-- Who is signed in to the console. Times are milliseconds since 1970, UTC; NULL is never. Texts are bounded by whoever writes them.

-- +goose Up

CREATE TABLE console_sessions (
    digest          BYTEA PRIMARY KEY CHECK (octet_length(digest) = 32), -- of the cookie
    id              TEXT COLLATE "C" NOT NULL,
    sealed          BYTEA NOT NULL, -- the credential, by a key that is derived from the cookie
    subject         TEXT COLLATE "C" NOT NULL,
    environment     TEXT COLLATE "C" NOT NULL,
    actor           TEXT COLLATE "C" NOT NULL,
    method          TEXT COLLATE "C" NOT NULL CHECK (method IN ('token', 'oidc')),
    issuer          TEXT COLLATE "C" NOT NULL,
    address         TEXT COLLATE "C" NOT NULL,
    user_agent      TEXT COLLATE "C" NOT NULL,
    created         BIGINT NOT NULL,
    last_used       BIGINT NOT NULL,
    ends            BIGINT NOT NULL, -- unless it is used before
    expires         BIGINT NOT NULL, -- whatever happens
    confirmed_until BIGINT
);
CREATE UNIQUE INDEX console_sessions_id ON console_sessions (id);
CREATE INDEX console_sessions_newest ON console_sessions (created, id);
CREATE INDEX console_sessions_subject ON console_sessions (subject, environment, created, id);
CREATE INDEX console_sessions_ends ON console_sessions (ends);
