-- What has ended, numbered for each client in the order of the commits: its news, which it reads from a place of its own.
CREATE TABLE ended (
    client    TEXT COLLATE "C" NOT NULL,
    n         BIGINT NOT NULL,              -- 1, 2, 3 ...; an entry that ends twice, as after a retry, has two
    era       BIGINT NOT NULL,              -- restored_at of the last backup by then, or 0: tells apart what a lost state numbered
    entry_seq BIGINT NOT NULL REFERENCES entry (seq),
    state     TEXT    NOT NULL CHECK (state IN ('delivered', 'rejected', 'parked', 'discarded')),
    at        BIGINT NOT NULL,
    PRIMARY KEY (client, n)
);

-- What has ended so far, in the order in which it did.
INSERT INTO ended (client, n, era, entry_seq, state, at)
SELECT client, ROW_NUMBER() OVER (PARTITION BY client ORDER BY COALESCE(ended_at, accepted_at), seq), 0,
       seq, state, COALESCE(ended_at, accepted_at)
FROM entry
WHERE state IN ('delivered', 'rejected', 'parked', 'discarded') AND superseded_by IS NULL;

CREATE TRIGGER ended_is_append_only BEFORE UPDATE ON ended
FOR EACH ROW EXECUTE FUNCTION outbox_refuse('endings are append-only');

-- Whatever ends an entry, a worker of an earlier release as well, ends it with its number in one commit. What was composed
-- anew is no news: the new one's ending is. Every ending sets ended_at, and a claim does not: it pays nothing.
-- It is done at the commit itself, and so under the last lock of all: who waits for it makes nobody wait for long, and no
-- later number is seen before an earlier one.
CREATE FUNCTION outbox_ended() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ended/' || NEW.client, 0));
    INSERT INTO ended (client, n, era, entry_seq, state, at)
    VALUES (NEW.client, COALESCE((SELECT n FROM ended WHERE client = NEW.client ORDER BY n DESC LIMIT 1), 0) + 1,
            (SELECT COALESCE(MAX(restored_at), 0) FROM destination), NEW.seq, NEW.state, NEW.ended_at);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER entry_ended AFTER UPDATE OF ended_at ON entry DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.ended_at IS NOT NULL AND NEW.state <> OLD.state AND NEW.superseded_by IS NULL
                   AND NEW.state IN ('delivered', 'rejected', 'parked', 'discarded'))
EXECUTE FUNCTION outbox_ended();
