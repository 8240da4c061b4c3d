-- version: 1
-- The audit: rows in hash chains, signed checkpoints that join the chains, and anchors where a chain was pruned.
-- A chain has one writer at a time, so that commits never wait for each other. Times are milliseconds since 1970 in UTC.

-- Signed: the rows of a chain up to this one have been pruned. Rows that one covers may be deleted, and no others.
CREATE TABLE audit_anchor (
    chain      TEXT NOT NULL,
    n          INTEGER NOT NULL CHECK (n > 0),  -- the last row that is gone
    hash       TEXT NOT NULL,             -- of that row; the next one goes on from it
    checkpoint INTEGER NOT NULL,          -- which knew that row as the head of its chain
    pruned_at  INTEGER NOT NULL,
    key        TEXT NOT NULL,             -- public key that it was signed with, hexadecimal
    signature  TEXT NOT NULL,             -- Ed25519, base64
    PRIMARY KEY (chain, n)
) WITHOUT ROWID;

CREATE TABLE audit_event (
    chain        TEXT NOT NULL,           -- drawn at random by the process that began it
    n            INTEGER NOT NULL CHECK (n > 0),  -- 1, 2, 3 in its chain
    at           INTEGER NOT NULL,
    action       TEXT NOT NULL,           -- an operation, or a command
    phase        TEXT NOT NULL CHECK (phase IN ('intent', 'outcome')),
    access       TEXT NOT NULL,           -- pairs an intent and its outcome
    outcome      TEXT,                    -- ok, or the slug of a problem
    status       INTEGER,                 -- of HTTP, or an exit code
    client       TEXT,
    actor        TEXT,                    -- account of the operating system, of a command
    on_behalf_of TEXT,
    system       TEXT,
    contract     TEXT,
    subject      TEXT,                    -- HMAC of system, kind and the backend's key of a person
    subject_key  TEXT,                    -- id of the key of the ring that it was made with
    purpose      TEXT,
    correlation  TEXT,
    detail       TEXT NOT NULL,           -- a JSON object without contents
    hash         TEXT NOT NULL,           -- SHA-256 over the previous hash and all other columns
    PRIMARY KEY (chain, n),
    CHECK ((subject IS NULL) = (subject_key IS NULL))
) WITHOUT ROWID;

CREATE INDEX audit_event_by_time ON audit_event (at);
CREATE INDEX audit_event_of_subject ON audit_event (subject, at) WHERE subject IS NOT NULL;

CREATE TABLE audit_checkpoint (
    number    INTEGER PRIMARY KEY CHECK (number > 0),
    body      TEXT NOT NULL,              -- canonical JSON: the heads that moved, and the hash of the checkpoint before
    signature TEXT NOT NULL               -- Ed25519, base64
);

CREATE TRIGGER audit_event_never_changes BEFORE UPDATE ON audit_event
BEGIN SELECT RAISE(ABORT, 'an audit row never changes'); END;
CREATE TRIGGER audit_event_stays BEFORE DELETE ON audit_event
WHEN NOT EXISTS (SELECT 1 FROM audit_anchor WHERE chain = OLD.chain AND n >= OLD.n)
BEGIN SELECT RAISE(ABORT, 'an audit row stays until it is pruned'); END;
CREATE TRIGGER audit_checkpoint_never_changes BEFORE UPDATE ON audit_checkpoint
BEGIN SELECT RAISE(ABORT, 'a checkpoint never changes'); END;
CREATE TRIGGER audit_checkpoint_stays BEFORE DELETE ON audit_checkpoint
BEGIN SELECT RAISE(ABORT, 'a checkpoint stays'); END;
CREATE TRIGGER audit_anchor_never_changes BEFORE UPDATE ON audit_anchor
BEGIN SELECT RAISE(ABORT, 'an anchor never changes'); END;
CREATE TRIGGER audit_anchor_stays BEFORE DELETE ON audit_anchor
WHEN NOT EXISTS (SELECT 1 FROM audit_anchor WHERE chain = OLD.chain AND n > OLD.n)
BEGIN SELECT RAISE(ABORT, 'an anchor stays until a later one takes its place'); END;
