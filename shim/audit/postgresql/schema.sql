-- version: 1
-- The audit: rows in hash chains, signed checkpoints that join the chains, and anchors where a chain was pruned.
-- A chain has one writer at a time, so that commits never wait for each other. Times are milliseconds since 1970 in UTC.

-- Signed: the rows of a chain up to this one have been pruned. Rows that one covers may be deleted, and no others.
CREATE TABLE audit_anchor (
    chain      TEXT COLLATE "C" NOT NULL,
    n          BIGINT NOT NULL CHECK (n > 0),     -- the last row that is gone
    hash       TEXT COLLATE "C" NOT NULL,         -- of that row; the next one goes on from it
    checkpoint BIGINT NOT NULL,                   -- which knew that row as the head of its chain
    pruned_at  BIGINT NOT NULL,
    key        TEXT COLLATE "C" NOT NULL,         -- public key that it was signed with, hexadecimal
    signature  TEXT COLLATE "C" NOT NULL,         -- Ed25519, base64
    PRIMARY KEY (chain, n)
);

CREATE TABLE audit_event (
    chain        TEXT COLLATE "C" NOT NULL,       -- drawn at random by the process that began it
    n            BIGINT NOT NULL CHECK (n > 0),   -- 1, 2, 3 in its chain
    at           BIGINT NOT NULL,
    action       TEXT COLLATE "C" NOT NULL,       -- an operation, or a command
    phase        TEXT COLLATE "C" NOT NULL CHECK (phase IN ('intent', 'outcome')),
    access       TEXT COLLATE "C" NOT NULL,       -- pairs an intent and its outcome
    outcome      TEXT COLLATE "C",                -- ok, or the slug of a problem
    status       BIGINT,                          -- of HTTP, or an exit code
    client       TEXT COLLATE "C",
    actor        TEXT COLLATE "C",                -- account of the operating system, of a command
    on_behalf_of TEXT COLLATE "C",
    system       TEXT COLLATE "C",
    contract     TEXT COLLATE "C",
    subject      TEXT COLLATE "C",                -- HMAC of system, kind and the backend's key of a person
    subject_key  TEXT COLLATE "C",                -- id of the key of the ring that it was made with
    purpose      TEXT COLLATE "C",
    correlation  TEXT COLLATE "C",
    detail       TEXT COLLATE "C" NOT NULL,       -- a JSON object without contents
    hash         TEXT COLLATE "C" NOT NULL,       -- SHA-256 over the previous hash and all other columns
    PRIMARY KEY (chain, n),
    CHECK ((subject IS NULL) = (subject_key IS NULL))
);

CREATE INDEX audit_event_by_time ON audit_event (at);
CREATE INDEX audit_event_of_subject ON audit_event (subject, at) WHERE subject IS NOT NULL;

CREATE TABLE audit_checkpoint (
    number    BIGINT PRIMARY KEY CHECK (number > 0),
    body      TEXT COLLATE "C" NOT NULL,          -- canonical JSON: the heads that moved, and the hash of the one before
    signature TEXT COLLATE "C" NOT NULL           -- Ed25519, base64
);

CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$;
CREATE FUNCTION audit_refuse_unless_anchored() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF EXISTS (SELECT 1 FROM audit_anchor WHERE chain = OLD.chain AND n >= OLD.n) THEN RETURN OLD; END IF;
    RAISE EXCEPTION '%', TG_ARGV[0];
END $$;
CREATE FUNCTION audit_refuse_unless_replaced() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF EXISTS (SELECT 1 FROM audit_anchor WHERE chain = OLD.chain AND n > OLD.n) THEN RETURN OLD; END IF;
    RAISE EXCEPTION '%', TG_ARGV[0];
END $$;

CREATE TRIGGER audit_event_never_changes BEFORE UPDATE OR TRUNCATE ON audit_event
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse('an audit row never changes');
CREATE TRIGGER audit_event_stays BEFORE DELETE ON audit_event
FOR EACH ROW EXECUTE FUNCTION audit_refuse_unless_anchored('an audit row stays until it is pruned');
CREATE TRIGGER audit_checkpoint_never_changes BEFORE UPDATE OR TRUNCATE ON audit_checkpoint
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse('a checkpoint never changes');
CREATE TRIGGER audit_checkpoint_stays BEFORE DELETE ON audit_checkpoint
FOR EACH ROW EXECUTE FUNCTION audit_refuse('a checkpoint stays');
CREATE TRIGGER audit_anchor_never_changes BEFORE UPDATE OR TRUNCATE ON audit_anchor
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse('an anchor never changes');
CREATE TRIGGER audit_anchor_stays BEFORE DELETE ON audit_anchor
FOR EACH ROW EXECUTE FUNCTION audit_refuse_unless_replaced('an anchor stays until a later one takes its place');
