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

-- What has ended so far, in the order in which it did.
INSERT INTO ended (client, n, era, entry_seq, state, at)
SELECT client, ROW_NUMBER() OVER (PARTITION BY client ORDER BY COALESCE(ended_at, accepted_at), seq), 0,
       seq, state, COALESCE(ended_at, accepted_at)
FROM entry
WHERE state IN ('delivered', 'rejected', 'parked', 'discarded') AND superseded_by IS NULL;

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
