-- version: 5
-- The shim's own tables, in the outbox's file: an entry and its idempotency record are one commit.
-- Times are milliseconds since 1970 in UTC; what expires does so by the database's own clock.

CREATE TABLE deployment (
    only            INTEGER PRIMARY KEY CHECK (only = 1),
    name            TEXT NOT NULL,        -- part of every external reference
    key_fingerprint TEXT NOT NULL,        -- of its first key
    naming          BLOB                  -- sealed: the key of blinded names, which outlives a rotation
);

-- Which keys something in this state is sealed with; without one of them the state is not opened.
CREATE TABLE ring_key (
    id          TEXT PRIMARY KEY,         -- 8 hexadecimal digits that stand before what it sealed
    fingerprint TEXT NOT NULL,
    added_at    INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE client (
    name       TEXT PRIMARY KEY,
    scopes     TEXT NOT NULL,             -- JSON array of system:contract, bundles and service scopes
    limits     TEXT NOT NULL,             -- JSON object: what narrows this client beyond its scopes
    created_at INTEGER NOT NULL,
    revoked_at INTEGER                    -- its keys open nothing any more; its name stays taken
) WITHOUT ROWID;

CREATE TABLE client_key (
    prefix       TEXT PRIMARY KEY,        -- shown; the rest of a key is not stored
    client       TEXT NOT NULL REFERENCES client (name),
    sha256       TEXT NOT NULL,           -- keys are 256 random bits, so a plain hash is enough
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,                 -- after a rotation, when the overlap is over; NULL: never
    last_used_at INTEGER                  -- to the minute; NULL: never used
) WITHOUT ROWID;

CREATE INDEX client_key_of_client ON client_key (client);

CREATE TABLE client_minute (
    client   TEXT NOT NULL,
    minute   INTEGER NOT NULL,            -- minutes since 1970
    requests INTEGER NOT NULL,
    PRIMARY KEY (client, minute)
) WITHOUT ROWID;

CREATE INDEX client_minute_by_age ON client_minute (minute);

CREATE TABLE idempotency (
    client      TEXT NOT NULL,
    key         TEXT NOT NULL,            -- blinded: a client may have put a telephone number in it
    fingerprint TEXT NOT NULL,            -- SHA-256 over system, contract and the canonical body
    created_at  INTEGER NOT NULL,
    delivery    TEXT REFERENCES entry (id),  -- of a durable write
    status      INTEGER,                  -- of an immediate write, once its outcome is certain
    reply       BLOB,                     -- sealed
    not_executed INTEGER NOT NULL DEFAULT 0,  -- 1: the last attempt certainly was not executed; the next is as good as the first
    attempt      INTEGER NOT NULL DEFAULT 1,  -- of an immediate write: which one says something certain
    PRIMARY KEY (client, key),
    CHECK ((status IS NULL) = (reply IS NULL))
) WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (created_at) WHERE status IS NOT NULL OR not_executed = 1;

CREATE TABLE reference_row (
    system  TEXT NOT NULL,
    name    TEXT NOT NULL,                -- blinded: a backend's key of a person is in it
    row     BLOB NOT NULL,                -- sealed
    read_at INTEGER NOT NULL,
    PRIMARY KEY (system, name)
) WITHOUT ROWID;

-- The database's clock. julianday counts days since noon of 24 November 4714 BC; 1970 began 2,440,587.5 days after it.
CREATE VIEW clock AS SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) AS ms;

CREATE TABLE hold (
    system       TEXT NOT NULL,
    slot         TEXT NOT NULL,           -- the backend's key; an agenda's times are nobody's secret
    holder       TEXT NOT NULL,           -- external reference of the call that holds
    resource     TEXT NOT NULL,           -- who or what cannot be in two places
    starts_at    INTEGER NOT NULL,
    ends_at      INTEGER NOT NULL,
    patient      TEXT NOT NULL,           -- blinded
    client       TEXT NOT NULL,           -- blinded
    conversation TEXT,                    -- blinded: a client may have put a telephone number in it
    expires_at   INTEGER NOT NULL,
    held_until   INTEGER NOT NULL,        -- what the hold got; a claim may have prolonged expires_at
    claimed      INTEGER NOT NULL DEFAULT 0,  -- it is being booked: prolonged once, and no other hold releases it
    PRIMARY KEY (system, slot, holder)
) WITHOUT ROWID;

CREATE INDEX hold_by_end ON hold (expires_at);

CREATE TABLE identity_attempt (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: an attempt is given back by it
    subject TEXT NOT NULL,                -- blinded: system and telephone number, or another fact
    at      INTEGER NOT NULL
);

CREATE INDEX identity_attempt_by_subject ON identity_attempt (subject, at);
CREATE INDEX identity_attempt_by_age ON identity_attempt (at);

CREATE TABLE identity_person (
    client  TEXT NOT NULL,
    subject TEXT NOT NULL,                -- blinded: system and the backend's key of a person
    at      INTEGER NOT NULL,             -- when the client last resolved this person
    PRIMARY KEY (client, subject)
) WITHOUT ROWID;

CREATE INDEX identity_person_by_age ON identity_person (at);

-- What says how a backend is spoken to, as it was accepted, and what differs from that now.
CREATE TABLE description (
    system      TEXT NOT NULL,
    name        TEXT NOT NULL,            -- of a file, without its folder, or of what the backend serves
    fingerprint TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,
    accepted_by TEXT NOT NULL,
    reason      TEXT NOT NULL,
    PRIMARY KEY (system, name)
) WITHOUT ROWID;

CREATE TABLE description_differs (
    system      TEXT NOT NULL,
    name        TEXT NOT NULL,
    fingerprint TEXT NOT NULL,            -- as it was found; '' when it was not
    since       INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,         -- by whichever process looked last
    PRIMARY KEY (system, name, fingerprint)
) WITHOUT ROWID;

-- Who may sign in to the operations page, and who is signed in. Neither is carried: a state that was put back knows
-- nobody, because what was used up or ended since would be good again.

CREATE TABLE admin_link (
    sha256     TEXT PRIMARY KEY,          -- tokens are 256 random bits, so a plain hash is enough
    actor      TEXT NOT NULL,             -- who signs in with it
    made_by    TEXT NOT NULL,
    made_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER                    -- it works once
) WITHOUT ROWID;

CREATE TABLE admin_session (
    sha256     TEXT PRIMARY KEY,          -- of the cookie
    id         TEXT NOT NULL UNIQUE,      -- shown
    actor      TEXT NOT NULL,
    made_by    TEXT NOT NULL,             -- of the link
    since      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
