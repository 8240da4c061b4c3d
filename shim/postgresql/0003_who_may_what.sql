-- Several keys per client, what limits a client, and the key ring.

CREATE TABLE client_key (
    prefix       TEXT COLLATE "C" PRIMARY KEY,        -- shown; the rest of a key is not stored
    client       TEXT COLLATE "C" NOT NULL REFERENCES client (name),
    sha256       TEXT NOT NULL,           -- keys are 256 random bits, so a plain hash is enough
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,                 -- after a rotation, when the overlap is over; NULL: never
    last_used_at BIGINT                  -- to the minute; NULL: never used
);

INSERT INTO client_key (prefix, client, sha256, created_at) SELECT key_prefix, name, key_sha256, created_at FROM client;

ALTER TABLE client DROP COLUMN key_prefix;
ALTER TABLE client DROP COLUMN key_sha256;
ALTER TABLE client ADD COLUMN limits TEXT;  -- JSON object: what narrows this client beyond its scopes
UPDATE client SET limits = '{}';
ALTER TABLE client ALTER COLUMN limits SET NOT NULL;
ALTER TABLE client ADD COLUMN revoked_at BIGINT;  -- its keys open nothing any more; its name stays taken

CREATE INDEX client_key_of_client ON client_key (client);

CREATE TABLE client_minute (
    client   TEXT COLLATE "C" NOT NULL,
    minute   BIGINT NOT NULL,            -- minutes since 1970
    requests BIGINT NOT NULL,
    PRIMARY KEY (client, minute)
);

CREATE INDEX client_minute_by_age ON client_minute (minute);

-- Which keys something in this state is sealed with; without one of them the state is not opened.
CREATE TABLE ring_key (
    id          TEXT COLLATE "C" PRIMARY KEY,         -- 8 hexadecimal digits that stand before what it sealed
    fingerprint TEXT NOT NULL,
    added_at    BIGINT NOT NULL
);

ALTER TABLE deployment ADD COLUMN naming BYTEA;  -- sealed: the key of blinded names, which outlives a rotation

ALTER TABLE idempotency ADD COLUMN attempt BIGINT NOT NULL DEFAULT 1;  -- of an immediate write: which one says something certain

CREATE INDEX idempotency_by_age ON idempotency (created_at) WHERE status IS NOT NULL OR not_executed = 1;
