-- What became of a record after it was delivered, and documents that one record could not hold.

ALTER TABLE entry ADD COLUMN continues TEXT REFERENCES entry (id);  -- the entry whose document could not hold it all
ALTER TABLE entry ADD COLUMN attention TEXT;             -- why somebody should look at the delivered record
ALTER TABLE entry ADD COLUMN check_at INTEGER;           -- when the record is looked at again; NULL: not any more
ALTER TABLE entry ADD COLUMN check_lease INTEGER;        -- until then somebody is looking
ALTER TABLE entry ADD COLUMN checks INTEGER NOT NULL DEFAULT 0;  -- the fence of what a look has shown
ALTER TABLE entry ADD COLUMN check_failures INTEGER NOT NULL DEFAULT 0;  -- in a row, by the adapter's defect
ALTER TABLE entry ADD COLUMN delivered_boot TEXT;        -- ended_at of a delivery on the host's boot-time clock
ALTER TABLE entry ADD COLUMN delivered_uptime INTEGER;

-- Few entries are ever in these, so a delivery that needs no look costs none of them anything.
CREATE INDEX entry_check     ON entry (destination, check_at) WHERE check_at IS NOT NULL;
CREATE INDEX entry_attention ON entry (destination, seq) WHERE attention IS NOT NULL;
CREATE INDEX entry_continues ON entry (continues, seq) WHERE continues IS NOT NULL;

CREATE TABLE verification (
    entry_seq  INTEGER NOT NULL REFERENCES entry (seq),
    n          INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    outcome    TEXT    NOT NULL,             -- ok, pending, failed, seen, or the attention code
    evidence   TEXT    NOT NULL,
    PRIMARY KEY (entry_seq, n)
) WITHOUT ROWID;

CREATE TRIGGER verification_is_append_only BEFORE UPDATE ON verification
BEGIN SELECT RAISE(ABORT, 'verifications are append-only'); END;
CREATE TRIGGER entry_continues_is_frozen BEFORE UPDATE OF continues ON entry
BEGIN SELECT RAISE(ABORT, 'what was accepted never changes'); END;
