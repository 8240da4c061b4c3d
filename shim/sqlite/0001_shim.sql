-- The shim's own tables, in the outbox's file: an entry and its idempotency record are one commit.
-- Times are milliseconds since 1970 in UTC.

CREATE TABLE deployment (
    only            INTEGER PRIMARY KEY CHECK (only = 1),
    name            TEXT NOT NULL,        -- part of every external reference
    key_fingerprint TEXT NOT NULL         -- another key would open nothing
);

CREATE TABLE client (
    name        TEXT PRIMARY KEY,
    key_prefix  TEXT NOT NULL UNIQUE,
    key_sha256  TEXT NOT NULL,            -- keys are 256 random bits, so a plain hash is enough
    scopes      TEXT NOT NULL,            -- JSON array of system:contract
    created_at  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE idempotency (
    client      TEXT NOT NULL,
    key         TEXT NOT NULL,            -- blinded: a client may have put a telephone number in it
    fingerprint TEXT NOT NULL,            -- SHA-256 over system, contract and the canonical body
    created_at  INTEGER NOT NULL,
    delivery    TEXT REFERENCES entry (id),  -- of a durable write
    status      INTEGER,                  -- of an immediate write, once its outcome is certain
    reply       BLOB,                     -- sealed
    PRIMARY KEY (client, key),
    CHECK ((status IS NULL) = (reply IS NULL))
) WITHOUT ROWID;

CREATE TABLE reference_row (
    system  TEXT NOT NULL,
    name    TEXT NOT NULL,                -- blinded: a backend's key of a person is in it
    row     BLOB NOT NULL,                -- sealed
    read_at INTEGER NOT NULL,
    PRIMARY KEY (system, name)
) WITHOUT ROWID;
