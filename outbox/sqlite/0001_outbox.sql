-- Three tables, because they live differently: an entry is small and changes, a payload is large and never does, an
-- attempt is only ever appended. Times are milliseconds since 1970 in UTC.

CREATE TABLE entry (
    seq               INTEGER PRIMARY KEY,   -- order of acceptance, also within an order key
    id                TEXT    NOT NULL UNIQUE,
    destination       TEXT    NOT NULL,
    contract          TEXT    NOT NULL,
    kind              TEXT    NOT NULL,
    client            TEXT    NOT NULL,
    reference         TEXT    NOT NULL,      -- what the backend is asked for after an unknown outcome
    order_key         TEXT    NOT NULL,      -- says nothing of a person: the host blinds it
    follows           TEXT    REFERENCES entry (id),
    state             TEXT    NOT NULL CHECK (state IN
                          ('ready', 'waiting', 'in_flight', 'unknown', 'delivered', 'rejected', 'parked', 'discarded')),
    reported_at       INTEGER NOT NULL,
    reported_offset_s INTEGER NOT NULL,      -- offset from UTC that the person's message carried
    accepted_at       INTEGER NOT NULL,
    next_attempt_at   INTEGER NOT NULL,
    owner             TEXT,                  -- process that works on it now
    step              INTEGER NOT NULL DEFAULT 0,  -- attempts of either kind; with owner, the fence of a write-back
    sends             INTEGER NOT NULL DEFAULT 0,
    failures          INTEGER NOT NULL DEFAULT 0,  -- since the last answer; sets the next delay
    unknown_since     INTEGER,               -- the backend may still commit until this plus its settling time
    unknown_boot      TEXT,                  -- the same moment on the host's boot-time clock, which nobody can set
    unknown_uptime    INTEGER,
    backend_id        TEXT,
    result            BLOB,                  -- sealed
    reason            TEXT,
    not_found         INTEGER NOT NULL DEFAULT 0 CHECK (not_found IN (0, 1)),  -- what it is about does not exist
    ended_at          INTEGER,
    UNIQUE (destination, reference),         -- one document per reference, whatever else goes wrong
    CHECK ((state = 'unknown') <= (unknown_since IS NOT NULL AND unknown_boot IS NOT NULL AND unknown_uptime IS NOT NULL)),
    CHECK ((state = 'in_flight') <= (owner IS NOT NULL)),
    CHECK ((state = 'delivered') <= (backend_id IS NOT NULL))
);

-- What may be claimed; a claim reads one row of these, however long the backlog is.
CREATE INDEX entry_ready   ON entry (destination, next_attempt_at, seq) WHERE state = 'ready';
CREATE INDEX entry_unknown ON entry (destination, next_attempt_at, seq) WHERE state = 'unknown' AND owner IS NULL;
CREATE INDEX entry_owned   ON entry (owner) WHERE owner IS NOT NULL;
CREATE INDEX entry_of_key  ON entry (destination, order_key, seq) WHERE state NOT IN ('delivered', 'discarded');
CREATE INDEX entry_landed  ON entry (destination, backend_id) WHERE backend_id IS NOT NULL;

CREATE TABLE payload (
    entry_seq   INTEGER PRIMARY KEY REFERENCES entry (seq),
    body        BLOB NOT NULL,               -- sealed
    sha256      TEXT NOT NULL,               -- of the bytes that were validated
    particulars BLOB NOT NULL                -- sealed: subject, slot, provenance
);

CREATE TABLE attempt (
    entry_seq  INTEGER NOT NULL REFERENCES entry (seq),
    step       INTEGER NOT NULL,
    action     TEXT    NOT NULL CHECK (action IN ('send', 'find')),
    owner      TEXT    NOT NULL,
    started_at INTEGER NOT NULL,             -- committed before the first byte leaves
    PRIMARY KEY (entry_seq, step)
) WITHOUT ROWID;

CREATE TABLE attempt_outcome (
    entry_seq INTEGER NOT NULL,
    step      INTEGER NOT NULL,
    outcome   TEXT    NOT NULL,
    evidence  TEXT    NOT NULL,
    ended_at  INTEGER NOT NULL,
    PRIMARY KEY (entry_seq, step),
    FOREIGN KEY (entry_seq, step) REFERENCES attempt (entry_seq, step)
) WITHOUT ROWID;

CREATE TRIGGER payload_is_frozen BEFORE UPDATE ON payload
BEGIN SELECT RAISE(ABORT, 'a payload never changes'); END;
CREATE TRIGGER attempt_is_append_only BEFORE UPDATE ON attempt
BEGIN SELECT RAISE(ABORT, 'attempts are append-only'); END;
CREATE TRIGGER attempt_outcome_is_append_only BEFORE UPDATE ON attempt_outcome
BEGIN SELECT RAISE(ABORT, 'attempts are append-only'); END;
CREATE TRIGGER entry_identity_is_frozen
BEFORE UPDATE OF id, destination, contract, kind, client, reference, order_key, follows,
                 reported_at, reported_offset_s, accepted_at ON entry
BEGIN SELECT RAISE(ABORT, 'what was accepted never changes'); END;
