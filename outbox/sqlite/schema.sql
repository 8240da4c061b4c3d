-- version: 5
-- The outbox's tables, whole; a database of an earlier release gets here by the numbered migrations beside this file.
-- Three tables for an entry, because they live differently: an entry is small and changes, a payload is large and never
-- does, an attempt is only ever appended. Times are milliseconds since 1970 in UTC.

CREATE TABLE entry (
    seq               INTEGER PRIMARY KEY,   -- order of acceptance
    id                TEXT    NOT NULL UNIQUE,
    destination       TEXT    NOT NULL,
    contract          TEXT    NOT NULL,
    kind              TEXT    NOT NULL,
    client            TEXT    NOT NULL,
    reference         TEXT    NOT NULL,      -- what the backend is asked for after an unknown outcome
    order_key         TEXT    NOT NULL,      -- says nothing of a person: the host blinds it
    position          INTEGER NOT NULL,      -- order within the key; an entry that supersedes another takes its place
    rank              INTEGER NOT NULL DEFAULT 0 CHECK (rank IN (0, 1)),  -- 0 is sent before 1
    follows           TEXT    REFERENCES entry (id),
    continues         TEXT    REFERENCES entry (id),  -- the entry whose document could not hold it all
    supersedes        TEXT    REFERENCES entry (id),  -- the entry that was composed anew as this one
    superseded_by     TEXT    REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED,  -- set before that one is inserted
    fingerprint       TEXT,                  -- of the schema and mapping it was validated with; NULL: not told
    state             TEXT    NOT NULL CHECK (state IN
                          ('ready', 'waiting', 'in_flight', 'unknown', 'delivered', 'rejected', 'parked', 'discarded')),
    reported_at       INTEGER NOT NULL,
    reported_offset_s INTEGER NOT NULL,      -- offset from UTC that the person's message carried
    accepted_at       INTEGER NOT NULL,
    outage_ms         INTEGER NOT NULL DEFAULT 0,  -- of its destination until it was accepted: age does not run in outages
    next_attempt_at   INTEGER NOT NULL,
    owner             TEXT,                  -- who works on it now
    step              INTEGER NOT NULL DEFAULT 0,  -- attempts of either kind; with owner, the fence of a write-back
    sends             INTEGER NOT NULL DEFAULT 0,
    tries             INTEGER NOT NULL DEFAULT 0,  -- sends that count against the destination's limit
    failures          INTEGER NOT NULL DEFAULT 0,  -- since the last answer; sets the next delay
    unknown_since     INTEGER,               -- the backend may still commit until this plus its settling time
    unknown_boot      TEXT,                  -- the same moment on the host's boot-time clock, which nobody can set
    unknown_uptime    INTEGER,
    backend_id        TEXT,
    result            BLOB,                  -- sealed
    reason            TEXT,
    error_group       TEXT,                  -- the reason without what differs from entry to entry
    not_found         INTEGER NOT NULL DEFAULT 0 CHECK (not_found IN (0, 1)),  -- what it is about does not exist
    ended_at          INTEGER,
    attention         TEXT,                  -- why somebody should look at the delivered record
    check_at          INTEGER,               -- when the record is looked at again; NULL: not any more
    check_lease       INTEGER,               -- until then somebody is looking
    checks            INTEGER NOT NULL DEFAULT 0,  -- the fence of what a look has shown
    check_failures    INTEGER NOT NULL DEFAULT 0,  -- in a row, by the adapter's defect
    delivered_boot    TEXT,                  -- ended_at of a delivery on the host's boot-time clock
    delivered_uptime  INTEGER,
    traceparent       TEXT                   -- W3C trace context of the request: its trace goes on with each attempt
                      CHECK (traceparent LIKE '00-________________________________-________________-__'
                          AND ltrim(traceparent, '0123456789abcdef-') = ''),
    CHECK ((state = 'unknown') <= (unknown_since IS NOT NULL AND unknown_boot IS NOT NULL AND unknown_uptime IS NOT NULL)),
    CHECK ((state = 'in_flight') <= (owner IS NOT NULL)),
    CHECK ((state = 'delivered') <= (backend_id IS NOT NULL)),
    CHECK ((superseded_by IS NOT NULL) <= (state = 'discarded'))
);

-- One document per reference, whatever else goes wrong; one that was composed anew has the reference of the old one.
CREATE UNIQUE INDEX entry_reference ON entry (destination, reference) WHERE superseded_by IS NULL;
-- What may be claimed; a claim reads one row of these, however long the backlog is.
CREATE INDEX entry_ready     ON entry (destination, rank, next_attempt_at, seq) WHERE state = 'ready';
CREATE INDEX entry_unknown   ON entry (destination, next_attempt_at, seq) WHERE state = 'unknown' AND owner IS NULL;
-- What somebody works on, a handful: how many attempts are under way, and whose they are.
CREATE INDEX entry_owned     ON entry (destination, owner) WHERE owner IS NOT NULL;
-- The head of a key; and what a summary tells of all that has not left, without reading a single entry.
CREATE INDEX entry_of_key    ON entry (destination, order_key, position, state, reported_at, error_group)
                             WHERE state NOT IN ('delivered', 'discarded');
CREATE INDEX entry_landed    ON entry (destination, backend_id) WHERE backend_id IS NOT NULL;
CREATE INDEX entry_stuck     ON entry (destination, error_group) WHERE state IN ('rejected', 'parked');
-- Few entries are ever in these, so a delivery that needs no look costs none of them anything.
CREATE INDEX entry_check     ON entry (destination, check_at) WHERE check_at IS NOT NULL;
CREATE INDEX entry_attention ON entry (destination, seq) WHERE attention IS NOT NULL;
CREATE INDEX entry_continues ON entry (continues, seq) WHERE continues IS NOT NULL;

CREATE TABLE payload (
    entry_seq   INTEGER PRIMARY KEY REFERENCES entry (seq),
    body        BLOB NOT NULL,               -- sealed
    sha256      TEXT NOT NULL,               -- of the bytes that were validated
    particulars BLOB NOT NULL                -- sealed: subject, slot, provenance
);

CREATE TABLE request (
    entry_seq INTEGER PRIMARY KEY REFERENCES entry (seq),
    body      BLOB NOT NULL                  -- sealed: what the client asked, to compose it anew
);

CREATE TABLE pruned (
    entry_seq   INTEGER PRIMARY KEY REFERENCES entry (seq),
    sha256      TEXT NOT NULL,               -- of the bytes that were validated and are gone
    particulars BLOB NOT NULL,               -- sealed: what they were made from, without a person's text
    pruned_at   INTEGER NOT NULL
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

CREATE TABLE verification (
    entry_seq  INTEGER NOT NULL REFERENCES entry (seq),
    n          INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    outcome    TEXT    NOT NULL,             -- ok, pending, failed, seen, or the attention code
    evidence   TEXT    NOT NULL,
    PRIMARY KEY (entry_seq, n)
) WITHOUT ROWID;

-- What all workers of a destination share. A destination without a row is closed and at its full pace.
CREATE TABLE destination (
    name          TEXT PRIMARY KEY,
    paused_at     INTEGER,                   -- by an administrator: nothing is sent or asked
    paused_reason TEXT,
    failures      INTEGER NOT NULL DEFAULT 0,  -- attempts in a row that reached nobody
    open_since    INTEGER,                   -- the breaker: NULL while it is closed
    probe_at      INTEGER,                   -- when the next single attempt may be made while it is open
    probes        INTEGER NOT NULL DEFAULT 0,  -- made since it opened
    closed_at     INTEGER,                   -- the pace rises from here
    outage_ms     INTEGER NOT NULL DEFAULT 0,  -- how long it was open, all earlier outages together
    restored_at   INTEGER,                   -- a backup was put in place: what was reported before is asked for first
    CHECK ((open_since IS NULL) = (probe_at IS NULL))
) WITHOUT ROWID;

-- One for an outage's beginning and one for its end; sent_at stays NULL where nobody wants to be told.
CREATE TABLE alert (
    id              TEXT    NOT NULL PRIMARY KEY,
    at              INTEGER NOT NULL,
    destination     TEXT    NOT NULL,
    kind            TEXT    NOT NULL CHECK (kind IN ('opened', 'closed')),
    detail          TEXT    NOT NULL,
    sent_at         INTEGER,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL
) WITHOUT ROWID;

-- What has ended, numbered for each client in the order of the commits: its news, which it reads from a place of its own.
CREATE TABLE ended (
    client    TEXT    NOT NULL,
    n         INTEGER NOT NULL,              -- 1, 2, 3 ...; an entry that ends twice, as after a retry, has two
    era       INTEGER NOT NULL,              -- restored_at of the last backup by then, or 0: tells apart what a lost state numbered
    entry_seq INTEGER NOT NULL REFERENCES entry (seq),
    state     TEXT    NOT NULL CHECK (state IN ('delivered', 'rejected', 'parked', 'discarded')),
    at        INTEGER NOT NULL,
    PRIMARY KEY (client, n)
) WITHOUT ROWID;

-- What administrators did, and why.
CREATE TABLE admin_action (
    id     INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    actor  TEXT    NOT NULL,                 -- account of the operating system
    action TEXT    NOT NULL,
    entry  TEXT    REFERENCES entry (id),    -- NULL when it was about none, such as a pause
    detail TEXT    NOT NULL,
    reason TEXT    NOT NULL
);

CREATE INDEX admin_action_of_entry ON admin_action (entry) WHERE entry IS NOT NULL;

CREATE TRIGGER payload_is_frozen BEFORE UPDATE ON payload
BEGIN SELECT RAISE(ABORT, 'a payload never changes'); END;
CREATE TRIGGER request_is_frozen BEFORE UPDATE ON request
BEGIN SELECT RAISE(ABORT, 'a request never changes'); END;
CREATE TRIGGER attempt_is_append_only BEFORE UPDATE ON attempt
BEGIN SELECT RAISE(ABORT, 'attempts are append-only'); END;
CREATE TRIGGER attempt_outcome_is_append_only BEFORE UPDATE ON attempt_outcome
BEGIN SELECT RAISE(ABORT, 'attempts are append-only'); END;
CREATE TRIGGER verification_is_append_only BEFORE UPDATE ON verification
BEGIN SELECT RAISE(ABORT, 'verifications are append-only'); END;
CREATE TRIGGER admin_action_is_append_only BEFORE UPDATE ON admin_action
BEGIN SELECT RAISE(ABORT, 'actions are append-only'); END;
CREATE TRIGGER admin_action_stays BEFORE DELETE ON admin_action
BEGIN SELECT RAISE(ABORT, 'actions are append-only'); END;
CREATE TRIGGER entry_identity_is_frozen
BEFORE UPDATE OF id, destination, contract, kind, client, reference, order_key, position, follows, continues, supersedes,
                 fingerprint, reported_at, reported_offset_s, accepted_at, traceparent ON entry
BEGIN SELECT RAISE(ABORT, 'what was accepted never changes'); END;
CREATE TRIGGER ended_is_append_only BEFORE UPDATE ON ended
BEGIN SELECT RAISE(ABORT, 'endings are append-only'); END;
-- Whatever ends an entry, a worker of an earlier release as well, ends it with its number in one commit. What was composed
-- anew is no news: the new one's ending is. Every ending sets ended_at, and a claim does not: it pays nothing.
CREATE TRIGGER entry_ended AFTER UPDATE OF ended_at ON entry
WHEN NEW.ended_at IS NOT NULL AND NEW.state <> OLD.state AND NEW.superseded_by IS NULL
     AND NEW.state IN ('delivered', 'rejected', 'parked', 'discarded')
BEGIN
    INSERT INTO ended (client, n, era, entry_seq, state, at)
    VALUES (NEW.client, COALESCE((SELECT n FROM ended WHERE client = NEW.client ORDER BY n DESC LIMIT 1), 0) + 1,
            (SELECT COALESCE(MAX(restored_at), 0) FROM destination), NEW.seq, NEW.state, NEW.ended_at);
END;
