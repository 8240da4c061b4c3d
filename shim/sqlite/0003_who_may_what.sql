-- Several keys per client, what limits a client, and the key ring.

CREATE TABLE client_of_now (
    name       TEXT PRIMARY KEY,
    scopes     TEXT NOT NULL,             -- JSON array of system:contract, bundles and service scopes
    limits     TEXT NOT NULL,             -- JSON object: what narrows this client beyond its scopes
    created_at INTEGER NOT NULL,
    revoked_at INTEGER                    -- its keys open nothing any more; its name stays taken
) WITHOUT ROWID;

INSERT INTO client_of_now (name, scopes, limits, created_at) SELECT name, scopes, '{}', created_at FROM client;

CREATE TABLE client_key (
    prefix       TEXT PRIMARY KEY,        -- shown; the rest of a key is not stored
    client       TEXT NOT NULL REFERENCES client (name),
    sha256       TEXT NOT NULL,           -- keys are 256 random bits, so a plain hash is enough
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,                 -- after a rotation, when the overlap is over; NULL: never
    last_used_at INTEGER                  -- to the minute; NULL: never used
) WITHOUT ROWID;

INSERT INTO client_key (prefix, client, sha256, created_at) SELECT key_prefix, name, key_sha256, created_at FROM client;

DROP TABLE client;
ALTER TABLE client_of_now RENAME TO client;

CREATE INDEX client_key_of_client ON client_key (client);

CREATE TABLE client_minute (
    client   TEXT NOT NULL,
    minute   INTEGER NOT NULL,            -- minutes since 1970
    requests INTEGER NOT NULL,
    PRIMARY KEY (client, minute)
) WITHOUT ROWID;

CREATE INDEX client_minute_by_age ON client_minute (minute);

-- Which keys something in this state is sealed with; without one of them the state is not opened.
CREATE TABLE ring_key (
    id          TEXT PRIMARY KEY,         -- 8 hexadecimal digits that stand before what it sealed
    fingerprint TEXT NOT NULL,
    added_at    INTEGER NOT NULL
) WITHOUT ROWID;

ALTER TABLE deployment ADD COLUMN naming BLOB;  -- sealed: the key of blinded names, which outlives a rotation

ALTER TABLE idempotency ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1;  -- of an immediate write: which one says something certain

CREATE INDEX idempotency_by_age ON idempotency (created_at) WHERE status IS NOT NULL OR not_executed = 1;
